// SPDX-License-Identifier: MIT
// conformance/claims/epoll_edges.cpp: section E of docs/semantics.md, edges (EPOLLET): which operation is an event,
// with which mask.
//
// Owns K-059 to K-069. An edge is one successful write (key IN) or read (key OUT), whatever it changed; the delivered
// mask is computed at delivery. Every claim runs on one thread: the event exists when the operation returns.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/epoll_watch.hpp"

#include <sys/eventfd.h>

namespace efd::claims {

namespace {
constexpr std::uint32_t in_edge = epoll_in | epoll_edge;
constexpr std::uint32_t out_edge = epoll_out | epoll_edge;
constexpr std::uint32_t both = epoll_in | epoll_out;
constexpr int kinds[] = {EFD_NONBLOCK, EFD_NONBLOCK | EFD_SEMAPHORE, 0, EFD_SEMAPHORE};
} // namespace

CLAIM(K_059, watched, "ADD with ET while ready: one event") {
    for (const int kind : kinds) {
        auto o = t.make(3, kind);
        epoll_watch readable(o->number(), in_edge);
        t.expect_equal(readable.now(), epoll_in, "IN at ADD");
        t.expect_equal(readable.now(), nothing, "IN a second time");
        epoll_watch writable(o->number(), out_edge);
        t.expect_equal(writable.now(), epoll_out, "OUT at ADD");
        t.expect_equal(writable.now(), nothing, "OUT a second time");
        epoll_watch any(o->number(), both | epoll_edge);
        t.expect_equal(any.now(), both, "IN+OUT at ADD");
        t.expect_equal(any.now(), nothing, "IN+OUT a second time");
    }
    auto empty = t.make(0, EFD_NONBLOCK);
    epoll_watch unready(empty->number(), in_edge);
    t.expect_equal(unready.now(), nothing, "IN at ADD at count 0");
}

CLAIM(K_060, watched, "IN+ET: each successful write with count above 0 afterwards is a new event, even unread") {
    for (const int kind : kinds) {
        auto o = t.make(0, kind);
        epoll_watch watch(o->number(), in_edge);
        for (const std::uint64_t value :
             {std::uint64_t{1}, std::uint64_t{1}, std::uint64_t{1} << 40, std::uint64_t{7}}) {
            t.expect_error(o->write(value), 0, "write");
            t.expect_equal(watch.now(), epoll_in, "a write nobody read");
            t.expect_equal(watch.now(), nothing, "the same write again");
        }
        t.expect_error(o->write(full_count - o->count()), 0, "write up to MAX-1");
        t.expect_equal(watch.now(), epoll_in, "the write that fills");
    }
}

CLAIM(K_061, watched, "several writes before epoll_wait: one event") {
    for (const int kind : kinds) {
        auto o = t.make(0, kind);
        epoll_watch watch(o->number(), in_edge);
        for (int i = 0; i < 5; ++i) o->write(1);
        t.expect_equal(watch.now(), epoll_in, "five writes");
        t.expect_equal(watch.now(), nothing, "a second event of five writes");
        t.expect_equal(o->count(), 5, "count");
    }
}

CLAIM(K_062, watched, "write then read before epoll_wait: no IN event") {
    for (const std::uint32_t edge : {nothing, epoll_edge}) {
        auto o = t.make(0, EFD_NONBLOCK);
        epoll_watch watch(o->number(), epoll_in | edge);
        std::uint64_t value = 0;
        o->write(5);
        t.expect_error(o->read(value), 0, "read");
        t.expect_equal(watch.now(), nothing, "the mask is looked up at delivery");
        o->write(1);
        t.expect_equal(watch.now(), epoll_in, "the next write");
    }
    auto units = t.make(0, EFD_NONBLOCK | EFD_SEMAPHORE);
    epoll_watch watch(units->number(), in_edge);
    std::uint64_t value = 0;
    units->write(2);
    units->read(value);
    t.expect_equal(watch.now(), epoll_in, "a semaphore read that left one keeps the event");
}

CLAIM(K_063, watched, "IN+ET, write(0) at count 0: no event") {
    for (const int kind : kinds) {
        auto o = t.make(0, kind);
        epoll_watch watch(o->number(), in_edge);
        t.expect_error(o->write(0), 0, "write(0)");
        t.expect_equal(watch.now(), nothing, "event of write(0)");
    }
}

CLAIM(K_064, watched, "IN+ET, write(0) at count above 0: new event") {
    for (const int kind : kinds)
        for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{1} << 63, full_count}) {
            auto o = t.make(0, kind);
            o->write(count);
            epoll_watch watch(o->number(), in_edge);
            t.expect_equal(watch.now(), epoll_in, "at ADD");
            for (int i = 0; i < 2; ++i) {
                t.expect_error(o->write(0), 0, "write(0)");
                t.expect_equal(watch.now(), epoll_in, "event of write(0)");
                t.expect_equal(watch.now(), nothing, "the same write(0) again");
            }
        }
}

CLAIM(K_065, watched, "IN+OUT+ET: any write reports the full current mask") {
    auto o = t.make(0, EFD_NONBLOCK);
    epoll_watch watch(o->number(), both | epoll_edge);
    t.expect_equal(watch.now(), epoll_out, "at ADD");
    o->write(0);
    t.expect_equal(watch.now(), epoll_out, "write(0) at count 0");
    o->write(1);
    t.expect_equal(watch.now(), both, "write(1)");
    o->write(0);
    t.expect_equal(watch.now(), both, "write(0) at count 1");
    o->write(full_count - 2);
    t.expect_equal(watch.now(), both, "write to MAX-2");
    o->write(1);
    t.expect_equal(watch.now(), epoll_in, "write to MAX-1");
    o->write(0);
    t.expect_equal(watch.now(), epoll_in, "write(0) at MAX-1");
    t.expect_equal(watch.now(), nothing, "the same write again");
}

CLAIM(K_066, watched, "OUT+ET only: writes give no event") {
    for (const int kind : kinds) {
        auto o = t.make(0, kind);
        epoll_watch watch(o->number(), out_edge);
        t.expect_equal(watch.now(), epoll_out, "at ADD");
        for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0}, full_count - 1}) {
            t.expect_error(o->write(value), 0, "write");
            t.expect_equal(watch.now(), nothing, "a write");
        }
        std::uint64_t taken = 0;
        o->read(taken);
        t.expect_equal(watch.now(), epoll_out, "a read, to see that the watch lives");
    }
}

CLAIM(K_067, descriptor, "OUT (ET): every successful read gives an event although always writable") {
    auto o = t.make(0, EFD_NONBLOCK);
    epoll_watch watch(o->descriptor(), out_edge);
    t.expect_equal(watch.now(), epoll_out, "at ADD");
    std::uint64_t value = 0;
    for (int i = 0; i < 3; ++i) {
        o->write(1);
        t.expect_error(o->read(value), 0, "read");
        t.expect_equal(watch.now(), epoll_out, "a read");
        t.expect_equal(watch.now(), nothing, "the same read again");
    }
    auto units = t.make(3, EFD_NONBLOCK | EFD_SEMAPHORE);
    epoll_watch room(units->descriptor(), out_edge);
    t.expect_equal(room.now(), epoll_out, "semaphore at ADD");
    for (int i = 0; i < 3; ++i) {
        t.expect_error(units->read(value), 0, "semaphore read");
        t.expect_equal(room.now(), epoll_out, "a semaphore read");
    }
}

CLAIM(K_068, watched, "IN+ET only: reads give no event, also a semaphore read that leaves count above 0") {
    std::uint64_t value = 0;
    auto o = t.make(4, EFD_NONBLOCK);
    epoll_watch watch(o->number(), in_edge);
    t.expect_equal(watch.now(), epoll_in, "at ADD");
    t.expect_error(o->read(value), 0, "read");
    t.expect_equal(watch.now(), nothing, "a read");

    auto units = t.make(3, EFD_NONBLOCK | EFD_SEMAPHORE);
    epoll_watch unit(units->number(), in_edge);
    t.expect_equal(unit.now(), epoll_in, "semaphore at ADD");
    for (int i = 0; i < 3; ++i) {
        t.expect_error(units->read(value), 0, "semaphore read");
        t.expect_equal(unit.now(), nothing, "a semaphore read");
    }
    units->write(1);
    t.expect_equal(unit.now(), epoll_in, "a write, to see that the watch lives");
}

CLAIM(K_069, descriptor, "IN+OUT+ET: a read reports the current mask: OUT, or IN+OUT if count stays above 0") {
    std::uint64_t value = 0;
    auto o = t.make(0, EFD_NONBLOCK);
    o->write(full_count);
    epoll_watch watch(o->descriptor(), both | epoll_edge);
    t.expect_equal(watch.now(), epoll_in, "full, at ADD");
    t.expect_error(o->read(value), 0, "read");
    t.expect_equal(watch.now(), epoll_out, "a read");

    auto units = t.make(3, EFD_NONBLOCK | EFD_SEMAPHORE);
    epoll_watch unit(units->descriptor(), both | epoll_edge);
    t.expect_equal(unit.now(), both, "semaphore at ADD");
    for (const std::uint32_t mask : {both, both, epoll_out}) {
        t.expect_error(units->read(value), 0, "semaphore read");
        t.expect_equal(unit.now(), mask, "a semaphore read");
        t.expect_equal(unit.now(), nothing, "the same read again");
    }
}

} // namespace efd::claims
