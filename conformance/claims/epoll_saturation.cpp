// SPDX-License-Identifier: MIT
// conformance/claims/epoll_saturation.cpp: section E of docs/semantics.md, how watchers and sleepers see the saturating
// signal (MAX-1 to MAX).
//
// Owns K-076, K-077. The signal wakes with the key IN alone, so a watcher that did not ask for IN sees the error only
// when it wakes for another reason. A second descriptor, the bell, gives that reason. Links with liburing.
#include "conformance/framework/calm.hpp"
#include "conformance/framework/claim.hpp"
#include "conformance/framework/epoll_watch.hpp"
#include "conformance/framework/uring.hpp"

#include <deque>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/select.h>

namespace efd::claims {

namespace {

// An object at MAX-1, if this machine can signal it from there.
std::unique_ptr<object> about_to_saturate(trial& t) {
    auto o = t.make(0, EFD_NONBLOCK);
    if (o->signal() == ENOSYS) t.not_here("nothing here signals an eventfd from inside the kernel");
    o->write(full_count - 1);
    t.expect_equal(o->count(), full_count, "count before");
    return o;
}

// Asleep for `events` of fd and for the bell; the value is then the mask of fd.
sleeper polling_with_bell(trial& t, int fd, short events, int bell) {
    return polling(
        t,
        [fd, events, bell](std::uint64_t& revents) {
            pollfd asked[] = {{fd, events, 0}, {bell, POLLIN, 0}};
            const int error = error_of(::poll(asked, 2, -1));
            revents = static_cast<unsigned short>(asked[0].revents);
            return error;
        },
        "poll");
}
sleeper selecting_with_bell(trial& t, int fd, int bell) {
    return polling(
        t,
        [fd, bell](std::uint64_t& writable) {
            fd_set read_set;
            fd_set write_set;
            FD_ZERO(&read_set);
            FD_ZERO(&write_set);
            FD_SET(bell, &read_set);
            FD_SET(fd, &write_set);
            const int error = error_of(::select(std::max(fd, bell) + 1, &read_set, &write_set, nullptr, nullptr));
            writable = FD_ISSET(fd, &write_set) ? 1U : 0U;
            return error;
        },
        "select");
}

void watches_at_saturation(trial& t) {
    auto o = about_to_saturate(t);
    const int fd = o->descriptor();
    epoll_watch in(fd, epoll_in);
    epoll_watch edged(fd, epoll_in | epoll_edge);
    t.expect_equal(edged.now(), epoll_in, "IN+ET before");
    std::deque<epoll_watch> deaf;
    for (const std::uint32_t events : {epoll_out, epoll_err, nothing})
        for (const std::uint32_t edge : {nothing, epoll_edge}) {
            t.expect_error(deaf.emplace_back().add(fd, events | edge), 0, "ADD");
            t.expect_equal(deaf.back().now(), nothing, "a watch not for IN, before");
        }
    t.expect_error(o->signal(), 0, "signal");
    t.expect_equal(o->count(), max_count, "count after");
    t.expect_equal(in.now(), epoll_in | epoll_err, "IN");
    t.expect_equal(edged.now(), epoll_in | epoll_err, "IN+ET");
    t.expect_equal(edged.now(), nothing, "IN+ET a second time");
    for (epoll_watch& watch : deaf) t.expect_equal(watch.now(), nothing, "OUT, ERR or no events, level or ET");
}

void sleepers_at_saturation(trial& t) {
    auto o = about_to_saturate(t);
    auto bell = t.make(0, EFD_NONBLOCK);
    const int fd = o->descriptor();
    std::deque<sleeper> asleep;
    asleep.push_back(polling_with_bell(t, fd, POLLOUT, bell->descriptor()));
    asleep.push_back(polling_with_bell(t, fd, 0, bell->descriptor()));
    asleep.push_back(selecting_with_bell(t, fd, bell->descriptor()));
    epoll_watch watch(fd, epoll_out);
    asleep.push_back(polling(
        t,
        [&watch](std::uint64_t& mask) {
            mask = watch.wait();
            return 0;
        },
        "epoll_wait(OUT)"));
    std::deque<calm> calms(asleep.begin(), asleep.end());

    t.expect_error(o->signal(), 0, "signal");
    t.expect_equal(o->count(), max_count, "count after");
    const char* const names[] = {"poll(OUT)", "poll(0)", "select(write)", "epoll_wait(OUT)"};
    for (std::size_t i = 0; i < calms.size(); ++i)
        t.expect(calms[i].lasts(), std::string(names[i]) + " was woken by the saturating signal");

    bell->write(1);
    asleep[0].must_return_with(0, POLLERR, "the bell");
    asleep[1].must_return_with(0, POLLERR, "the bell");
    asleep[2].must_return_with(0, 1, "the bell");
    t.expect(calms[3].lasts(), "epoll_wait(OUT) was woken by the bell of others");
    std::uint64_t value = 0;
    o->read(value);
    asleep[3].must_return_with(0, epoll_out, "the read");
}

// Polls of io_uring, which report the key of the wake.
void rings_at_saturation(trial& t) {
    auto o = about_to_saturate(t);
    uring out;
    uring in;
    if (out.refused() != 0 || in.refused() != 0) return; // the rest of the row is done
    out.submit_poll(o->descriptor(), POLLOUT);
    t.expect(!out.now().came, "io_uring POLL(OUT) is pending before");
    in.submit_poll(o->descriptor(), POLLIN, true);
    const uring::completion before = in.wait();
    t.expect_equal(before.result, POLLIN, "multishot POLL(IN) at MAX-1");
    t.expect_error(o->signal(), 0, "signal");
    t.expect(!out.now().came, "io_uring POLL(OUT) completed at saturation");
    const uring::completion after = in.wait();
    t.expect(after.came, "multishot POLL(IN) completes at saturation");
    t.expect_equal(after.result, POLLIN, "multishot POLL(IN) at saturation");
    std::uint64_t value = 0;
    o->read(value);
    const uring::completion room = out.wait();
    t.expect_equal(room.result, POLLOUT, "io_uring POLL(OUT) after the read");
}

} // namespace

CLAIM(K_076, descriptor, "the saturating signal wakes only those who asked for IN; others learn of it when they look") {
    watches_at_saturation(t);
    sleepers_at_saturation(t);
    rings_at_saturation(t);
}

CLAIM(K_077, descriptor, "an IN watcher gets IN+ERR at saturation; an OUT watcher ADDed or MODed at MAX gets ERR") {
    for (const std::uint32_t edge : {nothing, epoll_edge}) {
        auto o = about_to_saturate(t);
        const int fd = o->descriptor();
        epoll_watch in(fd, epoll_in | edge);
        epoll_watch out(fd, epoll_out | edge);
        in.now();
        t.expect_error(o->signal(), 0, "signal");
        t.expect_equal(in.now(), epoll_in | epoll_err, "IN at saturation");
        t.expect_equal(out.now(), nothing, "OUT at saturation");
        out.modify(fd, epoll_out | edge);
        t.expect_equal(out.now(), epoll_err, "OUT after MOD at MAX");
        epoll_watch late_out(fd, epoll_out | edge);
        t.expect_equal(late_out.now(), epoll_err, "OUT after ADD at MAX");
        epoll_watch late_in(fd, epoll_in | edge);
        t.expect_equal(late_in.now(), epoll_in | epoll_err, "IN after ADD at MAX");
        epoll_watch late_none(fd, nothing | edge);
        t.expect_equal(late_none.now(), epoll_err, "no events after ADD at MAX");
    }
}

} // namespace efd::claims
