// SPDX-License-Identifier: MIT
// conformance/claims/blocking.cpp: section F of docs/semantics.md, which blocked callers each call releases.
//
// One function for each row. Blocked readers and writers exist for every object; sleeping poll, select and epoll_wait
// calls, and the effect of a close on them, need a descriptor. K-157, which the library does not repeat, is in
// exclusive_wakes.cpp. No step is judged by time: every caller is seen asleep before the claim goes on.
#include "conformance/framework/calm.hpp"
#include "conformance/framework/counts.hpp"
#include "conformance/framework/epoll_watch.hpp"
#include "conformance/framework/raw_calls.hpp"
#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"

#include <csignal>
#include <poll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::claims {
namespace {

sleeper poller(trial& t, int fd, short events, int timeout_ms = -1) {
    return polling(
        t,
        [=](std::uint64_t& revents) {
            pollfd asked{fd, events, 0};
            const int ready = ::poll(&asked, 1, timeout_ms);
            revents = static_cast<unsigned short>(asked.revents);
            return ready < 0 ? errno : 0;
        },
        "a poll");
}

// The value is 1 if the descriptor was ready.
sleeper selector(trial& t, int fd, bool to_write) {
    return polling(
        t,
        [=](std::uint64_t& ready) {
            fd_set set;
            FD_ZERO(&set);
            FD_SET(fd, &set);
            const int found = ::select(fd + 1, to_write ? nullptr : &set, to_write ? &set : nullptr, nullptr, nullptr);
            ready = found > 0 && FD_ISSET(fd, &set) ? 1 : 0;
            return found < 0 ? errno : 0;
        },
        "a select");
}

sleeper epoller(trial& t, const epoll_watch& watch) {
    return polling(
        t,
        [epfd = watch.descriptor()](std::uint64_t& events) {
            epoll_event event{};
            const int ready = ::epoll_wait(epfd, &event, 1, -1);
            events = event.events;
            return ready < 0 ? errno : 0;
        },
        "an epoll_wait");
}

// The sleeper was woken since `switches` was taken, and sleeps again.
void must_have_looked(trial& t, sleeper& one, long switches, std::string_view after) {
    const bool woken = wait_until([&] { return one.returned() || voluntary_switches(one.tid()) > switches; });
    t.expect(woken, "a sleeper was not even woken after " + std::string(after));
    one.must_sleep(after);
}

sleepers readers(trial& t, object& of, int how_many) {
    sleepers group;
    for (int i = 0; i < how_many; ++i) group.push_back(sleeper::reading(t, of));
    return group;
}

} // namespace

CLAIM(K_079, watched, "one write releases all that poll for IN, one read all that poll for OUT") {
    for (const bool out : {false, true}) {
        const auto o = with_count(t, out ? largest : 0);
        const short events = out ? POLLOUT : POLLIN;
        epoll_watch first(o->number(), out ? epoll_out : epoll_in);
        epoll_watch second(o->number(), out ? epoll_out : epoll_in);
        sleepers group;
        for (int i = 0; i < 2; ++i) {
            group.push_back(poller(t, o->number(), events));
            group.push_back(selector(t, o->number(), out));
            group.push_back(epoller(t, i == 0 ? first : second));
        }
        std::uint64_t value = 0;
        t.expect_error(out ? o->read(value) : o->write(1), 0, out ? "read" : "write");
        for (sleeper& one : group) one.must_return_with(0, out ? "a read" : "a write");
        for (std::size_t i = 0; i < group.size(); ++i)
            t.expect_equal(group[i].value(), i % 3 == 1 ? 1U : static_cast<unsigned>(events), "what it was told");
    }
}

CLAIM(K_080, object, "of several blocked readers one gets the whole of a write") {
    const auto o = t.make();
    auto group = readers(t, *o, 4);
    t.expect_error(o->write(7), 0, "write");
    must_return_exactly(t, group, 1, "a write of 7");
    for (const sleeper& one : group)
        if (one.returned()) t.expect_equal(one.value(), 7U, "what it got");
    t.expect_equal(o->count(), 0U, "count afterwards");
    for (std::size_t returned = 2; returned <= group.size(); ++returned) {
        t.expect_error(o->write(1), 0, "write");
        must_return_exactly(t, group, returned, "one more write");
    }
}

CLAIM(K_081, object, "semaphore: a write of n releases exactly n readers, each with 1") {
    const auto o = t.make(0, EFD_SEMAPHORE);
    auto group = readers(t, *o, 5);
    t.expect_error(o->write(3), 0, "write");
    must_return_exactly(t, group, 3, "a write of 3");
    t.expect_equal(o->count(), 0U, "count afterwards");
    t.expect_error(o->write(10), 0, "write");
    must_return_exactly(t, group, 5, "a write of 10");
    t.expect_equal(o->count(), 8U, "what is left");
    for (const sleeper& one : group) t.expect_equal(one.value(), 1U, "what each got");
}

CLAIM(K_082, object, "a full read releases every blocked writer whose value fits") {
    const auto o = with_count(t, largest);
    sleepers group;
    for (const std::uint64_t value : {3U, 50U, 700U}) group.push_back(sleeper::writing(t, *o, value));
    expect_read(t, *o, 0, largest, "read");
    for (sleeper& one : group) one.must_return_with(0, "a full read");
    t.expect_equal(o->count(), 753U, "count afterwards");
}

CLAIM(K_083, object, "a semaphore read releases one unit: of several writers of 1, one returns") {
    const auto o = with_count(t, largest, EFD_SEMAPHORE);
    sleepers group;
    for (int i = 0; i < 3; ++i) group.push_back(sleeper::writing(t, *o, 1));
    for (std::size_t returned = 1; returned <= group.size(); ++returned) {
        expect_read(t, *o, 0, 1, "semaphore read");
        must_return_exactly(t, group, returned, "a semaphore read");
        t.expect_equal(o->count(), largest, "count after the writer went on");
    }
}

CLAIM(K_084, object, "a write that fits passes a blocked larger one, also a later one that was blocked too") {
    const auto o = with_count(t, largest - 2);
    auto large = sleeper::writing(t, *o, 10);
    t.expect_error(o->write(1), 0, "a small write");
    large.must_sleep("the small write");
    expect_read(t, *o, 0, largest - 1, "read");
    large.must_return_with(0, "the read");

    const auto semaphore = with_count(t, largest, EFD_SEMAPHORE);
    auto earlier = sleeper::writing(t, *semaphore, 5);
    auto later = sleeper::writing(t, *semaphore, 1);
    expect_read(t, *semaphore, 0, 1, "semaphore read");
    later.must_return_with(0, "one read");
    earlier.must_sleep("one read");
    t.expect_equal(semaphore->count(), largest, "count afterwards");
    for (int i = 0; i < 5; ++i) expect_read(t, *semaphore, 0, 1, "semaphore read");
    earlier.must_return_with(0, "five reads");
}

CLAIM(K_085, object, "which of several blocked readers goes on is not specified; each time exactly one does") {
    const auto o = t.make();
    for (int round = 0; round < 10; ++round) {
        auto pair = readers(t, *o, 2);
        t.expect_error(o->write(1), 0, "write");
        must_return_exactly(t, pair, 1, "a write");
        t.expect_error(o->write(1), 0, "write");
        must_return_exactly(t, pair, 2, "the second write");
    }
}

CLAIM(K_086, descriptor,
      "blocked readers and writers are woken by every write, writers by every read; pollers by key") {
    const auto empty = t.make();
    auto pair = readers(t, *empty, 2);
    auto poll_in = poller(t, empty->descriptor(), POLLIN);
    auto poll_out_never = poller(t, empty->descriptor(), 0);
    const calm nothing_asked(poll_out_never);
    const long first = voluntary_switches(pair[0].tid());
    const long second = voluntary_switches(pair[1].tid());
    const long polling_in = voluntary_switches(poll_in.tid());
    t.expect_error(empty->write(0), 0, "write of 0");
    must_have_looked(t, pair[0], first, "a write of 0 (first reader)");
    must_have_looked(t, pair[1], second, "a write of 0 (second reader)");
    must_have_looked(t, poll_in, polling_in, "a write of 0 (poll for IN)");

    const auto full = with_count(t, largest, EFD_SEMAPHORE);
    auto writer = sleeper::writing(t, *full, 5);
    auto poll_out = poller(t, full->descriptor(), POLLOUT);
    auto select_out = selector(t, full->descriptor(), true);
    epoll_watch watch(full->descriptor(), epoll_out);
    auto epoll_wait_out = epoller(t, watch);
    const calm poll_calm(poll_out);
    const calm select_calm(select_out);
    const calm epoll_calm(epoll_wait_out);
    long before = voluntary_switches(writer.tid());
    t.expect_error(full->write(0), 0, "write of 0");
    must_have_looked(t, writer, before, "a write of 0 (writer)");
    t.expect(poll_calm.lasts() && select_calm.lasts() && epoll_calm.lasts(), "OUT sleepers are not woken by a write");
    before = voluntary_switches(writer.tid());
    expect_read(t, *full, 0, 1, "semaphore read");
    must_have_looked(t, writer, before, "a read (writer)");
    poll_out.must_return_with(0, POLLOUT, "a read");
    select_out.must_return_with(0, 1, "a read");
    epoll_wait_out.must_return_with(0, EPOLLOUT, "a read");

    signal_once(t, *empty);
    must_return_exactly(t, pair, 1, "a kernel signal");
    t.expect(nothing_asked.lasts(), "a poll that asked for nothing is woken by neither");
    t.expect_error(empty->write(1), 0, "write");
    must_return_exactly(t, pair, 2, "a write");
    for (int i = 0; i < 4; ++i) expect_read(t, *full, 0, 1, "semaphore read");
    writer.must_return_with(0, "room for it");
}

CLAIM(K_087, object, "a write of 0 does not release a blocked reader") {
    for (const int mode : {0, int{EFD_SEMAPHORE}}) {
        const auto o = t.make(0, mode);
        auto reader = sleeper::reading(t, *o);
        for (int i = 0; i < 3; ++i) {
            t.expect_error(o->write(0), 0, "write of 0");
            reader.must_sleep("a write of 0");
        }
        t.expect_error(o->write(1), 0, "write");
        reader.must_return_with(0, 1, "a write of 1");
    }
}

CLAIM(K_088, descriptor, "a write of 0 at count 0 releases nobody who polls for IN") {
    const auto o = t.make();
    epoll_watch watch(o->descriptor(), epoll_in);
    sleepers group;
    group.push_back(poller(t, o->descriptor(), POLLIN));
    group.push_back(selector(t, o->descriptor(), false));
    group.push_back(epoller(t, watch));
    std::vector<long> before;
    for (const sleeper& one : group) before.push_back(voluntary_switches(one.tid()));
    t.expect_error(o->write(0), 0, "write of 0");
    for (std::size_t i = 0; i < group.size(); ++i) must_have_looked(t, group[i], before[i], "a write of 0");
    t.expect_error(o->write(1), 0, "write of 1");
    for (sleeper& one : group) one.must_return_with(0, "a write of 1");
}

CLAIM(K_089, object, "O_NONBLOCK set while a call sleeps has no effect on it") {
    const auto o = t.make();
    auto reader = sleeper::reading(t, *o);
    t.expect_error(o->set_nonblock(true), 0, "set O_NONBLOCK");
    reader.must_sleep("O_NONBLOCK was set");
    expect_read(t, *o, EAGAIN, 0, "a new read");
    t.expect_error(o->write(0), 0, "write of 0");
    reader.must_sleep("a wake for nothing");
    t.expect_error(o->write(4), 0, "write");
    reader.must_return_with(0, 4, "a write");

    const auto full = with_count(t, largest, EFD_SEMAPHORE);
    auto writer = sleeper::writing(t, *full, 2);
    t.expect_error(full->set_nonblock(true), 0, "set O_NONBLOCK");
    writer.must_sleep("O_NONBLOCK was set");
    t.expect_error(full->write(1), EAGAIN, "a new write");
    expect_read(t, *full, 0, 1, "semaphore read");
    writer.must_sleep("a wake for nothing");
    expect_read(t, *full, 0, 1, "semaphore read");
    writer.must_return_with(0, "room for it");
}

CLAIM(K_090, descriptor, "close wakes nobody; a sleeping poll, when woken, looks the number up again") {
    const auto o = t.make();
    const int own_dup = ::dup(o->descriptor());
    const auto reading = [&t](int fd) {
        return sleeper(
            t, [fd](pid_t tid) { return asleep_in(tid, {SYS_read}, fd); },
            [fd](std::uint64_t& value) { return of_call(::syscall(SYS_read, fd, &value, 8L)).error; }, "a read");
    };
    auto reader = reading(own_dup);
    const calm sleeping(reader);
    ::close(own_dup);
    t.expect(sleeping.lasts(), "a reader sleeps on when its descriptor is closed");
    t.expect_error(o->write(6), 0, "write through the other descriptor");
    reader.must_return_with(0, 6, "a write through the other descriptor");

    struct sigaction handler{};
    handler.sa_handler = [](int) {};
    ::sigaction(SIGUSR1, &handler, nullptr);
    const auto only = static_cast<int>(::syscall(SYS_eventfd2, 0, 0));
    auto forsaken = reading(only);
    const calm asleep_alone(forsaken);
    ::close(only);
    t.expect(asleep_alone.lasts(), "a reader sleeps on when the last descriptor is closed");
    forsaken.send(SIGUSR1);
    forsaken.must_return_with(EINTR, "a signal");

    const int polled = ::dup(o->descriptor());
    auto poll = poller(t, polled, POLLIN);
    const calm poll_sleeping(poll);
    ::close(polled);
    t.expect(poll_sleeping.lasts(), "a poll sleeps on when its descriptor is closed");
    t.expect_error(o->write(1), 0, "write");
    poll.must_return_with(0, POLLNVAL, "a write");
}

CLAIM(K_091, object, "poll reserves nothing: a read after another one drained sleeps") {
    const auto o = t.make(2);
    t.expect_equal(o->poll() & POLLIN, unsigned{POLLIN}, "poll");
    std::uint64_t value = 0;
    std::thread other([&] { o->read(value); });
    other.join();
    t.expect_equal(value, 2U, "what the other one took");
    auto reader = sleeper::reading(t, *o);
    t.expect_error(o->write(1), 0, "write");
    reader.must_return_with(0, 1, "a write");
}

CLAIM(K_092, object, "a kernel signal releases a blocked reader") {
    for (const int mode : {0, int{EFD_SEMAPHORE}}) {
        const auto o = t.make(0, mode);
        auto reader = sleeper::reading(t, *o);
        signal_once(t, *o);
        reader.must_return_with(0, 1, "a signal");
        t.expect_equal(o->count(), 0U, "count afterwards");
    }
}

} // namespace efd::claims
