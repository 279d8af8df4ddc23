// SPDX-License-Identifier: MIT
// Names of arenas: who finds what, and what is left when processes end or are killed.
#include "share/name_file.hpp"

#include "share/lives/peer.hpp"
#include "share/lives/toy_arena.hpp"
#include "support/child.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace efd;
using share::identity;
using share::name_claim;
using share::name_lock;
using share::refusal;
using tests::get;
using tests::held;
using tests::how;
using tests::peer;
using tests::status_of_child;
using tests::talk;

class names : public testing::Test {
  protected:
    // Another process that gets the name: says 'm' (made), 'f' (found) or 'r' (refused), then waits.
    static peer a_holder(const char* name, how way) {
        return peer([name, way](const talk& test) {
            const held own = get(name, way);
            test.say(own.why != refusal::none ? 'r' : own.is_new ? 'm' : 'f');
            return test.hear() == 'e' ? 0 : 1;
        });
    }
    tests::runtime_directory runtime_;
};

TEST_F(names, are_found_by_other_processes_and_gone_with_the_last_holder) {
    peer creator = a_holder("ring", how::create);
    ASSERT_EQ(creator.hear(), 'm');
    {
        const held found = get("ring", how::open);
        ASSERT_EQ(found.why, refusal::none);
        EXPECT_TRUE(tests::has_identity(found.memory, found.arena));
        EXPECT_EQ(found.claim.record(), 1U);
        EXPECT_EQ(get("ring", how::create).why, refusal::exists);
        creator.say('e');
        EXPECT_EQ(creator.status(), 0);
        peer second = a_holder("ring", how::open); // from this process
        ASSERT_EQ(second.hear(), 'f');
        second.say('e');
        EXPECT_EQ(second.status(), 0);
        EXPECT_TRUE(runtime_.has("ring"));
    }
    EXPECT_FALSE(runtime_.has("ring"));
    EXPECT_EQ(get("ring", how::open).why, refusal::not_found);
}

TEST_F(names, that_do_not_exist_leave_no_file_and_no_descriptor) {
    const auto before = tests::open_descriptors();
    EXPECT_EQ(get("nothing", how::open).why, refusal::not_found);
    EXPECT_FALSE(std::filesystem::exists(runtime_.names()));
    EXPECT_EQ(get("a", how::either).why, refusal::none);
    EXPECT_EQ(get("nothing", how::open).why, refusal::not_found);
    EXPECT_FALSE(runtime_.has("nothing"));
    EXPECT_EQ(tests::open_descriptors(), before);
    { // the caller gives up between the two
        name_lock lock;
        EXPECT_EQ(lock.enter("given_up", true), refusal::none);
        EXPECT_TRUE(runtime_.has("given_up"));
    }
    EXPECT_FALSE(runtime_.has("given_up"));
    EXPECT_EQ(tests::open_descriptors(), before);
}

TEST_F(names, of_a_killed_creator_are_taken_anew) {
    peer creator = a_holder("ring", how::create);
    ASSERT_EQ(creator.hear(), 'm');
    identity of_the_first{};
    {
        const held found = get("ring", how::open);
        ASSERT_EQ(found.why, refusal::none);
        of_the_first = found.arena;
    }
    creator.kill();
    EXPECT_TRUE(runtime_.has("ring"));
    EXPECT_EQ(get("ring", how::open).why, refusal::not_found);
    EXPECT_FALSE(runtime_.has("ring")); // what opens it in vain removes it

    peer again = a_holder("ring", how::create);
    ASSERT_EQ(again.hear(), 'm');
    again.kill();
    const held anew = get("ring", how::create);
    EXPECT_EQ(anew.why, refusal::none);
    EXPECT_NE(anew.arena, of_the_first);
}

TEST_F(names, outlive_the_creator_while_another_holds_the_arena) {
    peer creator = a_holder("ring", how::create);
    ASSERT_EQ(creator.hear(), 'm');
    peer second = a_holder("ring", how::open);
    ASSERT_EQ(second.hear(), 'f');
    creator.kill();
    EXPECT_EQ(get("ring", how::create).why, refusal::exists);
    const held found = get("ring", how::open);
    EXPECT_EQ(found.why, refusal::none);
    EXPECT_EQ(found.claim.record(), 0U); // the dead one's
}

// The record of a dead process says where another file may be by now.
TEST_F(names, are_looked_for_in_living_records_alone) {
    held first = get("ring", how::create);
    const held second = get("ring", how::open);
    first.claim.abandon(); // as by a death; its memory stays open
    name_lock lock;
    ASSERT_EQ(lock.enter("ring", false), refusal::none);
    int tried = 0;
    EXPECT_EQ(lock.find([&](int, const identity&) { return ++tried < 0; }), refusal::not_found);
    EXPECT_EQ(tried, 1);
}

TEST_F(names, that_are_not_allowed_are_refused) {
    for (const char* const name : {"", ".", "..", ".hidden", "a/b", "../a", "a b", "\xc3\xa4"})
        EXPECT_EQ(get(name, how::either).why, refusal::invalid_name) << name;
    EXPECT_EQ(get(std::string(48, 'a').c_str(), how::either).why, refusal::invalid_name);
    EXPECT_EQ(get(std::string(47, 'a').c_str(), how::either).why, refusal::none);
}

TEST_F(names, whose_lock_another_process_keeps_are_busy) {
    peer keeper([](const talk& test) {
        name_lock lock;
        test.say(lock.enter("ring", true) == refusal::none ? 'y' : 'n');
        if (test.hear() == 'k') test.say('k');
        return static_cast<int>(test.hear());
    });
    ASSERT_EQ(keeper.hear(), 'y');
    EXPECT_EQ(get("ring", how::open).why, refusal::name_busy);
    keeper.say('k');
    EXPECT_EQ(keeper.hear(), 'k') << "it has not kept the lock all the time";
    keeper.kill();
    EXPECT_EQ(get("ring", how::create).why, refusal::none);
}

// The lock of its record is still held: the name is neither found nor free.
TEST_F(names, of_a_process_that_closed_its_memory_are_busy) {
    peer holder([](const talk& test) {
        held own = get("ring", how::create);
        ::close(std::exchange(own.memory, -1));
        test.say(own.why == refusal::none ? 'y' : 'n');
        return static_cast<int>(test.hear());
    });
    ASSERT_EQ(holder.hear(), 'y');
    EXPECT_EQ(get("ring", how::either).why, refusal::name_busy);
    EXPECT_EQ(get("ring", how::create).why, refusal::exists);
    holder.kill();
    EXPECT_EQ(get("ring", how::either).why, refusal::none);
}

// ---- fork.

TEST_F(names, are_held_by_the_child_of_a_fork_for_itself) {
    peer parent([](const talk& test) {
        held own = get("ring", how::create);
        const pid_t child = ::fork();
        if (child == 0) {
            const bool renewed = own.claim.renew_in_child() == refusal::none && own.claim.is_ours();
            test.say(renewed && own.claim.record() == 1 ? 'y' : 'n');
            return test.hear() == 'e' ? 0 : 1;
        }
        for (;;) ::pause();
    });
    ASSERT_EQ(parent.hear(), 'y');
    parent.kill();
    {
        const held found = get("ring", how::open);
        EXPECT_EQ(found.why, refusal::none);
        EXPECT_EQ(found.claim.record(), 0U) << "the child keeps the record of its dead parent";
        parent.say('e');
        // The child ends: the last byte of its talk is the end of the pipe.
        EXPECT_EQ(parent.hear(), '\0');
    }
    EXPECT_FALSE(runtime_.has("ring"));
}

TEST_F(names, are_given_up_by_a_child_that_abandons_them) {
    held own = get("ring", how::create);
    EXPECT_EQ(status_of_child([&] {
                  own.claim.abandon();
                  own.claim.give_back();
                  return own.claim.is_ours() ? 1 : 0;
              }),
              0);
    EXPECT_TRUE(own.claim.is_ours());
    EXPECT_EQ(get("ring", how::open).why, refusal::none);
}

TEST_F(names, in_a_child_without_a_free_number_are_given_up) {
    held own = get("ring", how::create);
    EXPECT_EQ(status_of_child([&] {
                  while (::dup(0) >= 0) {
                  }
                  if (own.claim.renew_in_child() != refusal::no_descriptor) return 1;
                  return own.claim.record() == name_claim::no_record ? 0 : 2;
              }),
              0);
    EXPECT_TRUE(own.claim.is_ours());
}

// ---- Descriptors that the program has closed.

// Where the claims' descriptors are: the first number that a claim of this process gets.
int number_of_next_claim() {
    const int number = ::fcntl(0, F_DUPFD_CLOEXEC, 512);
    ::close(number);
    return number;
}

TEST_F(names, whose_descriptor_was_closed_are_free_and_other_files_are_left_alone) {
    const int number = number_of_next_claim();
    {
        const held own = get("ring", how::create);
        ASSERT_TRUE(own.claim.is_ours());
        const int of_other = number_of_next_claim();
        const held other = get("other", how::create); // has the same record in another file
        ASSERT_EQ(::dup2(of_other, number), number);
        EXPECT_FALSE(own.claim.is_ours());
        ASSERT_EQ(::dup2(0, number), number); // as closefrom and an open do
        EXPECT_FALSE(own.claim.is_ours());
        EXPECT_EQ(get("ring", how::open).why, refusal::not_found);
    }
    EXPECT_NE(::fcntl(number, F_GETFD), -1);
    ::close(number);
}

// The later claim has the record and the number that the earlier one had.
TEST_F(names, claimed_earlier_do_not_end_a_later_claim) {
    const int number = number_of_next_claim();
    held later;
    {
        const held earlier = get("ring", how::create);
        ::close(number);
        held got = get("ring", how::create);
        ASSERT_EQ(got.why, refusal::none);
        EXPECT_EQ(got.claim.record(), earlier.claim.record());
        later.claim = std::move(got.claim);
        EXPECT_FALSE(earlier.claim.is_ours());
    }
    EXPECT_TRUE(later.claim.is_ours());
}

// The program removes the file, and another arena gets the name.
TEST_F(names, of_another_arena_by_now_are_not_removed) {
    {
        const held first = get("ring", how::create);
        ASSERT_EQ(::unlink(runtime_.file("ring").c_str()), 0);
        held second = get("ring", how::create);
        ASSERT_EQ(second.why, refusal::none);
        second.claim.abandon(); // as a death: the file stays
    }
    EXPECT_TRUE(runtime_.has("ring"));
}

TEST_F(names, without_a_free_number_are_refused) {
    EXPECT_EQ(status_of_child([&] {
                  const held own = get("ring", how::create);
                  while (::dup(0) >= 0) {
                  }
                  return get("ring", how::open).why == refusal::no_descriptor ? 0 : 1;
              }),
              0);
}

} // namespace
