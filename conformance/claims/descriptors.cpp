// SPDX-License-Identifier: MIT
// conformance/claims/descriptors.cpp: section H of docs/semantics.md, what shares an eventfd and what belongs to one
// descriptor of it.
//
// Owns K-100 to K-103, K-108, K-158 to K-160: duplicates, other processes, sockets, exec, closed descriptors, and the
// two calls of libc. The flags are in descriptor_flags.cpp, other ways to a second process in processes.cpp. A write
// through one handle and the count through the other show that they share.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/descriptor_calls.hpp"
#include "conformance/framework/other_process.hpp"
#include "conformance/framework/passing.hpp"
#include "conformance/framework/raw_calls.hpp"

#include <climits>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace efd::claims {

namespace {

bool cloexec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }
bool nonblock(const number_calls& calls, int fd) { return (calls.fcntl(fd, F_GETFL, 0).result & O_NONBLOCK) != 0; }

// For a number that did not come by the backend's own calls: efd does not know it.
const number_calls& plain_calls() { return calls_of<common::kernel_face>::all(); }

// Count, O_NONBLOCK and id are the same for both, in both directions.
void expect_shared(trial& t, object& o, int other, const number_calls& calls, const std::string& how) {
    t.expect(other >= 0, how + " gives a number");
    t.expect_equal(id_in(calls.fdinfo(other)), o.id(), "id through " + how);
    const std::uint64_t before = o.count();
    const std::uint64_t five = 5;
    expect_result(t, calls.write(other, &five, sizeof five), sizeof five, "write through " + how);
    t.expect_equal(o.count(), before + 5, "count after a write through " + how);
    t.expect_error(o.write(2), 0, "write");
    std::uint64_t value = 0;
    expect_result(t, calls.read(other, &value, sizeof value), sizeof value, "read through " + how);
    t.expect_equal(value, o.semaphore() ? 1 : before + 7, "value read through " + how);
    t.expect_equal(o.count(), o.semaphore() ? before + 6 : 0, "count after a read through " + how);
    for (const bool on : {true, false}) {
        o.set_nonblock(on);
        t.expect_equal(nonblock(calls, other), on, "O_NONBLOCK through " + how);
        calls.fcntl(other, F_SETFL, on ? 0 : O_NONBLOCK);
        t.expect_equal(o.nonblock(), !on, "O_NONBLOCK set through " + how);
    }
}

// What is left of the descriptor after exec: whether a shell can write a 1 to it. -1 if there is no shell.
long write_after_exec(int fd, bool close_on_exec) {
    return in_other_process([&]() -> long {
        const pid_t child = ::fork();
        if (child == 0) {
            ::dup3(fd, 9, close_on_exec ? O_CLOEXEC : 0); // a number with one digit, as a shell wants it
            ::dup2(::open("/dev/null", O_WRONLY), 2);
            ::execl("/bin/sh", "sh", "-c", "printf '\\001\\000\\000\\000\\000\\000\\000\\000' >&9 || exit 1", nullptr);
            ::_exit(127);
        }
        int status = 0;
        if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
        return WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status) == 0;
    });
}

} // namespace

CLAIM(K_100, number, "dup, dup2, F_DUPFD share count, O_NONBLOCK and id; FD_CLOEXEC is per descriptor") {
    for (const int kind : {0, static_cast<int>(EFD_SEMAPHORE), static_cast<int>(EFD_CLOEXEC)}) {
        auto o = t.make(0, kind);
        const int fd = o->number();
        const auto number = [](answer found) { return static_cast<int>(found.result); };
        std::vector<int> plain{number(t.calls().dup(fd)), number(t.calls().fcntl(fd, F_DUPFD, 100))};
        std::vector<int> closing{number(t.calls().fcntl(fd, F_DUPFD_CLOEXEC, 100))};
        t.expect(plain[1] >= 100 && closing[0] >= 100, "F_DUPFD gives no number below the one that it names");
        for (const int other : plain) expect_shared(t, *o, other, t.calls(), "dup, F_DUPFD");
        for (const int other : closing) expect_shared(t, *o, other, t.calls(), "F_DUPFD_CLOEXEC");
        if (o->descriptor() >= 0) { // efd_fd_* have no such calls
            expect_shared(t, *o, plain.emplace_back(::dup2(fd, ::dup(fd))), plain_calls(), "dup2");
            expect_shared(t, *o, closing.emplace_back(::dup3(fd, ::dup(fd), O_CLOEXEC)), plain_calls(), "dup3");
        }
        for (const int other : plain) t.expect(!cloexec(other), "a duplicate is not cloexec unless asked");
        for (const int other : closing) t.expect(cloexec(other), "a duplicate is cloexec if asked");
        t.expect_equal(cloexec(fd), kind == EFD_CLOEXEC, "duplicates leave FD_CLOEXEC of the first alone");
        ::fcntl(plain[0], F_SETFD, FD_CLOEXEC);
        t.expect(!cloexec(plain[1]), "F_SETFD of one duplicate leaves another alone");
        t.expect_equal(cloexec(fd), kind == EFD_CLOEXEC, "F_SETFD of a duplicate leaves the first alone");
    }
}

CLAIM(K_101, descriptor, "fork shares the object") {
    auto o = t.make(3);
    const int fd = o->descriptor();
    t.expect_equal(in_other_process([fd] { return id_of(fd); }), o->id(), "id in the child");
    t.expect_equal(in_other_process([fd]() -> long {
                       std::uint64_t value = 0;
                       take_from(fd, value);
                       return static_cast<long>(value);
                   }),
                   3, "value that the child read");
    t.expect_equal(o->count(), 0, "count after the child's read");
    t.expect_equal(in_other_process([fd] { return add_to(fd, 5); }), 0, "the child's write");
    t.expect_equal(o->count(), 5, "count after the child's write");
    in_other_process([fd] { return ::fcntl(fd, F_SETFL, O_NONBLOCK); });
    t.expect(o->nonblock(), "O_NONBLOCK set by the child");
}

CLAIM(K_102, descriptor, "SCM_RIGHTS shares it; it survives with only an in-flight descriptor") {
    auto o = t.make(0);
    int pair[2] = {-1, -1};
    t.expect_error(error_of(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair)), 0, "socketpair");
    t.expect(send_descriptor(pair[0], o->descriptor()), "send");
    expect_shared(t, *o, receive_descriptor(pair[1]), plain_calls(), "SCM_RIGHTS");

    const int last = ::eventfd(7, EFD_SEMAPHORE | EFD_NONBLOCK);
    const int id = id_of(last);
    t.expect(send_descriptor(pair[0], last), "send of the last descriptor");
    ::close(last);
    const int back = receive_descriptor(pair[1]);
    t.expect_equal(id_of(back), id, "id after the flight");
    t.expect_equal(count_of(back), 7, "count after the flight");
    t.expect(nonblock(plain_calls(), back), "O_NONBLOCK after the flight");
    std::uint64_t value = 0;
    t.expect_error(take_from(back, value), 0, "read after the flight");
    t.expect_equal(value, 1, "semaphore mode after the flight");
}

CLAIM(K_103, descriptor, "kept over exec unless cloexec") {
    auto o = t.make(0, EFD_CLOEXEC);
    const long kept = write_after_exec(o->descriptor(), false);
    if (kept == -1) t.not_here("there is no shell to exec");
    t.expect_equal(kept, 1, "a program that was executed can write to it");
    t.expect_equal(o->count(), 1, "count after the write of the program");
    t.expect_equal(write_after_exec(o->descriptor(), true), 0, "a program can write to it in spite of cloexec");
    t.expect_equal(o->count(), 1, "count after the try with cloexec");
}

CLAIM(K_108, descriptor, "pidfd_getfd shares it") {
    int theirs = -1;
    other_process owner([&]() -> long { return theirs = ::eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK); });
    const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, owner.pid(), 0));
    if (pidfd < 0) t.not_here("pidfd_open is refused");
    const auto fd = static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, owner.answer(), 0));
    if (fd < 0 && (errno == EPERM || errno == ENOSYS)) t.not_here("pidfd_getfd is refused");
    t.expect_equal(count_of(fd), 3, "count");
    t.expect(cloexec(fd), "the descriptor got is cloexec");
    std::uint64_t value = 0;
    t.expect_error(take_from(fd, value), 0, "read");
    t.expect_equal(value, 1, "semaphore mode");

    const int ours = ::eventfd(0, 0); // the other way round: the child reads one of ours
    const int id = id_of(ours);
    const pid_t self = ::getpid();
    other_process reader([self, ours]() -> long {
        const auto parent = static_cast<int>(::syscall(SYS_pidfd_open, self, 0));
        const auto got = static_cast<int>(::syscall(SYS_pidfd_getfd, parent, ours, 0));
        return add_to(got, 9) == 0 ? id_of(got) : -1;
    });
    t.expect_equal(reader.answer(), id, "id in the other process");
    t.expect_equal(count_of(ours), 9, "count after the write of the other process");
}

CLAIM(K_158, number, "closed descriptor: read, write, close are EBADF, before any length check") {
    const auto o = t.make(1, EFD_NONBLOCK); // its number is closed here; its own close fails later
    const int fd = o->number();
    const number_calls& calls = t.calls();
    std::uint64_t value = 1;
    iovec part{&value, 8};
    t.expect_error(calls.close(fd).error, 0, "close");
    for (const std::size_t length : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{9}}) {
        t.expect_error(calls.read(fd, &value, length).error, EBADF, "read of " + std::to_string(length));
        t.expect_error(calls.write(fd, &value, length).error, EBADF, "write of " + std::to_string(length));
    }
    t.expect_error(calls.read(fd, no_memory_there(), 8).error, EBADF, "read into no memory");
    t.expect_error(calls.write(fd, no_memory_there(), 8).error, EBADF, "write from no memory");
    t.expect_error(calls.readv(fd, &part, 1).error, EBADF, "readv");
    t.expect_error(calls.writev(fd, &part, 1).error, EBADF, "writev");
    t.expect_error(o->read(value), EBADF, "read of the object");
    t.expect_error(o->write(max_count), EBADF, "write of MAX");
    t.expect_error(calls.fcntl(fd, F_GETFL, 0).error, EBADF, "F_GETFL");
    t.expect_error(calls.dup(fd).error, EBADF, "dup");
    t.expect_equal(calls.fdinfo(fd), "", "fdinfo");
    t.expect_error(calls.close(fd).error, EBADF, "close a second time");
    t.expect_equal(t.make()->number(), fd, "the number is free for the next");
}

CLAIM(K_159, number, "length SIZE_MAX or SSIZE_MAX: EFAULT; iovcnt 1025: EINVAL") {
    auto o = t.make(3, EFD_NONBLOCK);
    const int fd = o->number();
    const number_calls& calls = t.calls();
    std::uint64_t value = 1;
    for (const unsigned long length : {static_cast<unsigned long>(SIZE_MAX), static_cast<unsigned long>(SSIZE_MAX)}) {
        t.expect_error(calls.read(fd, &value, length).error, EFAULT, "read");
        t.expect_error(calls.write(fd, &value, length).error, EFAULT, "write");
    }
    std::vector<iovec> parts(1025, iovec{nullptr, 0});
    parts[0] = {&value, 8};
    t.expect_error(calls.readv(fd, parts.data(), 1025).error, EINVAL, "readv of 1025");
    t.expect_error(calls.writev(fd, parts.data(), 1025).error, EINVAL, "writev of 1025");
    t.expect_equal(o->count(), 3, "count after all that failed");
    t.expect_error(calls.readv(fd, parts.data(), 1024).error, 0, "readv of 1024");
    t.expect_equal(value, 3, "value of readv of 1024");
}

CLAIM(K_160, descriptor,
      "eventfd_read and eventfd_write: 0 or -1, a plain read or write of 8 bytes on any descriptor") {
    auto o = t.make(0, EFD_NONBLOCK);
    eventfd_t value = 0;
    t.expect_equal(::eventfd_write(o->descriptor(), 5), 0, "eventfd_write");
    t.expect_equal(o->count(), 5, "count");
    t.expect_equal(::eventfd_read(o->descriptor(), &value), 0, "eventfd_read");
    t.expect_equal(value, 5, "value");
    t.expect_equal(::eventfd_read(o->descriptor(), &value), -1, "eventfd_read at count 0");
    t.expect_error(errno, EAGAIN, "errno of eventfd_read at count 0");
    t.expect_equal(::eventfd_write(o->descriptor(), max_count), -1, "eventfd_write of MAX");
    t.expect_error(errno, EINVAL, "errno of eventfd_write of MAX");
    t.expect_equal(::eventfd_write(-1, 1), -1, "eventfd_write to no descriptor");
    t.expect_error(errno, EBADF, "errno of eventfd_write to no descriptor");

    int pipe[2] = {-1, -1};
    t.expect_error(error_of(::pipe(pipe)), 0, "pipe");
    t.expect_equal(::eventfd_write(pipe[1], 0x0102030405060708U), 0, "eventfd_write to a pipe");
    t.expect_equal(::eventfd_read(pipe[0], &value), 0, "eventfd_read from a pipe");
    t.expect_equal(value, 0x0102030405060708U, "value from the pipe");
    t.expect_equal(::write(pipe[1], "abc", 3), 3, "three bytes into the pipe");
    errno = ENOTNAM;
    t.expect_equal(::eventfd_read(pipe[0], &value), -1, "eventfd_read of three bytes");
    t.expect_error(errno, ENOTNAM, "errno after a short count");
}

} // namespace efd::claims
