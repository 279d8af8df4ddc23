// SPDX-License-Identifier: MIT
// conformance/claims/epoll.cpp: section E of docs/semantics.md, epoll: readiness, one-shot, re-arming, duplicates,
// nesting.
//
// Owns K-058, K-071, K-072, K-075, K-078. The edges are in epoll_edges.cpp, threads asleep in epoll_wait in
// epoll_sleepers.cpp, the saturated count in epoll_saturation.cpp. Only the claim itself reads and writes the object,
// so each event has one cause.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/epoll_watch.hpp"
#include "conformance/framework/raw_calls.hpp"

#include <string>

#include <sys/eventfd.h>
#include <unistd.h>

namespace efd::claims {

CLAIM(K_058, watched, "ADD works, a second ADD of the descriptor is EEXIST; level-triggered repeats until drained") {
    auto o = t.make(0, EFD_NONBLOCK);
    const int fd = o->number();
    epoll_watch watch;
    t.expect_error(watch.add(fd, epoll_in), 0, "ADD");
    t.expect_error(watch.add(fd, epoll_in), EEXIST, "second ADD");
    t.expect_equal(watch.now(), nothing, "IN at count 0");
    o->write(2);
    for (int i = 0; i < 3; ++i) t.expect_equal(watch.now(), epoll_in, "IN repeats while the count is above 0");
    std::uint64_t value = 0;
    o->read(value);
    t.expect_equal(watch.now(), nothing, "IN after the read that drained");

    epoll_watch room(fd, epoll_out);
    for (int i = 0; i < 3; ++i) t.expect_equal(room.now(), epoll_out, "OUT repeats while there is room");
    o->write(full_count);
    t.expect_equal(room.now(), nothing, "OUT at count MAX-1");

    auto units = t.make(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    epoll_watch unit(units->number(), epoll_in);
    units->read(value);
    t.expect_equal(unit.now(), epoll_in, "IN after a semaphore read that left one");
    units->read(value);
    t.expect_equal(unit.now(), nothing, "IN after the semaphore read that drained");
}

CLAIM(K_071, watched, "ONESHOT: one event, silent until MOD; writes meanwhile are seen at MOD") {
    constexpr std::uint32_t once = EPOLLONESHOT;
    for (const std::uint32_t edge : {nothing, epoll_edge}) {
        auto o = t.make(0, EFD_NONBLOCK);
        const int fd = o->number();
        epoll_watch watch(fd, epoll_in | once | edge);
        t.expect_equal(watch.now(), nothing, "one-shot at count 0");
        o->write(1);
        t.expect_equal(watch.now(), epoll_in, "the one event");
        o->write(1);
        t.expect_equal(watch.now(), nothing, "a write after the one event");
        t.expect_error(watch.modify(fd, epoll_in | once | edge), 0, "MOD");
        t.expect_equal(watch.now(), epoll_in, "MOD sees the writes made meanwhile");

        std::uint64_t value = 0;
        o->read(value);
        t.expect_error(watch.modify(fd, epoll_in | once | edge), 0, "MOD when drained");
        t.expect_equal(watch.now(), nothing, "MOD at count 0 reports nothing");
        o->write(1);
        t.expect_equal(watch.now(), epoll_in, "armed again by MOD");
    }
}

CLAIM(K_072, watched, "MOD re-reports current readiness, also with ET") {
    for (const std::uint32_t edge : {nothing, epoll_edge}) {
        auto o = t.make(1, EFD_NONBLOCK);
        const int fd = o->number();
        epoll_watch watch(fd, epoll_in | edge);
        t.expect_equal(watch.now(), epoll_in, "at ADD");
        for (int i = 0; i < 2; ++i) {
            watch.modify(fd, epoll_in | edge);
            t.expect_equal(watch.now(), epoll_in, "MOD to the same mask");
        }
        watch.modify(fd, epoll_out | edge);
        t.expect_equal(watch.now(), epoll_out, "MOD to OUT");
        watch.modify(fd, epoll_in | epoll_out | edge);
        t.expect_equal(watch.now(), epoll_in | epoll_out, "MOD to IN+OUT");

        std::uint64_t value = 0;
        o->read(value);
        watch.modify(fd, epoll_in | edge);
        t.expect_equal(watch.now(), nothing, "MOD to IN at count 0");
    }
}

CLAIM(K_075, number, "events continue while a dup is open; the last close removes the watch silently") {
    auto o = t.make(0, EFD_NONBLOCK);
    const number_calls& calls = t.calls();
    const auto dup = [&](int fd) { return static_cast<int>(calls.dup(fd).result); };
    const auto add_one = [&](int fd) {
        const std::uint64_t one = 1;
        expect_result(t, calls.write(fd, &one, sizeof one), sizeof one, "write through a dup");
    };
    const int watched = dup(o->number()); // closed below; the object's own number stays
    const int other = dup(o->number());
    epoll_watch watch(watched, epoll_in | epoll_edge);
    expect_result(t, calls.close(watched), 0, "close of the watched number");
    std::uint64_t value = 0;
    for (int i = 0; i < 2; ++i) {
        add_one(other);
        t.expect_equal(watch.now(), epoll_in, "event after the watched number was closed");
        o->read(value);
    }

    // Both numbers of the next object are closed here; the close at the object's end fails.
    const auto next = t.make(0, EFD_NONBLOCK);
    const int first = next->number();
    const int last = dup(first);
    epoll_watch gone(first, epoll_in | epoll_out);
    t.expect_equal(gone.now(), epoll_out, "event before the closes");
    calls.close(first);
    t.expect_equal(gone.now(), epoll_out, "event with the dup open");
    t.expect(fdinfo_of(gone.descriptor()).find("tfd:") != std::string::npos,
             "the watch is there while the dup is open");
    add_one(last); // an event is pending when the last descriptor is closed
    calls.close(last);
    t.expect_equal(gone.now(), nothing, "event after the last close");
    t.expect(fdinfo_of(gone.descriptor()).find("tfd:") == std::string::npos, "the last close removes the watch");
}

CLAIM(K_078, watched, "nested epoll works") {
    for (const std::uint32_t edge : {nothing, epoll_edge}) {
        auto o = t.make(0, EFD_NONBLOCK);
        epoll_watch inner(o->number(), epoll_in);
        epoll_watch middle(inner.descriptor(), epoll_in | edge);
        epoll_watch outer;
        t.expect_error(outer.add(middle.descriptor(), epoll_in | edge), 0, "ADD of an epoll that watches an epoll");
        t.expect_equal(outer.now(), nothing, "outer at count 0");
        o->write(1);
        t.expect_equal(outer.now(), epoll_in, "outer after the write");
        t.expect_equal(outer.now(), edge == nothing ? epoll_in : nothing, "outer, asked again");
        t.expect_equal(middle.now(), epoll_in, "middle after the write");
        t.expect_equal(inner.now(), epoll_in, "inner after the write");

        std::uint64_t value = 0;
        o->read(value);
        t.expect_equal(inner.now(), nothing, "inner when drained");
        t.expect_equal(middle.now(), nothing, "middle when drained");
        t.expect_equal(outer.now(), nothing, "outer when drained");
        o->write(1);
        t.expect_equal(outer.now(), epoll_in, "outer after the next write");
    }
}

} // namespace efd::claims
