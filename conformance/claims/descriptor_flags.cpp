// SPDX-License-Identifier: MIT
// conformance/claims/descriptor_flags.cpp: section H of docs/semantics.md, flags of an eventfd's open file, and their
// effect.
//
// Owns K-104 to K-107. O_NONBLOCK is the one flag that an eventfd honours; the others are kept or refused, and no
// signal is ever sent. K-104 runs on every backend, the rest needs a number.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/descriptor_calls.hpp"
#include "conformance/framework/number_calls.hpp"
#include "conformance/framework/sleeper.hpp"

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

namespace efd::claims {

namespace {

// Sets or clears O_NONBLOCK in each way that a number offers.
int by_setfl(const number_calls& calls, int fd, int on) {
    const long flags = calls.fcntl(fd, F_GETFL, 0).result;
    return calls.fcntl(fd, F_SETFL, on != 0 ? flags | O_NONBLOCK : flags & ~O_NONBLOCK).error;
}
int by_fionbio(const number_calls& calls, int fd, int on) { return calls.ioctl(fd, FIONBIO, &on).error; }

void expect_read_blocks(trial& t, object& o) {
    sleeper reader = sleeper::reading(t, o); // ends the trial if the read returns
    o.write(1);
    reader.must_return_with(0, 1, "a write");
}
void expect_write_blocks(trial& t, object& o) {
    o.write(full_count);
    sleeper writer = sleeper::writing(t, o, 1);
    std::uint64_t value = 0;
    o.read(value);
    writer.must_return_with(0, "a read");
    o.read(value);
}

void expect_eagain(trial& t, object& o) {
    std::uint64_t value = 0;
    t.expect_error(o.read(value), EAGAIN, "read at count 0");
    t.expect_error(o.write(full_count), 0, "write of MAX-1");
    t.expect_error(o.write(1), EAGAIN, "write at MAX-1");
    t.expect_error(o.read(value), 0, "read of what was written");
}

} // namespace

CLAIM(K_104, object, "O_NONBLOCK is turned on and off at any time and honoured at the next call, for all duplicates") {
    for (const int made : {0, static_cast<int>(EFD_NONBLOCK)}) {
        auto o = t.make(0, made);
        t.expect_equal(o->nonblock(), made == EFD_NONBLOCK, "as it was made");
        for (int i = 0; i < 2; ++i) {
            t.expect_error(o->set_nonblock(true), 0, "turn on");
            t.expect(o->nonblock(), "on");
            expect_eagain(t, *o);
            t.expect_error(o->set_nonblock(false), 0, "turn off");
            t.expect(!o->nonblock(), "off");
            expect_read_blocks(t, *o);
            expect_write_blocks(t, *o);
        }
    }
    auto o = t.make(0);
    if (o->number() < 0) return;
    const number_calls& calls = t.calls();
    const auto other = static_cast<int>(calls.dup(o->number()).result);
    for (const auto set : {by_setfl, by_fionbio}) {
        t.expect_error(set(calls, other, 1), 0, "turn on through a dup");
        expect_eagain(t, *o);
        t.expect_error(set(calls, o->number(), 0), 0, "turn off");
        t.expect_equal(calls.fcntl(other, F_GETFL, 0).result & O_NONBLOCK, 0, "O_NONBLOCK of the dup");
        expect_read_blocks(t, *o);
    }
}

CLAIM(K_105, number, "no SIGIO: O_ASYNC is dropped without an error, FIOASYNC is ENOTTY, no SIGIO ever") {
    auto o = t.make(0, EFD_NONBLOCK);
    const int fd = o->number();
    const number_calls& calls = t.calls();
    sigset_t io;
    sigemptyset(&io);
    sigaddset(&io, SIGIO);
    ::pthread_sigmask(SIG_BLOCK, &io, nullptr); // a SIGIO that came would stay pending
    t.expect_error(calls.fcntl(fd, F_SETOWN, ::getpid()).error, 0, "F_SETOWN");
    const long flags = calls.fcntl(fd, F_GETFL, 0).result;
    t.expect_error(calls.fcntl(fd, F_SETFL, flags | O_ASYNC).error, 0, "F_SETFL with O_ASYNC");
    t.expect_equal(calls.fcntl(fd, F_GETFL, 0).result, flags, "F_GETFL after O_ASYNC");
    int on = 1;
    t.expect_error(calls.ioctl(fd, FIOASYNC, &on).error, ENOTTY, "FIOASYNC(1)");
    t.expect_equal(calls.fcntl(fd, F_GETFL, 0).result, flags, "F_GETFL after FIOASYNC");
    std::uint64_t value = 0;
    o->write(full_count);
    o->read(value);
    o->write(1);
    sigset_t pending;
    ::sigpending(&pending);
    t.expect(sigismember(&pending, SIGIO) == 0, "SIGIO after write and read");
    ::raise(SIGIO);
    ::sigpending(&pending);
    t.expect(sigismember(&pending, SIGIO) == 1, "SIGIO would have been seen");
}

CLAIM(K_106, number, "F_SETFL: O_DIRECT EINVAL; O_APPEND and O_NOATIME stick without effect; access mode ignored") {
    auto o = t.make(0, EFD_NONBLOCK);
    const int fd = o->number();
    const number_calls& calls = t.calls();
    const long flags = calls.fcntl(fd, F_GETFL, 0).result;
    t.expect_error(calls.fcntl(fd, F_SETFL, flags | O_DIRECT).error, EINVAL, "O_DIRECT");
    t.expect_equal(calls.fcntl(fd, F_GETFL, 0).result, flags, "F_GETFL after O_DIRECT");
    for (const int ignored : {static_cast<int>(O_RDONLY), static_cast<int>(O_WRONLY), static_cast<int>(O_ACCMODE),
                              O_RDWR | O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY}) {
        t.expect_error(calls.fcntl(fd, F_SETFL, ignored | O_NONBLOCK).error, 0, "access mode and creation bits");
        t.expect_equal(calls.fcntl(fd, F_GETFL, 0).result, flags, "F_GETFL after access mode and creation bits");
    }
    const bool owner = owns_inode_of(fd); // only the owner may ask for O_NOATIME
    for (const int kept : {static_cast<int>(O_APPEND), static_cast<int>(O_NOATIME), O_APPEND | O_NOATIME}) {
        const bool allowed = owner || (kept & O_NOATIME) == 0;
        const long before = calls.fcntl(fd, F_GETFL, 0).result;
        t.expect_error(calls.fcntl(fd, F_SETFL, flags | kept).error, allowed ? 0 : EPERM, "O_APPEND, O_NOATIME");
        t.expect_equal(calls.fcntl(fd, F_GETFL, 0).result, allowed ? flags | kept : before,
                       "F_GETFL after O_APPEND, O_NOATIME");
        std::uint64_t value = 0;
        t.expect_error(o->read(value), EAGAIN, "read at count 0");
        t.expect_error(o->write(4), 0, "write");
        t.expect_error(o->write(3), 0, "write");
        t.expect_equal(o->poll(), POLLIN | POLLOUT, "poll");
        t.expect_error(o->read(value), 0, "read");
        t.expect_equal(value, 7, "value");
    }
}

CLAIM(K_107, number, "F_SETOWN, F_GETOWN, F_SETSIG, F_GETSIG store and return values, otherwise inert") {
    auto o = t.make(0, EFD_NONBLOCK);
    const int fd = o->number();
    const number_calls& calls = t.calls();
    t.expect_equal(calls.fcntl(fd, F_GETOWN, 0).result, 0, "F_GETOWN at first");
    t.expect_equal(calls.fcntl(fd, F_GETSIG, 0).result, 0, "F_GETSIG at first");
    for (const pid_t owner : {::getpid(), 0}) {
        t.expect_error(calls.fcntl(fd, F_SETOWN, owner).error, 0, "F_SETOWN");
        t.expect_equal(calls.fcntl(fd, F_GETOWN, 0).result, owner, "F_GETOWN");
    }
    for (const int number : {SIGUSR1, SIGIO, 0}) {
        t.expect_error(calls.fcntl(fd, F_SETSIG, number).error, 0, "F_SETSIG");
        t.expect_equal(calls.fcntl(fd, F_GETSIG, 0).result, number, "F_GETSIG");
    }
    t.expect_error(calls.fcntl(fd, F_SETSIG, 65).error, EINVAL, "F_SETSIG of no signal");

    calls.fcntl(fd, F_SETOWN, ::getpid());
    calls.fcntl(fd, F_SETSIG, SIGUSR1);
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::uint64_t value = 0;
    t.expect_error(o->write(full_count), 0, "write");
    t.expect_equal(o->poll(), POLLIN, "poll after the write");
    t.expect_error(o->read(value), 0, "read");
    t.expect_equal(o->poll(), POLLOUT, "poll after the read");
    sigset_t pending;
    ::sigpending(&pending);
    t.expect(sigismember(&pending, SIGUSR1) == 0 && sigismember(&pending, SIGIO) == 0, "a signal after write and read");
}

} // namespace efd::claims
