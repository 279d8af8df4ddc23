// SPDX-License-Identifier: MIT
// Names of arenas: many processes at once, and processes that are killed at each of their system calls.
#include "os/record_lock.hpp"
#include "share/name_file.hpp"

#include "share/lives/killed.hpp"
#include "share/lives/peer.hpp"
#include "share/lives/toy_arena.hpp"
#include "support/sanitizer.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <sys/mman.h>
#include <vector>

namespace {

using namespace efd;
using share::identity;
using share::name_lock;
using share::refusal;
using tests::get;
using tests::held;
using tests::how;
using tests::peer;
using tests::talk;

constexpr std::size_t racers = 8;
constexpr int rounds = efd::tests::under_sanitizer ? 150 : 1000;

// What each racer has got, in memory that all of them share.
struct results {
    identity got[racers];
    bool is_new[racers];
    std::atomic<int> holders;
    std::atomic<int> wrong;
};

class a_race : public testing::Test {
  protected:
    a_race()
        : results_(static_cast<results*>(
              ::mmap(nullptr, sizeof(results), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
    ~a_race() override { ::munmap(results_, sizeof(results)); }

    // 'g': gets the name and says so; 'l': leaves it and says so.
    std::unique_ptr<peer> a_racer(std::size_t number) {
        return std::make_unique<peer>([this, number](const talk& test) {
            while (test.hear() == 'g') {
                {
                    const held own = get("ring", how::either);
                    results_->got[number] = own.arena;
                    results_->is_new[number] = own.is_new;
                    test.say(own.why == refusal::none ? 'y' : 'n');
                    if (test.hear() != 'l') return 1;
                }
                test.say('d');
            }
            return 0;
        });
    }
    tests::runtime_directory runtime_;
    results* results_;
};

TEST_F(a_race, of_creators_makes_one_arena_and_of_leavers_leaves_no_file) {
    std::vector<std::unique_ptr<peer>> peers;
    for (std::size_t i = 0; i < racers; ++i) peers.push_back(a_racer(i));
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
        for (const auto& one : peers) one->say('g');
        for (const auto& one : peers) EXPECT_EQ(one->hear(), 'y');
        EXPECT_EQ(std::count(results_->is_new, results_->is_new + racers, true), 1) << "round " << round;
        for (const identity& one : results_->got) EXPECT_EQ(one, results_->got[0]) << "round " << round;
        for (const auto& one : peers) one->say('l');
        for (const auto& one : peers) EXPECT_EQ(one->hear(), 'd');
        EXPECT_FALSE(runtime_.has("ring")) << "round " << round;
    }
    for (const auto& one : peers) one->say('e');
    for (const auto& one : peers) EXPECT_EQ(one->status(), 0);
}

TEST_F(a_race, with_deaths_never_makes_two_living_arenas) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937 random(seed);
    std::vector<std::unique_ptr<peer>> peers;
    for (std::size_t i = 0; i < racers; ++i) peers.push_back(a_racer(i));
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
        for (const auto& one : peers) one->say('g');
        for (int i = 0; i < 3; ++i) peers[random() % racers]->kill();
        const identity* first = nullptr;
        for (std::size_t i = 0; i < racers; ++i) {
            if (peers[i]->pid() < 0) continue;
            EXPECT_EQ(peers[i]->hear(), 'y') << "round " << round;
            if (first == nullptr) first = &results_->got[i];
            EXPECT_EQ(results_->got[i], *first) << "round " << round;
        }
        for (std::size_t i = 0; i < racers; ++i) {
            if (peers[i]->pid() < 0) {
                peers[i] = a_racer(i);
            } else {
                peers[i]->say('l');
                EXPECT_EQ(peers[i]->hear(), 'd') << "round " << round;
            }
        }
    }
}

// Nothing holds the racers together but the name: one that makes an arena finds that no other is held.
TEST_F(a_race, of_comers_and_leavers_makes_no_second_arena) {
    std::vector<std::unique_ptr<peer>> peers;
    for (std::size_t i = 0; i < racers; ++i)
        peers.push_back(std::make_unique<peer>([this](const talk& test) {
            (void)test.hear();
            for (int round = 0; round < rounds; ++round) {
                held own = get("ring", how::either, [this](const held& got) {
                    if (results_->holders.fetch_add(1) > 0 && got.is_new) ++results_->wrong;
                });
                if (own.why != refusal::none) return 1;
                --results_->holders;
            }
            return 0;
        }));
    for (const auto& one : peers) one->say('g');
    for (const auto& one : peers) EXPECT_EQ(one->status(), 0);
    EXPECT_EQ(results_->wrong, 0);
    EXPECT_FALSE(runtime_.has("ring"));
}

// ---- Killed at each system call.

// Without anybody else the name is free afterwards; beside another holder it still is that one's.
class a_killed_process : public testing::TestWithParam<bool> {
  protected:
    tests::runtime_directory runtime_;
};

TEST_P(a_killed_process, leaves_the_name_to_the_others) {
    const bool has_other = GetParam();
    peer other([&](const talk& test) {
        const held own = has_other ? get("ring", how::create) : held();
        test.say('y');
        return static_cast<int>(test.hear());
    });
    ASSERT_EQ(other.hear(), 'y');
    long steps = 0;
    for (;; ++steps) {
        const tests::outcome ended = tests::run_and_kill(
            [] {
                held own = get("ring", how::either);
                (void)own.claim.renew_in_child(); // not that this were one
            },
            tests::step::system_call, steps);
        if (ended.how == tests::end::not_permitted) GTEST_SKIP() << "ptrace(2) is not permitted";
        EXPECT_EQ(get("ring", how::open).why, has_other ? refusal::none : refusal::not_found) << "step " << steps;
        EXPECT_EQ(get("ring", how::create).why, has_other ? refusal::exists : refusal::none) << "step " << steps;
        EXPECT_EQ(runtime_.has("ring"), has_other) << "step " << steps;
        if (ended.how == tests::end::completed || HasFailure()) break;
    }
    EXPECT_GT(steps, 40);
    std::printf("killed at %ld system call stops\n", steps);
}

// ---- Stopped at each system call while another process goes on.

class a_stopped_process : public testing::Test {
  protected:
    // Where the stopped one has the lock of the name, nothing can go on.
    [[nodiscard]] bool is_locked() const {
        const int fd = ::open(runtime_.file("ring").c_str(), O_RDWR | O_CLOEXEC);
        if (fd < 0) return false;
        const bool is_held = os::held_by_others(fd, {share::name_lock_byte, 1}) == os::lock_look::held;
        ::close(fd);
        return is_held;
    }
    tests::runtime_directory runtime_;
};

TEST_F(a_stopped_process, that_leaves_does_not_remove_the_name_of_the_next_holder) {
    for (long steps = 0;; ++steps) {
        tests::stepped leaver([] { const held own = get("ring", how::either); });
        (void)leaver.run(tests::step::system_call, steps);
        if (leaver.how() == tests::end::not_permitted) GTEST_SKIP() << "ptrace(2) is not permitted";
        if (leaver.how() == tests::end::completed || HasFailure()) break;
        if (is_locked()) continue;
        const held next = get("ring", how::either);
        leaver.run_to_the_end();
        EXPECT_EQ(next.why, refusal::none) << "step " << steps;
        const held found = get("ring", how::open);
        EXPECT_EQ(found.why, refusal::none) << "step " << steps;
        EXPECT_EQ(found.arena, next.arena) << "step " << steps;
    }
    EXPECT_FALSE(runtime_.has("ring"));
}

TEST_F(a_stopped_process, removes_the_file_that_the_last_holder_could_not_remove) {
    for (long steps = 0;; ++steps) {
        held last = get("ring", how::create);
        ASSERT_EQ(last.why, refusal::none) << "step " << steps;
        tests::stepped passer_by([] {
            name_lock lock;
            (void)lock.enter("ring", false);
        });
        (void)passer_by.run(tests::step::system_call, steps);
        if (passer_by.how() == tests::end::not_permitted) GTEST_SKIP() << "ptrace(2) is not permitted";
        last.claim.give_back();
        const bool is_completed = passer_by.how() == tests::end::completed;
        passer_by.run_to_the_end();
        EXPECT_FALSE(runtime_.has("ring")) << "step " << steps;
        if (is_completed || HasFailure()) break;
    }
}

INSTANTIATE_TEST_SUITE_P(beside_another_holder, a_killed_process, testing::Bool());

} // namespace
