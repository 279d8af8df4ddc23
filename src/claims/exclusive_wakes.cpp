// SPDX-License-Identifier: MIT
// claims/exclusive_wakes.cpp: K-157, how a blocked call can sleep on behind an exclusive epoll entry. Kernel only.
//
// Since 6.4 blocked reads and writes queue up at the tail, and a wake ends at the first exclusive entry that accepts
// it. The library does not repeat this: nobody sleeps there on a condition that holds. Every caller is seen asleep
// before the claim goes on.
#include "claims/calm.hpp"
#include "claims/counts.hpp"
#include "claims/epoll_watch.hpp"
#include "claims/sleeper.hpp"
#include "claims/task.hpp"

#include <sys/epoll.h>

namespace efd::claims {
namespace {

constexpr std::uint32_t exclusive = EPOLLEXCLUSIVE;

// Keeps nothing of the watch but its number: the call may outlive it.
sleeper waiting(trial& t, const epoll_watch& on) {
    return polling(
        t,
        [epfd = on.descriptor()](std::uint64_t& events) {
            epoll_event event{};
            const int ready = ::epoll_wait(epfd, &event, 1, -1);
            events = event.events;
            return ready < 0 ? errno : 0;
        },
        "an epoll_wait");
}

void reader_behind_is_passed_over(trial& t) {
    const auto o = t.make();
    epoll_watch watch(o->descriptor(), epoll_in | exclusive);
    auto watcher = waiting(t, watch);
    auto reader = sleeper::reading(t, *o);
    const calm sleeping(reader);
    t.expect_error(o->write(2), 0, "write");
    watcher.must_return_with(0, EPOLLIN, "a write");
    t.expect(sleeping.lasts(), "the reader behind it sleeps on");
    t.expect_equal(o->count(), 2U, "count while it sleeps");
    t.expect_error(o->write(1), 0, "write");
    reader.must_return_with(0, 3, "a write with nobody in epoll_wait");
}

void writer_behind_is_passed_over(trial& t) {
    const auto o = with_count(t, largest);
    epoll_watch watch(o->descriptor(), epoll_out | exclusive);
    auto watcher = waiting(t, watch);
    auto writer = sleeper::writing(t, *o, 4);
    const calm sleeping(writer);
    expect_read(t, *o, 0, largest, "read");
    watcher.must_return_with(0, EPOLLOUT, "a read");
    t.expect(sleeping.lasts(), "the writer behind it sleeps on");
    t.expect_equal(o->count(), 0U, "count while it sleeps");
    t.expect_error(o->write(0), 0, "write of 0");
    writer.must_return_with(0, "a write");
}

void spurious_wake_sends_to_the_tail(trial& t) {
    const auto o = t.make();
    auto reader = sleeper::reading(t, *o);
    epoll_watch watch(o->descriptor(), epoll_in | exclusive);
    auto watcher = waiting(t, watch);
    const long before = voluntary_switches(reader.tid());
    t.expect_error(o->write(0), 0, "write of 0");
    wait_until([&] { return voluntary_switches(reader.tid()) > before; });
    reader.must_sleep("a write of 0");
    watcher.must_sleep("a write of 0");
    const calm sleeping(reader);
    t.expect_error(o->write(2), 0, "write");
    watcher.must_return_with(0, EPOLLIN, "a write");
    t.expect(sleeping.lasts(), "a reader that was woken for nothing stands behind and sleeps on");
    t.expect_error(o->write(0), 0, "write of 0");
    reader.must_return_with(0, 2, "a write with nobody in epoll_wait");
}

void reader_in_front_is_released(trial& t) {
    const auto o = t.make();
    auto reader = sleeper::reading(t, *o);
    epoll_watch watch(o->descriptor(), epoll_in | exclusive);
    auto watcher = waiting(t, watch);
    t.expect_error(o->write(2), 0, "write");
    reader.must_return_with(0, 2, "a write, queued before the exclusive entry");
}

void plain_entries_are_always_woken(trial& t) {
    const auto o = t.make();
    epoll_watch alone(o->descriptor(), epoll_in | exclusive);
    auto watcher = waiting(t, alone);
    epoll_watch plain(o->descriptor(), epoll_in);
    auto plain_watcher = waiting(t, plain);
    t.expect_error(o->write(2), 0, "write");
    watcher.must_return_with(0, EPOLLIN, "a write");
    plain_watcher.must_return_with(0, EPOLLIN, "a write");
}

} // namespace

CLAIM(K_157, descriptor, "a call that blocked behind an exclusive epoll entry sleeps on when that accepts the wake") {
    if (!kernel_at_least(6, 4)) t.not_here("before Linux 6.4 blocked calls queued up at the head");
    reader_behind_is_passed_over(t);
    writer_behind_is_passed_over(t);
    spurious_wake_sends_to_the_tail(t);
    reader_in_front_is_released(t);
    plain_entries_are_always_woken(t);
}

} // namespace efd::claims
