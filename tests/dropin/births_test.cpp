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
void duplicate(int fd) {
    before_duplicated(fd);
    after_duplicated(fd);
}

class births : public testing::Test {
  protected:
    void SetUp() override { begin_noting(); }
    void TearDown() override {
        for (const int fd : {first, second, third}) forget(fd);
    }
};

TEST_F(births, a_number_that_is_duplicated_before_it_is_noted_is_the_kernels) {
    eventfd_creation creation;
    duplicate(first);
    creation.note(first, 0, 0, nullptr);
    EXPECT_TRUE(is_demoted(word_of(first)));
}

// Run by itself, it is the first eventfd of its process: no number is noted yet.
TEST_F(births, one_that_is_copied_by_a_fork_before_it_is_noted_is_never_promoted) {
    eventfd_creation creation;
    demote_all_copied();
    creation.note(first, 0, 0, nullptr);
    promote_if_welcome(*slot_at(first), first);
    EXPECT_FALSE(is_promoted(word_of(first)));
}

TEST_F(births, one_that_is_duplicated_once_it_is_noted_is_the_kernels) {
    eventfd_creation creation;
    creation.note(first, 0, 0, nullptr);
    EXPECT_FALSE(is_demoted(word_of(first)));
    duplicate(first);
    EXPECT_TRUE(is_demoted(word_of(first)));
}

TEST_F(births, a_duplication_is_forgotten_with_the_last_that_is_being_made) {
    duplicate(first);
    eventfd_creation one;
    eventfd_creation other;
    duplicate(third);
    other.note(second, 0, 0, nullptr);
    one.note(first, 0, 0, nullptr);
    eventfd_creation later;
    later.note(third, 0, 0, nullptr);
    EXPECT_TRUE(is_demoted(word_of(first)) && is_demoted(word_of(second))) << "the duplicated may have been either";
    EXPECT_FALSE(is_demoted(word_of(third)));
}

TEST_F(births, a_call_that_fails_is_being_made_no_more) {
    {
        eventfd_creation in_vain;
    }
    duplicate(second);
    eventfd_creation creation;
    creation.note(first, 0, 0, nullptr);
    EXPECT_FALSE(is_demoted(word_of(first)));
}

TEST_F(births, what_a_fork_copies_before_it_is_noted_is_never_promoted) {
    eventfd_creation before;
    before.note(second, 0, 0, nullptr);
    demote_all_copied();
    eventfd_creation creation;
    demote_all_copied();
    creation.note(first, 0, 0, nullptr);
    promote_if_welcome(*slot_at(first), first);
    EXPECT_FALSE(is_promoted(word_of(first)));
    eventfd_creation afterwards;
    afterwards.note(third, 0, 0, nullptr);
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
