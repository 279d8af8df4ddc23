// SPDX-License-Identifier: MIT
// A check that does not hold stops the program, and says where and what; one that holds does nothing.
#undef EFD_CHECKS
#define EFD_CHECKS 1
#include "support/sanitizer.hpp"

#include <efd/detail/base/check.hpp>
#include <efd/detail/core/kref.hpp>
#include <efd/detail/core/word.hpp>

#include <gtest/gtest.h>

namespace {

class check : public testing::Test {
  protected:
    check() { GTEST_FLAG_SET(death_test_style, efd::tests::death_test_style); }
};

TEST_F(check, one_that_fails_aborts_and_says_place_and_condition) {
    const int two = 2;
    EXPECT_EXIT(EFD_CHECK(two + two == 5), testing::KilledBySignal(SIGABRT),
                "efd: .*check_test\\.cpp:[0-9]+: this does not hold: two \\+ two == 5\n");
}

TEST_F(check, one_that_holds_is_evaluated_once) {
    int asked = 0;
    EFD_CHECK(++asked == 1);
    EXPECT_EQ(asked, 1);
}

// As a bug of ours would bring it about: the object has no owner any more.
TEST_F(check, a_reference_to_nothing_is_caught) {
    efd::core::kref refs;
    EXPECT_DEATH(refs.get(), "kref\\.hpp:[0-9]+: this does not hold: count != 0");
    refs.init();
    refs.get();
    EXPECT_EQ(refs.read(), 2U);
}

} // namespace
