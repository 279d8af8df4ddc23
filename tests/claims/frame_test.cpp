// SPDX-License-Identifier: MIT
// tests/claims/frame_test.cpp: the frame in which claims run, and that claims catch what they are there for.
//
// Each flaw of breakable_eventfd.hpp must be seen by the claims named beside it; without a flaw all of them hold.
// Hanging, crashing and silent claims must be cut off and reported.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"
#include "small_eventfd.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::claims {
namespace {

const claim* find(std::string_view id) {
    for (const claim& one : all_claims())
        if (one.id == id) return &one;
    return nullptr;
}

outcome ask(void (*run)(trial&), std::chrono::milliseconds bound = claim_bound) {
    const auto small = small_backend(flaw::none);
    return run_isolated({"K-000", "a claim of this test", needs::object, run}, *small, bound);
}

struct broken {
    flaw with;
    std::vector<std::string_view> caught_by;
};

void PrintTo(const broken& one, std::ostream* out) { *out << name_of(one.with); }

class Faults : public testing::TestWithParam<broken> {};

TEST_P(Faults, AreSeenByTheClaimsAboutThem) {
    const auto usual = step_bound;
    step_bound = std::chrono::milliseconds(700); // a fault may be that no thread is ever woken
    constexpr std::chrono::milliseconds short_bound{3000};
    const auto small = small_backend(GetParam().with);
    for (const std::string_view id : GetParam().caught_by) {
        const claim* const which = find(id);
        ASSERT_NE(which, nullptr) << id;
        EXPECT_EQ(run_isolated(*which, *small, short_bound).result, verdict::differs) << id << " does not see it";
    }
    step_bound = usual;
}

INSTANTIATE_TEST_SUITE_P(
    , Faults,
    testing::Values(broken{flaw::bound_too_high, {"K-036", "K-037"}}, broken{flaw::bound_too_low, {"K-036", "K-039"}},
                    broken{flaw::refused_write_counts, {"K-037", "K-055"}},
                    broken{flaw::invalid_after_room, {"K-034", "K-035"}},
                    broken{flaw::semaphore_takes_all, {"K-010", "K-014", "K-081"}},
                    broken{flaw::semaphore_takes_two, {"K-162"}}, broken{flaw::read_stores_twice, {"K-161"}},
                    broken{flaw::value_written_on_failure, {"K-161"}}, broken{flaw::rare_wake_lost, {"K-169"}},
                    broken{flaw::torn_take, {"K-046"}}, broken{flaw::write_wakes_nobody, {"K-019", "K-080", "K-091"}},
                    broken{flaw::write_wakes_one, {"K-081"}}, broken{flaw::read_wakes_nobody, {"K-038", "K-083"}},
                    broken{flaw::read_wakes_one, {"K-084"}}, broken{flaw::signal_wakes_nobody, {"K-092"}},
                    broken{flaw::signal_wraps_early, {"K-040", "K-050"}}, broken{flaw::zero_releases_reader, {"K-087"}},
                    broken{flaw::nonblock_releases, {"K-089"}}, broken{flaw::poll_out_at_the_bound, {"K-049"}},
                    broken{flaw::poll_without_error, {"K-050"}}, broken{flaw::signal_beats_data, {"K-097"}},
                    broken{flaw::interrupted_write_counts, {"K-095", "K-099"}},
                    broken{flaw::never_interrupted, {"K-093", "K-095", "K-099"}},
                    broken{flaw::restart_ignored, {"K-094", "K-095"}}, broken{flaw::flags_unchecked, {"K-002"}},
                    broken{flaw::id_leaks_on_failure, {"K-012"}}, broken{flaw::id_never_reused, {"K-128"}}),
    [](const auto& one) { return std::string(name_of(one.param.with)); });

TEST(Frame, TheSmallEventfdWithoutFaultHoldsEveryClaimAboutObjects) {
    const auto small = small_backend(flaw::none);
    for (const claim& which : all_claims()) {
        if (!small->offers(which.wants)) continue;
        const outcome found = run_isolated(which, *small);
        EXPECT_NE(found.result, verdict::differs) << which.id << ": " << found.detail;
    }
}

TEST(Frame, AHangingClaimIsCutOff) {
    const outcome found = ask(
        [](trial& t) {
            std::uint64_t value = 0;
            t.make()->read(value);
        },
        std::chrono::milliseconds(200));
    EXPECT_EQ(found.result, verdict::differs);
    EXPECT_EQ(found.detail, "hung: no answer within 200 ms");
}

TEST(Frame, ACrashingClaimIsReported) {
    const outcome found = ask([](trial&) { ::kill(::getpid(), SIGKILL); });
    EXPECT_EQ(found.result, verdict::differs);
    EXPECT_EQ(found.detail, "died by signal 9 (SIGKILL)");
}

TEST(Frame, AClaimThatEndsItsProcessIsReported) {
    const outcome found = ask([](trial&) { ::_exit(7); });
    EXPECT_EQ(found.result, verdict::differs);
    EXPECT_EQ(found.detail, "ended with status 7 and gave no answer");
}

TEST(Frame, AnExceptionIsADifference) {
    const outcome found = ask([](trial&) { throw std::runtime_error("out of luck"); });
    EXPECT_EQ(found.result, verdict::differs);
    EXPECT_EQ(found.detail, "threw: out of luck");
}

TEST(Frame, DifferencesAreToldAllOfThemHoweverLong) {
    const outcome found = ask([](trial& t) {
        t.expect_error(EAGAIN, 0, "first");
        t.expect_equal(1, 2, "second");
        t.expect(false, std::string(200'000, 'x'));
    });
    EXPECT_EQ(found.result, verdict::differs);
    EXPECT_EQ(found.detail.substr(0, 71), "first: found EAGAIN, claimed success; second: found 1, claimed 2; xxxxx");
    EXPECT_GT(found.detail.size(), 200'000U);
}

TEST(Frame, NotProvokedKeepsItsReasonAndHidesNoDifference) {
    const outcome skipped = ask([](trial& t) { t.not_here("no such device"); });
    EXPECT_EQ(skipped.result, verdict::not_provoked);
    EXPECT_EQ(skipped.detail, "no such device");
    const outcome found = ask([](trial& t) {
        t.expect(false, "seen before");
        t.not_here("no such device");
    });
    EXPECT_EQ(found.result, verdict::differs);
    EXPECT_EQ(found.detail, "seen before");
}

TEST(Frame, ABackendIsNotAskedForWhatItDoesNotOffer) {
    const auto kernel = kernel_backend();
    const auto library = library_backend();
    const auto descriptor = descriptor_backend();
    const auto two_processes = two_processes_backend();
    const auto never = [](trial& t) { t.abandon("was run"); };
    EXPECT_EQ(run_isolated({"K-000", "", needs::in_process, never}, *kernel).result, verdict::not_applicable);
    EXPECT_EQ(run_isolated({"K-000", "", needs::descriptor, never}, *library).result, verdict::not_applicable);
    for (const needs what : {needs::id, needs::number, needs::descriptor, needs::watched, needs::in_process})
        EXPECT_EQ(run_isolated({"K-000", "", what, never}, *two_processes).result, verdict::not_applicable);
    for (const needs what : {needs::descriptor, needs::in_process})
        EXPECT_EQ(run_isolated({"K-000", "", what, never}, *descriptor).result, verdict::not_applicable);
}

TEST(Frame, AnObjectThatCannotBeMadeEndsTheTrial) {
    const outcome found = ask([](trial& t) { t.make(0, -1); });
    EXPECT_EQ(found.result, verdict::differs);
    EXPECT_EQ(found.detail, "an object could not be made: EINVAL");
}

TEST(Frame, ProcessesThatAClaimLeftBehindAreEnded) {
    int alive[2];
    ASSERT_EQ(::pipe(alive), 0);
    static int write_end;
    write_end = alive[1];
    const outcome found = ask([](trial&) {
        if (::fork() == 0)
            for (;;) ::pause();
    });
    EXPECT_EQ(found.result, verdict::holds) << found.detail;
    ::close(write_end);
    char byte = 0;
    EXPECT_EQ(::read(alive[0], &byte, 1), 0); // the end of the pipe: no process has it open any more
    ::close(alive[0]);
}

// By threads one after the other: every other one has its calls made by the other process, and all are seen asleep.
TEST(Frame, OfTwoProcessesBothHaveSleepers) {
    const auto on = two_processes_backend();
    trial asked(*on);
    const auto busy = asked.make();
    const auto idle = asked.make();
    int in_this_process = 0;
    for (int i = 0; i < 4; ++i) {
        auto reader = sleeper::reading(asked, *busy);
        EXPECT_FALSE(idle->has_sleeper(reader.tid()));
        in_this_process += busy->sleeps_of(reader.tid()) == voluntary_switches(reader.tid()) ? 1 : 0;
        EXPECT_EQ(busy->write(1), 0);
        reader.must_return("a write");
    }
    EXPECT_EQ(in_this_process, 2);
    EXPECT_EQ(asked.result().result, verdict::holds) << asked.result().detail;
}

TEST(Frame, ADeadPeerIsADifference) {
    const auto on = two_processes_backend();
    const auto kill_children = [](trial& t) {
        const auto made = t.make();
        std::ifstream children("/proc/self/task/" + std::to_string(::getpid()) + "/children");
        pid_t other = 0;
        if (!(children >> other) || other <= 1) t.abandon("no other process was found");
        ::kill(other, SIGKILL);
        made->write(1);
        t.abandon("the write came back");
    };
    const outcome found = run_isolated({"K-000", "a claim of this test", needs::object, kill_children}, *on);
    EXPECT_EQ(found.result, verdict::differs);
    EXPECT_EQ(found.detail, "the other process died by signal 9");
}

TEST(Frame, ClaimsAreSortedAndEachIdIsTakenOnce) {
    const auto& claims = all_claims();
    ASSERT_FALSE(claims.empty());
    const auto twice =
        std::adjacent_find(claims.begin(), claims.end(), [](const claim& a, const claim& b) { return !(a.id < b.id); });
    EXPECT_EQ(twice, claims.end()) << twice->id;
}

TEST(Frame, ASleeperIsSeenAsleepAndAsNothingElse) {
    for (auto make_backend : {kernel_backend, library_backend, descriptor_backend, shared_backend,
                              shared_descriptor_backend, two_processes_backend}) {
        const auto on = make_backend();
        trial asked(*on);
        const auto busy = asked.make();
        const auto idle = asked.make();
        auto reader = sleeper::reading(asked, *busy);
        EXPECT_TRUE(busy->has_sleeper(reader.tid()));
        EXPECT_FALSE(idle->has_sleeper(reader.tid()));
        EXPECT_EQ(busy->write(1), 0);
        reader.must_return("a write");
        EXPECT_FALSE(busy->has_sleeper(reader.tid()));
        EXPECT_EQ(asked.result().result, verdict::holds) << asked.result().detail;
    }
}

} // namespace
} // namespace efd::claims
