// SPDX-License-Identifier: MIT
// Peers that cannot open the pipe of an arena's set: they ring no loop, and a wait or the owner's next try finds what
// they signal. And owners that cannot open it anew.
#include <efd/arena.hpp>
#include <efd/wait_set.hpp>

#include "share/bells.hpp"
#include "share/calls.hpp"
#include "share/processes.hpp"

#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace efd::tests {
namespace {

constexpr int not_permitted = 99;
constexpr uid_t nobody = 65534;

using act = std::function<int()>;

bool become_nobody() {
    const bool is_done = ::geteuid() == 0 && ::setuid(nobody) == 0;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a change of user takes it away
    return is_done;
}
bool has_mounts_of_its_own() {
    return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}
bool loses_proc() { return has_mounts_of_its_own() && ::umount2("/proc", MNT_DETACH) == 0; }

int as_it_is(const act& peer) { return peer(); }
int as_nobody(const act& peer) { return become_nobody() ? peer() : not_permitted; }
int without_proc(const act& peer) { return loses_proc() ? peer() : not_permitted; }
int in_another_namespace(const act& peer) {
    if (!has_mounts_of_its_own() || ::unshare(CLONE_NEWPID) != 0) return not_permitted;
    const pid_t inside = ::fork();
    if (inside == 0) ::_exit(::mount("proc", "/proc", "proc", 0, nullptr) == 0 ? peer() : not_permitted);
    int status = -1;
    return inside > 0 && ::waitpid(inside, &status, 0) == inside && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

bool stays() { return true; }
bool cannot_be_looked_into() { // by a user other than root
    return (::geteuid() != 0 || become_nobody()) && ::prctl(PR_SET_DUMPABLE, 0) == 0;
}
bool can_be_looked_into() { return ::prctl(PR_SET_DUMPABLE, 1) == 0; }

struct apart {
    const char* name;
    int (*peer_runs)(const act& peer);
    bool (*owner_begins)();
    bool (*owner_goes_on)(); // another peer rings from then on
};

int nothing_is_rung_and_nothing_lost(const apart& how) {
    if (!how.owner_begins()) return not_permitted;
    const arena shared({.first_look = {}, .last_look = {}});
    const wait_set set = shared.make_set();
    const eventfd object = shared.make();
    set.add(object, 1);
    const int fd = set.fd();

    process first([&] { return how.peer_runs([&] { return object.signal() && object.signal() ? 0 : 1; }); });
    if (const int result = first.end(); result != 0) return result;
    if (is_readable(fd)) return 2;
    if (taken(set) != 1 || taken(set) != 0) return 3;

    byte_line line;
    process second([&] {
        return how.peer_runs([&] {
            line.say(1);
            return line.hear(1) == 'x' && object.signal() ? 0 : 1;
        });
    });
    if (second.hear(line) != 'x') return 4;
    std::atomic<pid_t> tid{0};
    std::uint64_t token = 0;
    std::thread waiter([&] {
        tid = this_tid();
        set_event got{};
        if (set.wait_any(got) == std::errc{}) token = got.token;
    });
    const bool is_asleep = eventually([&] { return tid != 0 && asleep_now(tid); });
    line.say(0);
    waiter.join();
    if (second.end() != 0 || !is_asleep || token != 1) return 5;

    if (!how.owner_goes_on() || taken(set) != 0) return 6;
    process third([&] { return object.signal() ? 0 : 1; });
    if (third.end() != 0) return 7;
    return is_readable(fd) && taken(set) == 1 ? 0 : 8;
}

class arena_bell_apart : public testing::TestWithParam<apart> {};

TEST_P(arena_bell_apart, rings_no_loop_and_is_found_by_a_wait_and_by_the_next_try) {
    process owner([] { return nothing_is_rung_and_nothing_lost(GetParam()); });
    const int result = owner.end();
    if (result == not_permitted) GTEST_SKIP() << "needs root";
    EXPECT_EQ(result, 0);
}

INSTANTIATE_TEST_SUITE_P(
    peers, arena_bell_apart,
    testing::Values(apart{"another_user", as_nobody, stays, stays}, apart{"no_proc", without_proc, stays, stays},
                    apart{"another_pid_namespace", in_another_namespace, stays, stays},
                    apart{"owner_not_dumpable", as_it_is, cannot_be_looked_into, can_be_looked_into}),
    [](const auto& one) { return std::string(one.param.name); });

// A loop goes on to hear peers after the last one that had rung is gone, though the owner cannot open the end to write
// of its pipe any more: a daemon gives up its user, or its /proc.
int hears_after_a_hang_up(bool (*change)()) {
    const arena shared;
    const wait_set set = shared.make_set();
    const eventfd object = shared.make();
    set.add(object, 1);
    const int fd = set.fd();
    ringer later(object);
    ringer first(object);
    if (!first.signals() || taken(set) != 1 || taken(set) != 0) return 1;
    first.kill();
    const bool is_changed = change();
    int result = 0;
    if (!is_readable(fd, patience_ms)) result = 2;
    if (taken(set) != 0 || is_readable(fd)) result = 3;
    if (!later.signals() || !is_readable(fd)) result = 4;
    if (taken(set) != 1 || taken(set) != 0 || is_readable(fd)) result = 5;
    later.end();
    return is_changed ? result : not_permitted;
}

TEST(ArenaBellApart, an_owner_that_gave_up_its_user_or_its_proc_hears_peers_after_a_hang_up) {
    for (bool (*const change)() : {become_nobody, loses_proc}) {
        process owner([&] { return hears_after_a_hang_up(change); });
        const int result = owner.end();
        if (result == not_permitted) GTEST_SKIP() << "needs root";
        EXPECT_EQ(result, 0);
    }
}

TEST(ArenaBellApart, an_owner_without_proc_is_told_so) {
    process owner([] {
        const arena shared;
        const wait_set set = shared.make_set();
        if (!loses_proc()) return not_permitted;
        return refused([&] { (void)set.fd(); }) == std::errc::operation_not_supported ? 0 : 1;
    });
    const int result = owner.end();
    if (result == not_permitted) GTEST_SKIP() << "needs root";
    EXPECT_EQ(result, 0);
}

} // namespace
} // namespace efd::tests
