// SPDX-License-Identifier: MIT
// What happens to the number of an eventfd between the call that makes it and the note of it, by the table alone.
#include "dropin/rules/kernel_side.hpp"
#include "dropin/table/table.hpp"

#include <gtest/gtest.h>

namespace efd::dropin {
namespace {

constexpr int first = 100; // no file has these numbers
constexpr int second = 101;
constexpr int third = 102;

cached_word word_of(int fd) { return slot_at(fd)->word.load(base::acquire); }
void make(int fd, std::uint32_t before) { note_eventfd(fd, 0, 0, before, nullptr); }

class births : public testing::Test {
  protected:
    void SetUp() override { begin_noting(); }
    void TearDown() override {
        for (const int fd : {first, second, third}) forget(fd);
    }
};

// Run by itself, it is the first eventfd of its process: no number is noted yet.
TEST_F(births, one_that_is_copied_by_a_fork_before_it_is_noted_is_never_promoted) {
    const std::uint32_t before = before_making();
    demote_all_copied();
    make(first, before);
    promote_if_welcome(*slot_at(first), first);
    EXPECT_FALSE(is_promoted(word_of(first)));
}

TEST_F(births, one_that_is_duplicated_is_the_kernels) {
    make(first, before_making());
    EXPECT_FALSE(is_demoted(word_of(first)));
    before_duplicated(first);
    EXPECT_TRUE(is_demoted(word_of(first)));
}

TEST_F(births, what_a_fork_copies_before_it_is_noted_is_never_promoted) {
    make(second, before_making());
    demote_all_copied();
    const std::uint32_t before = before_making();
    demote_all_copied();
    make(first, before);
    promote_if_welcome(*slot_at(first), first);
    EXPECT_FALSE(is_promoted(word_of(first)));
    make(third, before_making());
    promote_if_welcome(*slot_at(third), third);
    EXPECT_TRUE(is_promoted(word_of(third)));
}

TEST_F(births, an_epoll_has_a_note_until_it_is_copied_or_closed) {
    note_epoll(first);
    EXPECT_TRUE(is_own_epoll(first) && slot_of(first) == nullptr);
    demote_all_copied();
    EXPECT_FALSE(is_own_epoll(first));
    note_epoll(first);
    forget(first);
    EXPECT_FALSE(is_own_epoll(first));
}

} // namespace
} // namespace efd::dropin
