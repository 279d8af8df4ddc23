// SPDX-License-Identifier: MIT
// conformance/claims/io_uring.cpp: section K of docs/semantics.md, io_uring as signaller, reader, writer and poller of
// an eventfd.
//
// Owns K-137 to K-141. One thread drives the ring. What an operation of this thread completes is in the ring when the
// operation has returned, so "pending" is seen without waiting. Links with liburing (target_link_libraries uring).
// Invariant: an address given to the ring stays valid until its completion has come.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/descriptor_calls.hpp"
#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"
#include "conformance/framework/uring.hpp"

#include <cstring>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

namespace efd::claims {

namespace {

void require(trial& t, const uring& ring) {
    if (ring.refused() != 0) t.not_here("io_uring is refused");
}

void submit_read(uring& ring, int fd, std::uint64_t& value, std::uint64_t offset, int flags = 0) {
    io_uring_sqe* const entry = ring.next();
    ::io_uring_prep_read(entry, fd, &value, 8, offset);
    entry->rw_flags = flags;
    ring.submit();
}
void submit_write(uring& ring, int fd, const std::uint64_t& value, unsigned length = 8) {
    ::io_uring_prep_write(ring.next(), fd, &value, length, 0);
    ring.submit();
}

// The result of the next completion, which must come.
int result_of(trial& t, uring& ring, const std::string& what) {
    const uring::completion found = ring.wait();
    if (!found.came) t.abandon("no completion of " + what);
    return found.result;
}

// A read that waits at count 0, during write(0) and the close of its descriptor, until a write.
void read_at_zero(trial& t, int kind, std::uint64_t offset) {
    uring ring;
    require(t, ring);
    auto o = t.make(0, kind);
    const int fd = ::dup(o->descriptor());
    std::uint64_t value = 0;
    submit_read(ring, fd, value, offset);
    t.expect(!ring.now().came, "READ at count 0 is pending");
    t.expect_error(o->write(0), 0, "write(0)");
    t.expect(!ring.now().came, "READ is pending after write(0)");
    ::close(fd);
    t.expect(!ring.now().came, "READ is pending after close");
    t.expect_error(o->write(9), 0, "write");
    t.expect_equal(result_of(t, ring, "READ after a write"), 8, "READ after a write");
    t.expect_equal(value, (kind & EFD_SEMAPHORE) != 0 ? 1 : 9, "value of READ after a write");
    t.expect_equal(o->count(), (kind & EFD_SEMAPHORE) != 0 ? 8 : 0, "count after READ");
}

// A write without room, pending until a read makes room.
void write_without_room(trial& t, object& o, std::uint64_t value) {
    uring ring;
    require(t, ring);
    const std::uint64_t before = o.count();
    submit_write(ring, o.descriptor(), value);
    t.expect(!ring.now().came, "WRITE without room is pending");
    t.expect_equal(o.count(), before, "count while WRITE is pending");
    std::uint64_t taken = 0;
    t.expect_error(o.read(taken), 0, "read");
    t.expect_equal(taken, before, "value read");
    t.expect_equal(result_of(t, ring, "WRITE after a read"), 8, "WRITE after a read");
    t.expect_equal(o.count(), value, "count after WRITE");
    o.read(taken);
}

} // namespace

CLAIM(K_137, descriptor, "REGISTER_EVENTFD: one nop is +1, one submit of 4 nops +1; EBUSY, EINVAL, EBADF, ENXIO") {
    uring ring;
    require(t, ring);
    auto o = t.make(0, EFD_NONBLOCK);
    auto other = t.make(0, EFD_NONBLOCK);
    t.expect_error(-::io_uring_unregister_eventfd(ring.ring()), ENXIO, "unregister when none is registered");
    const int epoll = ::epoll_create1(0);
    t.expect_error(-::io_uring_register_eventfd(ring.ring(), epoll), EINVAL, "register what is not an eventfd");
    ::close(epoll);
    t.expect_error(-::io_uring_register_eventfd(ring.ring(), epoll), EBADF, "register a closed descriptor");
    t.expect_error(-::io_uring_register_eventfd(ring.ring(), o->descriptor()), 0, "register");
    t.expect_error(-::io_uring_register_eventfd(ring.ring(), other->descriptor()), EBUSY, "register a second one");
    ring.submit_nops(1);
    t.expect_equal(result_of(t, ring, "a nop"), 0, "nop");
    t.expect_equal(o->count(), 1, "count after one nop");
    ring.submit_nops(4);
    for (int i = 0; i < 4; ++i) t.expect_equal(result_of(t, ring, "one of 4 nops"), 0, "nop");
    t.expect_equal(o->count(), 2, "count after 4 nops more in one submit");
    t.expect_error(-::io_uring_unregister_eventfd(ring.ring()), 0, "unregister");
    ring.submit_nops(1);
    t.expect_equal(result_of(t, ring, "a nop after unregister"), 0, "nop");
    t.expect_equal(o->count(), 2, "count after unregister");
    t.expect_equal(other->count(), 0, "count of the one refused");
}

CLAIM(K_138, descriptor, "CQ_EVENTFD_DISABLED suppresses; EVENTFD_ASYNC: inline completion 0, IOSQE_ASYNC +1") {
    uring ring;
    require(t, ring);
    auto o = t.make(0, EFD_NONBLOCK);
    t.expect_error(-::io_uring_register_eventfd(ring.ring(), o->descriptor()), 0, "register");
    t.expect_error(-::io_uring_cq_eventfd_toggle(ring.ring(), false), 0, "disable");
    ring.submit_nops(1);
    result_of(t, ring, "a nop while disabled");
    t.expect_equal(o->count(), 0, "count while disabled");
    t.expect_error(-::io_uring_cq_eventfd_toggle(ring.ring(), true), 0, "enable");
    ring.submit_nops(1);
    result_of(t, ring, "a nop when enabled again");
    t.expect_equal(o->count(), 1, "count when enabled again");

    uring async;
    auto worker = t.make(0, EFD_NONBLOCK);
    t.expect_error(-::io_uring_register_eventfd_async(async.ring(), worker->descriptor()), 0, "register EVENTFD_ASYNC");
    async.submit_nops(1);
    result_of(t, async, "an inline nop");
    t.expect_equal(worker->count(), 0, "count after an inline completion");
    async.submit_nops(1, IOSQE_ASYNC);
    result_of(t, async, "a nop of a worker");
    t.expect(wait_until([&] { return worker->count() == 1; }), "count 1 after the completion of a worker");
}

CLAIM(K_139, descriptor,
      "io_uring READ: pending at count 0, blocking or not, through write(0) and close, until a write") {
    for (const int kind : {0, static_cast<int>(EFD_NONBLOCK), static_cast<int>(EFD_SEMAPHORE)})
        for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{UINT64_MAX}}) {
            read_at_zero(t, kind, offset);
            uring ring;
            auto o = t.make(3, kind);
            std::uint64_t value = 0;
            submit_read(ring, o->descriptor(), value, offset);
            t.expect_equal(result_of(t, ring, "READ at count 3"), 8, "READ at count 3");
            t.expect_equal(value, (kind & EFD_SEMAPHORE) != 0 ? 1 : 3, "value of READ at count 3");
        }
    uring ring;
    auto o = t.make(0);
    const int fd = o->descriptor();
    std::uint64_t value = 0;
    submit_read(ring, fd, value, 0, RWF_NOWAIT);
    t.expect_equal(result_of(t, ring, "RWF_NOWAIT READ at count 0"), -EAGAIN, "RWF_NOWAIT READ at count 0");
    for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{0x0102030405060708U}}) {
        o->write(count);
        ::io_uring_prep_read(ring.next(), fd, &value, 7, 0);
        ring.submit();
        t.expect_equal(result_of(t, ring, "READ of 7 bytes"), -EINVAL, "READ of 7 bytes");
        t.expect_equal(o->count(), count, "count after READ of 7 bytes");
    }
    std::uint32_t halves[2] = {0, 0};
    const iovec parts[] = {{&halves[0], 4}, {&halves[1], 4}};
    ::io_uring_prep_readv(ring.next(), fd, parts, 2, 0);
    ring.submit();
    t.expect_equal(result_of(t, ring, "READV 4+4"), 8, "READV 4+4");
    std::memcpy(&value, halves, sizeof value);
    t.expect_equal(value, 0x0102030405060708U, "value of READV 4+4");
}

CLAIM(K_140, descriptor,
      "io_uring POLL gives the key of the wake: POLL(IN) completes on write(0); one CQE for each write") {
    uring ring;
    require(t, ring);
    auto o = t.make(0, EFD_NONBLOCK);
    ring.submit_poll(o->descriptor(), POLLIN);
    t.expect(!ring.now().came, "POLL(IN) at count 0 is pending");
    t.expect_error(o->write(0), 0, "write(0)");
    t.expect_equal(result_of(t, ring, "POLL(IN) after write(0)"), POLLIN, "POLL(IN) after write(0)");
    t.expect_equal(o->count(), 0, "count");

    for (const unsigned asked : {unsigned{POLLIN}, unsigned{POLLIN | POLLOUT}}) {
        uring many;
        auto watched = t.make(0, EFD_NONBLOCK);
        many.submit_poll(watched->descriptor(), asked, true);
        if (asked != POLLIN) t.expect_equal(result_of(t, many, "multishot at first"), POLLOUT, "multishot at first");
        t.expect(!many.now().came, "multishot is silent before a write");
        for (const std::uint64_t value : {0ULL, 1ULL, 0ULL, 5ULL, 0ULL}) {
            t.expect_error(watched->write(value), 0, "write");
            const uring::completion found = many.wait();
            t.expect(found.came && (found.flags & IORING_CQE_F_MORE) != 0, "multishot goes on after a write");
            t.expect_equal(found.result, POLLIN, "multishot after write(" + std::to_string(value) + ")");
            t.expect(!many.now().came, "multishot: a second completion of one write");
        }
    }
}

CLAIM(K_141, descriptor,
      "io_uring WRITE: without room pending until a read; EAGAIN with O_NONBLOCK while POLLOUT is on") {
    uring ring;
    require(t, ring);
    auto o = t.make(0);
    std::uint64_t value[2] = {5, 6};
    submit_write(ring, o->descriptor(), value[0]);
    t.expect_equal(result_of(t, ring, "WRITE"), 8, "WRITE");
    t.expect_equal(o->count(), 5, "count after WRITE");
    if (kernel_at_least(6, 9)) { // before, a write could be longer than eight bytes
        submit_write(ring, o->descriptor(), value[0], 9);
        t.expect_equal(result_of(t, ring, "WRITE of 9 bytes"), -EINVAL, "WRITE of 9 bytes");
    }
    submit_write(ring, o->descriptor(), max_count);
    t.expect_equal(result_of(t, ring, "WRITE of MAX"), -EINVAL, "WRITE of MAX");
    const iovec parts[] = {{&value[0], 8}, {&value[1], 8}};
    ::io_uring_prep_writev(ring.next(), o->descriptor(), parts, 2, 0);
    ring.submit();
    t.expect_equal(result_of(t, ring, "WRITEV 8+8"), 16, "WRITEV 8+8");
    t.expect_equal(o->count(), 16, "count after WRITEV");
    o->read(value[0]);

    o->write(full_count);
    write_without_room(t, *o, 1); // POLLOUT is off
    o->write(full_count - 1);
    write_without_room(t, *o, 5); // POLLOUT is on

    o->set_nonblock(true);
    o->write(full_count);
    write_without_room(t, *o, 1);
    o->write(full_count - 1);
    const std::uint64_t five = 5;
    submit_write(ring, o->descriptor(), five);
    t.expect_equal(result_of(t, ring, "WRITE with O_NONBLOCK and POLLOUT"), -EAGAIN,
                   "WRITE with O_NONBLOCK and POLLOUT");
    t.expect_equal(o->count(), full_count - 1, "count after the refused WRITE");
}

} // namespace efd::claims
