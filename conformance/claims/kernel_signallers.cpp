// SPDX-License-Identifier: MIT
// conformance/claims/kernel_signallers.cpp: section K of docs/semantics.md, the kernel's own asynchronous I/O as
// signaller and reader of an eventfd.
//
// Owns K-132 to K-136 and K-142 to K-144; io_uring is in io_uring.cpp, KVM in kvm.cpp. Saturation runs on every backend
// through signal(), and with a descriptor through both kinds of completion as well. Links with liburing. Invariant: if
// a worker of the kernel may signal a completion a little later, the claim waits for it.
#include "conformance/framework/aio.hpp"
#include "conformance/framework/claim.hpp"
#include "conformance/framework/descriptor_calls.hpp"
#include "conformance/framework/epoll_watch.hpp"
#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"
#include "conformance/framework/uring.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

namespace efd::claims {

namespace {

// One read of a byte, which completes inside the call and signals `eventfd`; its result.
struct one_completion {
    int error;           // of the submission
    std::int64_t result; // of the read
};
one_completion complete_one(aio& context, int eventfd) {
    char byte = 0;
    aio_request request(IOCB_CMD_PREAD, one_byte_file(), &byte, 1);
    const int error = context.submit(request.signalling(eventfd));
    std::int64_t result = -1;
    if (error == 0) context.completed(result);
    return {error, result};
}

void require_aio(trial& t, const aio& context) {
    if (context.refused() != 0) t.not_here("asynchronous I/O is refused");
}

std::unique_ptr<object> at_max_minus_one(trial& t, int kind) {
    auto o = t.make(0, kind | EFD_NONBLOCK);
    t.expect_error(o->write(full_count), 0, "write of MAX-1");
    return o;
}

// A signal in the backend's own way; ends the trial if there is none.
void signal(trial& t, object& o) {
    const int error = o.signal();
    if (error == ENOSYS) t.not_here("nothing here signals an eventfd from inside the kernel");
    t.expect_error(error, 0, "signal");
}

void expect_saturated_then_drained(trial& t, object& o, const std::string& by) {
    t.expect_equal(o.count(), max_count, "count after " + by);
    t.expect_equal(o.poll(), POLLIN | POLLERR, "poll after " + by);
    std::uint64_t value = 0;
    t.expect_error(o.read(value), 0, "read after " + by);
    t.expect_equal(value, max_count, "value after " + by);
    t.expect_equal(o.count(), 0, "count after the read after " + by);
    t.expect_equal(o.poll(), POLLOUT, "poll after the read after " + by);
}

} // namespace

CLAIM(K_132, descriptor,
      "AIO completion: +1 each; not an eventfd: EINVAL; bad descriptor: EBADF; semaphores are fine") {
    aio context;
    require_aio(t, context);
    for (const int kind : {static_cast<int>(EFD_NONBLOCK), EFD_NONBLOCK | EFD_SEMAPHORE}) {
        auto o = t.make(0, kind);
        const one_completion one = complete_one(context, o->descriptor());
        t.expect_error(one.error, 0, "io_submit");
        t.expect_equal(one.result, 1, "result of the read");
        t.expect_equal(o->count(), 1, "count after one completion");

        char bytes[3] = {};
        const int file = one_byte_file();
        aio_request first(IOCB_CMD_PREAD, file, bytes, 1);
        aio_request second(IOCB_CMD_PREAD, file, bytes + 1, 1);
        aio_request third(IOCB_CMD_PREAD, file, bytes + 2, 1);
        for (aio_request* request : {&first, &second, &third}) request->signalling(o->descriptor());
        t.expect_error(context.submit({&first, &second, &third}), 0, "io_submit of three");
        std::int64_t result = 0;
        for (int i = 0; i < 3; ++i) t.expect(context.completed(result) && result == 1, "completion of one of three");
        t.expect_equal(o->count(), 4, "count after three more completions in one submit");
    }
    for (const int wrong : {one_byte_file(), ::epoll_create1(0)})
        t.expect_error(complete_one(context, wrong).error, EINVAL, "completion to what is not an eventfd");
    const int high = ::fcntl(::eventfd(0, 0), F_DUPFD, 500); // a number that no other code takes
    ::close(high);
    for (const int closed : {high, -1})
        t.expect_error(complete_one(context, closed).error, EBADF, "completion to a closed descriptor");
}

CLAIM(K_133, object, "one signal at MAX-1: count MAX, poll IN+ERR, a read takes MAX and leaves 0, poll OUT") {
    auto o = at_max_minus_one(t, 0);
    t.expect_equal(o->poll(), POLLIN, "poll at MAX-1");
    signal(t, *o);
    expect_saturated_then_drained(t, *o, "a signal");
    if (o->descriptor() < 0) return;

    aio context;
    if (context.refused() == 0) {
        t.expect_error(o->write(full_count), 0, "write of MAX-1");
        t.expect_equal(complete_one(context, o->descriptor()).result, 1, "completion");
        expect_saturated_then_drained(t, *o, "an AIO completion");
    }
    uring ring;
    if (ring.refused() == 0) {
        t.expect_error(o->write(full_count), 0, "write of MAX-1");
        t.expect_error(-::io_uring_register_eventfd(ring.ring(), o->descriptor()), 0, "register");
        ring.submit_nops(1);
        t.expect(ring.wait().came, "completion of io_uring");
        expect_saturated_then_drained(t, *o, "an io_uring completion");
    }
}

CLAIM(K_134, object, "further signals at MAX: count stays MAX, the completion succeeds, still a wake with IN") {
    auto o = at_max_minus_one(t, 0);
    signal(t, *o);
    for (int i = 0; i < 3; ++i) {
        signal(t, *o);
        t.expect_equal(o->count(), max_count, "count after one more signal");
        t.expect_equal(o->poll(), POLLIN | POLLERR, "poll after one more signal");
    }
    if (o->descriptor() < 0) return;
    epoll_watch watch(o->descriptor(), epoll_in | epoll_edge);
    t.expect_equal(watch.now(), epoll_in | epoll_err, "at ADD");
    aio context;
    require_aio(t, context);
    for (int i = 0; i < 3; ++i) {
        t.expect_equal(complete_one(context, o->descriptor()).result, 1, "the completion at MAX");
        t.expect_equal(watch.now(), epoll_in | epoll_err, "the event of a completion at MAX");
        t.expect_equal(watch.now(), nothing, "the same completion again");
    }
    t.expect_equal(o->count(), max_count, "count at the end");
}

CLAIM(K_135, object, "semaphore read at MAX: takes 1, leaves MAX-1, poll IN only") {
    auto o = at_max_minus_one(t, EFD_SEMAPHORE);
    signal(t, *o);
    t.expect_equal(o->count(), max_count, "count");
    t.expect_equal(o->poll(), POLLIN | POLLERR, "poll at MAX");
    std::uint64_t value = 0;
    t.expect_error(o->read(value), 0, "read");
    t.expect_equal(value, 1, "value");
    t.expect_equal(o->count(), full_count, "count after the read");
    t.expect_equal(o->poll(), POLLIN, "poll after the read");
    t.expect_error(o->read(value), 0, "second read");
    t.expect_equal(o->poll(), POLLIN | POLLOUT, "poll after the second read");
}

CLAIM(K_136, descriptor, "fdinfo at MAX: ffffffffffffffff") {
    auto o = at_max_minus_one(t, 0);
    t.expect_equal(fdinfo_field(o->descriptor(), "eventfd-count"), "fffffffffffffffe", "at MAX-1");
    for (int i = 0; i < 2; ++i) {
        signal(t, *o);
        t.expect_equal(fdinfo_field(o->descriptor(), "eventfd-count"), "ffffffffffffffff", "at MAX");
    }
}

CLAIM(K_142, descriptor,
      "AIO PREAD of an eventfd works, and blocks in io_submit at count 0; PWRITE and FSYNC: EINVAL") {
    aio context;
    require_aio(t, context);
    auto o = t.make(5);
    const int fd = o->descriptor();
    std::uint64_t value = 0;
    std::int64_t result = 0;
    aio_request read(IOCB_CMD_PREAD, fd, &value, 8);
    t.expect_error(context.submit(read), 0, "io_submit of PREAD");
    t.expect(context.completed(result), "completion of PREAD");
    t.expect_equal(result, 8, "result of PREAD");
    t.expect_equal(value, 5, "value of PREAD");
    t.expect_equal(o->count(), 0, "count after PREAD");

    sleeper submitter(
        t, [](pid_t tid) { return asleep_in(tid, {SYS_io_submit}); },
        [&](std::uint64_t&) { return context.submit(read); }, "io_submit");
    o->write(7);
    submitter.must_return_with(0, "a write");
    t.expect(context.completed(result), "completion of the PREAD that blocked");
    t.expect_equal(result, 8, "result of the PREAD that blocked");
    t.expect_equal(value, 7, "value of the PREAD that blocked");

    o->set_nonblock(true);
    t.expect_error(context.submit(read), 0, "io_submit of PREAD at count 0 with O_NONBLOCK");
    t.expect(context.completed(result), "completion of PREAD at count 0 with O_NONBLOCK");
    t.expect_equal(result, -EAGAIN, "result of PREAD at count 0 with O_NONBLOCK");

    aio_request write(IOCB_CMD_PWRITE, fd, &value, 8);
    t.expect_error(context.submit(write), EINVAL, "io_submit of PWRITE");
    for (const unsigned sync : {IOCB_CMD_FSYNC, IOCB_CMD_FDSYNC}) {
        aio_request request(sync, fd, nullptr, 0);
        t.expect_error(context.submit(request), EINVAL, "io_submit of FSYNC or FDSYNC");
    }
    t.expect_equal(o->count(), 0, "count at the end");
}

CLAIM(K_143, descriptor, "AIO POLL of an eventfd that signals itself or another: no deadlock, both counts are right") {
    aio context;
    require_aio(t, context);
    std::int64_t result = 0;
    auto polled = t.make(0, EFD_NONBLOCK);
    auto other = t.make(0, EFD_NONBLOCK);
    aio_request to_other = aio_request::poll(polled->descriptor(), POLLIN);
    t.expect_error(context.submit(to_other.signalling(other->descriptor())), 0, "io_submit");
    t.expect(context.pending(), "POLL(IN) is pending at count 0");
    t.expect_error(polled->write(1), 0, "write");
    t.expect(context.completed(result), "completion");
    t.expect_equal(result, POLLIN, "result");
    t.expect(wait_until([&] { return other->count() == 1; }), "the other eventfd is signalled");
    t.expect_equal(polled->count(), 1, "count of the polled one");

    auto itself = t.make(0, EFD_NONBLOCK);
    aio_request to_itself = aio_request::poll(itself->descriptor(), POLLIN);
    t.expect_error(context.submit(to_itself.signalling(itself->descriptor())), 0, "io_submit to itself");
    t.expect(context.pending(), "POLL(IN) to itself is pending at count 0");
    t.expect_error(itself->write(1), 0, "write");
    t.expect(context.completed(result), "completion to itself");
    t.expect(wait_until([&] { return itself->count() == 2; }), "the eventfd is signalled from its own wake");

    auto idle = t.make(0, EFD_NONBLOCK);
    aio_request on_zero = aio_request::poll(idle->descriptor(), POLLIN);
    t.expect_error(context.submit(on_zero), 0, "io_submit");
    t.expect_error(idle->write(0), 0, "write(0)");
    t.expect(context.completed(result), "POLL(IN) at count 0 completes on write(0)");
    t.expect_equal(result, POLLIN, "result after write(0)");
    t.expect_equal(idle->count(), 0, "count after write(0)");
    t.expect_equal(other->count(), 1, "count of the other one at the end");
}

CLAIM(K_144, descriptor, "signalling a context whose descriptors are all closed is harmless") {
    aio context;
    require_aio(t, context);
    auto trigger = t.make(0, EFD_NONBLOCK);
    const int signalled = ::eventfd(0, EFD_NONBLOCK);
    aio_request request = aio_request::poll(trigger->descriptor(), POLLIN);
    t.expect_error(context.submit(request.signalling(signalled)), 0, "io_submit");
    ::close(signalled);
    t.expect_error(trigger->write(1), 0, "write");
    std::int64_t result = 0;
    t.expect(context.completed(result), "completion with the eventfd closed");
    t.expect_equal(result, POLLIN, "result");

    uring ring;
    if (ring.refused() != 0) return; // one signaller is done
    const int registered = ::eventfd(0, EFD_NONBLOCK);
    t.expect_error(-::io_uring_register_eventfd(ring.ring(), registered), 0, "register");
    ::close(registered);
    for (int i = 0; i < 3; ++i) {
        ring.submit_nops(1);
        const uring::completion done = ring.wait();
        t.expect(done.came && done.result == 0, "completion of io_uring with the eventfd closed");
    }
}

} // namespace efd::claims
