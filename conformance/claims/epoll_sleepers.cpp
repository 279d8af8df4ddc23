// SPDX-License-Identifier: MIT
// conformance/claims/epoll_sleepers.cpp: section E of docs/semantics.md, threads asleep in epoll_wait, and what wakes
// none of them.
//
// Owns K-070, K-073, K-074. Each thread shows whether an operation woke it: it has returned, or it is asleep and was
// never disturbed (calm.hpp). The threads share nothing but the descriptors.
#include "common/libc.hpp"
#include "conformance/framework/calm.hpp"
#include "conformance/framework/claim.hpp"
#include "conformance/framework/epoll_watch.hpp"

#include <algorithm>
#include <deque>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

namespace efd::claims {

namespace {

constexpr std::size_t crowd = 4;

sleeper waiting_in(trial& t, epoll_watch& watch) {
    return polling(
        t,
        [&watch](std::uint64_t& mask) {
            mask = watch.wait();
            return 0;
        },
        "epoll_wait");
}

sleeper polling_for(trial& t, int fd, short events) {
    return polling(
        t,
        [fd, events](std::uint64_t& revents) {
            pollfd asked{fd, events, 0};
            const int error = error_of(::poll(&asked, 1, -1));
            revents = static_cast<unsigned short>(asked.revents);
            return error;
        },
        "poll");
}

// All sleepers, and whether all of them still sleep, undisturbed.
class audience {
  public:
    void add(sleeper&& one) {
        sleepers_.push_back(std::move(one));
        calms_.emplace_back(sleepers_.back());
    }
    sleeper& operator[](std::size_t i) { return sleepers_[i]; }
    bool calm_lasts() const { return left_alone() == sleepers_.size(); }
    std::size_t left_alone() const {
        return number_of(calms_, [](const calm& one) { return one.lasts(); });
    }
    std::size_t returned() const {
        return number_of(sleepers_, [](const sleeper& one) { return one.returned(); });
    }

  private:
    template <class Group, class Test>
    static std::size_t number_of(const Group& group, Test test) {
        return static_cast<std::size_t>(std::count_if(group.begin(), group.end(), test));
    }

    std::deque<sleeper> sleepers_; // a deque, so that none moves
    std::deque<calm> calms_;
};

int write_bytes(int fd, const void* from, std::size_t length) { return error_of(::write(fd, from, length)); }
int read_bytes(int fd, void* to, std::size_t length) { return error_of(::read(fd, to, length)); }
int read_without_waiting(int fd) {
    std::uint64_t value = 0;
    iovec part{&value, sizeof value};
    return error_of(common::read_parts(fd, &part, 1, -1, RWF_NOWAIT));
}

// Reads and writes that fail at every count, each followed by a look at which threads noticed.
template <class Silent>
void fail_in_every_way(trial& t, int fd, const Silent& silent) {
    std::uint64_t value = 1;
    t.expect_error(read_bytes(fd, &value, 7), EINVAL, "read of 7 bytes");
    silent("read of 7 bytes");
    t.expect_error(write_bytes(fd, &value, 7), EINVAL, "write of 7 bytes");
    silent("write of 7 bytes");
    t.expect_error(add_to(fd, max_count), EINVAL, "write of MAX");
    silent("write of MAX");
    t.expect_error(write_bytes(fd, no_memory_there(), 8), EFAULT, "write from no memory");
    silent("write EFAULT");
}

void failures_at_zero(trial& t) {
    auto o = t.make(0);
    const int fd = o->descriptor();
    epoll_watch watch(fd, epoll_in | epoll_out | epoll_edge);
    watch.now();
    epoll_watch asleep_on(fd, epoll_in | epoll_edge);
    audience all;
    all.add(sleeper::reading(t, *o));
    all.add(polling_for(t, fd, POLLIN));
    all.add(waiting_in(t, asleep_on));
    const auto silent = [&](const char* what) {
        t.expect_equal(watch.now(), nothing, std::string("event at count 0 of ") + what);
        t.expect(all.calm_lasts(), std::string("somebody was woken at count 0 by ") + what);
    };
    t.expect_error(read_without_waiting(fd), EAGAIN, "RWF_NOWAIT read at count 0");
    silent("RWF_NOWAIT EAGAIN");
    o->set_nonblock(true); // no effect on calls that sleep already (K-089)
    std::uint64_t value = 0;
    t.expect_error(o->read(value), EAGAIN, "read at count 0");
    silent("read EAGAIN");
    fail_in_every_way(t, fd, silent);
    o->write(1);
    all[0].must_return_with(0, 1, "the write that ends the claim");
    o->write(1); // the reader may be faster than the look at the others
    all[1].must_return("the write that ends the claim");
    all[2].must_return("the write that ends the claim");
}

void failures_when_full(trial& t) {
    auto o = t.make(0);
    const int fd = o->descriptor();
    o->write(full_count);
    epoll_watch watch(fd, epoll_in | epoll_out | epoll_edge);
    watch.now();
    epoll_watch asleep_on(fd, epoll_out | epoll_edge);
    audience all;
    all.add(sleeper::writing(t, *o, 1));
    all.add(polling_for(t, fd, POLLOUT));
    all.add(waiting_in(t, asleep_on));
    const auto silent = [&](const char* what) {
        t.expect_equal(watch.now(), nothing, std::string("event at MAX-1 of ") + what);
        t.expect(all.calm_lasts(), std::string("somebody was woken at MAX-1 by ") + what);
    };
    o->set_nonblock(true);
    t.expect_error(o->write(1), EAGAIN, "write at MAX-1");
    silent("write EAGAIN");
    fail_in_every_way(t, fd, silent);
    t.expect_equal(o->count(), full_count, "count after all that failed");

    // The exception: a read that faults has taken the count by then, and wakes with OUT.
    t.expect_error(read_bytes(fd, no_memory_there(), 8), EFAULT, "read into no memory");
    all[0].must_return_with(0, "the read that faulted");
    all[1].must_return_with(0, POLLOUT, "the read that faulted");
    all[2].must_return_with(0, epoll_out, "the read that faulted");
    t.expect((watch.now() & epoll_out) != 0, "the read that faulted signals OUT");
    t.expect_equal(o->count(), 1, "count: taken by the read that faulted, then the released write");
}

// One waiting thread on each of four epolls; how the writes that follow release them.
void four_epolls(trial& t, std::uint32_t how, std::size_t released_by_one) {
    auto o = t.make(0);
    std::deque<epoll_watch> watches;
    audience all;
    for (std::size_t i = 0; i < crowd; ++i) {
        t.expect_error(watches.emplace_back().add(o->number(), epoll_in | how), 0, "ADD");
        all.add(waiting_in(t, watches.back()));
    }
    for (std::size_t released = released_by_one; released <= crowd; released += released_by_one) {
        o->write(1);
        t.expect_equal(all.left_alone(), crowd - released, "epolls left alone after one more write");
        if (!wait_until([&] { return all.returned() == released; })) t.abandon("a woken epoll_wait did not return");
    }
    for (std::size_t i = 0; i < crowd; ++i) all[i].must_return_with(0, epoll_in, "its write");
}

// Four threads on one epoll; a write that no thread reads.
void one_epoll(trial& t, std::uint32_t how, bool each_write_wakes_one) {
    auto o = t.make(0);
    epoll_watch watch(o->number(), epoll_in | how);
    audience all;
    for (std::size_t i = 0; i < crowd; ++i) all.add(waiting_in(t, watch));
    for (std::size_t released = 1; released <= crowd; ++released) {
        if (each_write_wakes_one || released == 1) o->write(1);
        if (!wait_until([&] { return all.returned() >= released; })) t.abandon("a woken epoll_wait did not return");
        if (!each_write_wakes_one) continue;
        t.expect_equal(all.returned(), released, "threads returned after one more write");
        t.expect_equal(all.left_alone(), crowd - released, "threads left alone after one more write");
    }
    for (std::size_t i = 0; i < crowd; ++i) all[i].must_return_with(0, epoll_in, "the write");
}

} // namespace

CLAIM(K_070, descriptor, "failed operations give no event and wake nobody; a read that faults does signal OUT") {
    failures_at_zero(t);
    failures_when_full(t);
    // A write is refused although there is room for less: POLLOUT is on and makes no event.
    auto o = t.make(0, EFD_NONBLOCK);
    o->write(full_count - 1);
    epoll_watch watch(o->descriptor(), epoll_in | epoll_out | epoll_edge);
    watch.now();
    t.expect_error(o->write(2), EAGAIN, "write of 2 at MAX-2");
    t.expect_equal(watch.now(), nothing, "event of write of 2 at MAX-2");
}

CLAIM(K_073, watched, "a write wakes all epolls; with EPOLLEXCLUSIVE one of four; what EXCLUSIVE combines with") {
    constexpr std::uint32_t exclusive = EPOLLEXCLUSIVE;
    four_epolls(t, nothing, crowd);
    four_epolls(t, epoll_edge, crowd);
    four_epolls(t, exclusive, 1);
    four_epolls(t, exclusive | epoll_edge, 1);

    auto o = t.make(0);
    const int fd = o->number();
    epoll_watch watch;
    constexpr std::uint32_t once = EPOLLONESHOT;
    t.expect_error(watch.add(fd, epoll_in | exclusive | once), EINVAL, "EXCLUSIVE+ONESHOT");
    t.expect_error(watch.add(fd, epoll_in | exclusive | epoll_edge), 0, "EXCLUSIVE+ET");
    t.expect_error(watch.modify(fd, epoll_in), EINVAL, "MOD of an exclusive watch");
    epoll_watch plain(fd, epoll_in);
    t.expect_error(plain.modify(fd, epoll_in | exclusive), EINVAL, "MOD to an exclusive watch");
}

CLAIM(K_074, watched, "threads on one epoll: ET wakes exactly one; level with nobody reading releases all in turn") {
    one_epoll(t, epoll_edge, true);
    one_epoll(t, nothing, false);
}

} // namespace efd::claims
