// SPDX-License-Identifier: MIT
// conformance/claims/poll.cpp: section D of docs/semantics.md, what poll and select report at each count.
//
// One function for each row. The masks hold for every object, through object::poll, which asks for everything;
// requested masks, select and closed numbers need a number.
#include "conformance/framework/counts.hpp"
#include "conformance/framework/raw_calls.hpp"

#include <poll.h>
#include <sys/select.h>
#include <unistd.h>

namespace efd::claims {
namespace {

void expect_mask(trial& t, std::uint64_t count, unsigned claimed) {
    for (const int flags : {0, int{EFD_SEMAPHORE}, int{EFD_NONBLOCK}, EFD_SEMAPHORE | EFD_NONBLOCK})
        t.expect_equal(with_count(t, count, flags)->poll(), claimed, "poll at " + std::to_string(count));
}

// Whether its number is that of a bell of efd_eventfd, which shows what poll shows, except POLLERR.
bool shows_no_error(const object& o) { return o.number() >= 0 && o.descriptor() < 0; }

short poll_for(int fd, short events) {
    pollfd asked{fd, events, 0};
    return ::poll(&asked, 1, 0) < 0 ? short{-1} : asked.revents;
}

// r, w and x for the sets in which select leaves the descriptor.
std::string select_says(int fd) {
    fd_set in, out, except;
    FD_ZERO(&in);
    FD_SET(fd, &in);
    out = except = in;
    timeval now{0, 0};
    if (::select(fd + 1, &in, &out, &except, &now) < 0) return "error " + std::to_string(errno);
    return std::string(FD_ISSET(fd, &in) ? "r" : "") + (FD_ISSET(fd, &out) ? "w" : "") +
           (FD_ISSET(fd, &except) ? "x" : "");
}

constexpr std::uint64_t counts_in_between[] = {
    1,           2,          0xffffffffU, std::uint64_t{1} << 32, std::uint64_t{1} << 62, std::uint64_t{1} << 63,
    largest - 2, largest - 1};

} // namespace

CLAIM(K_047, object, "count 0: POLLOUT") { expect_mask(t, 0, POLLOUT); }

CLAIM(K_048, object, "count 1 to 2^64-3: POLLIN and POLLOUT") {
    for (const std::uint64_t count : counts_in_between) expect_mask(t, count, POLLIN | POLLOUT);
}

CLAIM(K_049, object, "count 2^64-2: POLLIN only") { expect_mask(t, largest, POLLIN); }

CLAIM(K_050, object, "count 2^64-1: POLLIN and POLLERR") {
    expect_mask(t, top, POLLIN | POLLERR);
    // declared difference: poll(2) of such a number shows no POLLERR
    if (const auto o = with_count(t, top); shows_no_error(*o))
        t.expect_equal(poll_for(o->number(), POLLIN | POLLOUT), POLLIN, "poll(2) of the number");
}

CLAIM(K_051, object, "no other bit, ever") {
    constexpr unsigned known = POLLIN | POLLOUT | POLLERR;
    for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{1}, largest - 1, largest, top}) {
        const auto o = with_count(t, count);
        t.expect_equal(o->poll() & ~known, 0U, "other bits at " + std::to_string(count));
        if (o->number() < 0) continue;
        const short claimed = count == top && !shows_no_error(*o) ? POLLERR : 0;
        t.expect_equal(poll_for(o->number(), POLLRDNORM | POLLWRNORM), claimed, "asked for RDNORM and WRNORM");
    }
}

CLAIM(K_052, number, "asked for nothing, and not saturated: nothing") {
    for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{1}, largest})
        t.expect_equal(poll_for(with_count(t, count)->number(), 0), 0, "poll at " + std::to_string(count));
}

CLAIM(K_053, descriptor, "POLLERR is reported whether asked for or not") {
    const auto o = with_count(t, top);
    t.expect_equal(poll_for(o->descriptor(), 0), POLLERR, "asked for nothing");
    t.expect_equal(poll_for(o->descriptor(), POLLOUT), POLLERR, "asked for POLLOUT");
    t.expect_equal(poll_for(o->descriptor(), POLLERR), POLLERR, "asked for POLLERR");
    t.expect_equal(poll_for(o->descriptor(), POLLIN), POLLIN | POLLERR, "asked for POLLIN");
}

CLAIM(K_054, number, "select: readable above 0, writable below 2^64-2 and at 2^64-1, never exceptional") {
    const auto says = [&](std::uint64_t count) { return select_says(with_count(t, count)->number()); };
    t.expect_equal(says(0), "w", "at 0");
    for (const std::uint64_t count : counts_in_between) t.expect_equal(says(count), "rw", std::to_string(count));
    t.expect_equal(says(largest), "r", "at 2^64-2");
    // Declared difference: POLLERR makes it writable there.
    t.expect_equal(says(top), shows_no_error(*t.make()) ? "r" : "rw", "at 2^64-1");
}

CLAIM(K_055, object, "masks do not depend on mode or O_NONBLOCK; a refused write does not change them") {
    for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{1}, largest - 1, largest, top}) {
        const unsigned claimed = with_count(t, count)->poll();
        for (const int flags : {int{EFD_SEMAPHORE}, int{EFD_NONBLOCK}, EFD_SEMAPHORE | EFD_NONBLOCK})
            t.expect_equal(with_count(t, count, flags)->poll(), claimed, "poll at " + std::to_string(count));
        const auto o = with_count(t, count, EFD_NONBLOCK);
        t.expect_error(o->write(top), EINVAL, "write of 2^64-1");
        t.expect_equal(o->poll(), claimed, "poll after an invalid write");
        if (count == 0) continue;
        t.expect_error(o->write(largest), EAGAIN, "write without room");
        t.expect_equal(o->poll(), claimed, "poll after a write without room");
    }
}

CLAIM(K_056, number, "closed: poll says POLLNVAL, select EBADF") {
    const auto fd = static_cast<int>(t.calls().dup(t.make(1)->number()).result);
    t.expect_equal(poll_for(fd, POLLIN), POLLIN, "poll while open");
    expect_result(t, t.calls().close(fd), 0, "close");
    t.expect_equal(poll_for(fd, POLLIN | POLLOUT), POLLNVAL, "poll");
    t.expect_equal(select_says(fd), "error " + std::to_string(EBADF), "select");
}

CLAIM(K_057, object, "polling consumes nothing") {
    for (const int mode : {0, int{EFD_SEMAPHORE}}) {
        const auto o = t.make(3, mode);
        for (int i = 0; i < 10; ++i) t.expect_equal(o->poll(), unsigned{POLLIN | POLLOUT}, "poll");
        if (o->number() >= 0) t.expect_equal(select_says(o->number()), "rw", "select");
        t.expect_equal(o->count(), 3U, "count afterwards");
    }
}

} // namespace efd::claims
