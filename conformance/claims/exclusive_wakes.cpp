// SPDX-License-Identifier: MIT
// conformance/claims/exclusive_wakes.cpp: K-157, how a blocked call can sleep on behind an exclusive epoll entry.
//
// Since 6.4 blocked reads and writes queue up at the tail, and a wake ends at the first exclusive entry that accepts
// it. The library does not repeat this: no thread sleeps there on a condition that holds, which is what its descriptors
// are asked. Every caller is seen asleep before the claim goes on.
#include "conformance/framework/calm.hpp"
#include "conformance/framework/counts.hpp"
#include "conformance/framework/epoll_watch.hpp"
#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"

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
    epoll_watch watch(o->number(), epoll_in | exclusive);
    auto watcher = waiting(t, watch);
    t.expect_error(o->write(2), 0, "write");
    reader.must_return_with(0, 2, "a write, queued before the exclusive entry");
}

void plain_entries_are_always_woken(trial& t) {
    const auto o = t.make();
    epoll_watch alone(o->number(), epoll_in | exclusive);
    auto watcher = waiting(t, alone);
    epoll_watch plain(o->number(), epoll_in);
    auto plain_watcher = waiting(t, plain);
    t.expect_error(o->write(2), 0, "write");
    watcher.must_return_with(0, EPOLLIN, "a write");
    plain_watcher.must_return_with(0, EPOLLIN, "a write");
}

// The declared difference. Whether the watcher sees what the reader takes depends on which comes first.
void reader_behind_is_released(trial& t) {
    const auto o = t.make();
    epoll_watch watch(o->number(), epoll_in | exclusive);
    auto watcher = waiting(t, watch);
    auto reader = sleeper::reading(t, *o);
    t.expect_error(o->write(0), 0, "write of 0");
    reader.must_sleep("a write of 0");
    watcher.must_sleep("a write of 0");
    t.expect_error(o->write(2), 0, "write");
    reader.must_return_with(0, 2, "a write beside an exclusive entry");
    t.expect_error(o->write(1), 0, "write");
    watcher.must_return_with(0, EPOLLIN, "a write that nobody reads");
}

void writer_behind_is_released(trial& t) {
    const auto o = with_count(t, largest);
    epoll_watch watch(o->number(), epoll_out | exclusive);
    auto watcher = waiting(t, watch);
    auto writer = sleeper::writing(t, *o, 4);
    expect_read(t, *o, 0, largest, "read");
    writer.must_return_with(0, "a read beside an exclusive entry");
    watcher.must_return_with(0, EPOLLOUT, "a read");
    t.expect_equal(o->count(), 4U, "count afterwards");
}

} // namespace

CLAIM(K_157, watched, "a call that blocked behind an exclusive epoll entry sleeps on when that accepts the wake") {
    const bool is_kernels = t.on().offers(needs::descriptor);
    if (is_kernels && !kernel_at_least(6, 4)) t.not_here("before Linux 6.4 blocked calls queued up at the head");
    reader_in_front_is_released(t);
    plain_entries_are_always_woken(t);
    if (is_kernels) {
        reader_behind_is_passed_over(t);
        writer_behind_is_passed_over(t);
        spurious_wake_sends_to_the_tail(t);
    } else {
        reader_behind_is_released(t);
        writer_behind_is_released(t);
    }
}

} // namespace efd::claims
