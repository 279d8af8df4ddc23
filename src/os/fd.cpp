// SPDX-License-Identifier: MIT
// os/fd.cpp: see fd.hpp.
#include "os/fd.hpp"

#include "os/clock.hpp"
#include "os/errno.hpp"
#include "os/marked.hpp"
#include "os/memory.hpp"
#include "os/raw_call.hpp"
#include "os/statx.hpp"

#include <efd/detail/base/atomic.hpp>

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027 // Linux 6.10
#endif

namespace efd::os {

constinit base::atomic<std::uint64_t> calls_made{0};

namespace {

// The notes: for each number its last owner, in pieces that are made at first use and stay. Null: it was given out
// while there was no memory for the piece, or never.
using note = base::atomic<const void*>;
constexpr unsigned piece_notes = 1U << 12;
constexpr unsigned pieces_most = 1U << 12; // numbers below 2^24
constinit base::atomic<note*> pieces[pieces_most] = {};
constexpr char nobody = 0; // the owner that never asks

note* note_of(int fd) noexcept {
    const auto number = static_cast<unsigned>(fd);
    if (fd < 0 || number / piece_notes >= pieces_most) return nullptr;
    note* const piece = pieces[number / piece_notes].load(base::acquire);
    return piece == nullptr ? nullptr : piece + number % piece_notes;
}

[[gnu::noinline]] note* make_note(int fd) noexcept {
    const auto number = static_cast<unsigned>(fd);
    if (fd < 0 || number / piece_notes >= pieces_most) return nullptr;
    const errno_keeper keeper;
    auto* const made = static_cast<note*>(map_zeroed(piece_notes * sizeof(note)));
    if (made == nullptr) return nullptr;
    note* none = nullptr;
    // If another thread was first the memory is lost; it was never touched.
    // Pairs with note_of().
    (void)pieces[number / piece_notes].compare_exchange_strong(none, made, base::acq_rel, base::acquire);
    return note_of(fd);
}

constexpr int first_apart = 512;

// The fcntl commands that libc makes cancellation points.
constexpr bool may_sleep(int cmd) noexcept { return cmd == F_SETLKW || cmd == F_SETLKW64 || cmd == F_OFD_SETLKW; }

} // namespace

bool is_marked(int fd) noexcept {
    const errno_keeper keeper;
    return has_mark(fd);
}

void mark(int fd) noexcept {
    const errno_keeper keeper;
    (void)with_mark(fd);
}

void note_owner(int fd, const void* owner) noexcept {
    note* of = note_of(fd);
    if (of == nullptr) of = make_note(fd);
    if (of != nullptr) of->store(owner != nullptr ? owner : &nobody, base::release); // pairs with is_owner()
}

bool is_owner(int fd, const void* owner) noexcept {
    if (fd < 0) return false;
    const note* const of = note_of(fd);
    const void* const noted = of == nullptr ? nullptr : of->load(base::acquire);
    return noted == nullptr || noted == owner;
}

bool is_own(int fd, const void* owner) noexcept { return is_owner(fd, owner) && is_marked(fd); }

void close_fd(int fd) noexcept {
    const errno_keeper keeper;
    if (has_mark(fd)) raw_close(fd);
}

void close_known_fd(int fd) noexcept {
    const errno_keeper keeper;
    raw_close(fd);
}

bool give_number_back(int fd) noexcept { return raw_close(fd) == 0; }

file_identity identity_of(int fd) noexcept {
    const errno_keeper keeper;
    struct stat about{};
    if (::fstat(fd, &about) != 0) return {};
    return {about.st_dev, about.st_ino};
}

bool same_file(int one, int other) noexcept {
    const errno_keeper keeper;
    if (const int same = raw_fcntl(one, F_DUPFD_QUERY, other); same >= 0) return same == 1;
    if (errno == EBADF) return false;
    constexpr long compare_files = 0;
    const pid_t self = ::getpid();
    return ::syscall(SYS_kcmp, self, self, compare_files, one, other) <= 0;
}

bool is_anonymous(int fd) noexcept {
    const errno_keeper keeper;
    return is_anonymous_file(fd);
}

file_place place_of_file(int fd) noexcept {
    const errno_keeper keeper;
    struct ::statx found{};
    constexpr unsigned mount_id = 0x1000; // STATX_MNT_ID, Linux 5.8
    if (file_status(fd, "", AT_EMPTY_PATH, STATX_INO | mount_id, found) != 0) return {0, 0};
    return {found.stx_mnt_id, found.stx_ino};
}

int dup_high(int fd, int other_than) noexcept {
    const errno_keeper keeper;
    int result = -EMFILE;
    const int above = other_than + 1;
    // The last two: the limit is low, or all numbers above are taken.
    for (const int least : {std::max(first_apart, above), first_apart, above, 0}) {
        const int made = result_of(raw_fcntl(fd, F_DUPFD_CLOEXEC, least));
        if (made >= 0 && made != other_than) return made;
        if (made >= 0) raw_close(made); // other_than itself
        result = made >= 0 ? -EMFILE : made;
    }
    return result;
}

int to_high_number(int fd) noexcept {
    const int high = dup_high(fd);
    if (high < 0) return fd;
    close_known_fd(fd);
    return high;
}

void dup_onto(int from, int to) noexcept {
    const errno_keeper keeper;
    raw_dup3(from, to, exec_flag(to));
}

const int plain_duplicate = F_DUPFD;

command command_of(int cmd) noexcept {
    switch (cmd) {
    case F_GETFL: return command::get_status;
    case F_SETFL: return command::set_status;
    case F_GETSIG: return command::get_signal;
    case F_SETSIG: return command::set_signal;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: return command::duplicate;
    default: return command::other;
    }
}

bool is_signal(long number) noexcept { return number >= 0 && number < _NSIG; }

int control(int fd, int cmd, long argument) noexcept {
    const errno_keeper keeper;
    if (may_sleep(cmd)) return result_of(raw_fcntl(fd, cmd, argument));
    return result_of(::fcntl(fd, cmd, cmd == F_SETFL ? argument | O_NONBLOCK : argument));
}

namespace {
// POSIX and some libcs have the request as int, others as unsigned long; the kernel looks at 32 bits of it.
template <class Request>
int call_ioctl(int (*libcs)(int, Request, ...), int fd, unsigned long request, void* argument) noexcept {
    return libcs(fd, static_cast<Request>(request), argument);
}
} // namespace

int control_device(int fd, unsigned long request, void* argument) noexcept {
    const errno_keeper keeper;
    return result_of(call_ioctl(::ioctl, fd, request, argument));
}

bool sets_nonblock(unsigned long request) noexcept { return request == FIONBIO; }

int status_flags(int fd) noexcept { return control(fd, F_GETFL, 0); }

int exec_flag(int fd) noexcept { return (control(fd, F_GETFD, 0) & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0; }

bool is_readable(int fd) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    pollfd asked{fd, POLLIN, 0};
    return raw_poll(&asked, 1, 0) != 0;
}

poll_end poll_readable(std::span<const int> fds, std::int64_t deadline_ns) noexcept {
    const errno_keeper keeper;
    constexpr std::size_t most = 2;
    pollfd asked[most] = {};
    for (std::size_t i = 0; i < fds.size() && i < most; ++i) asked[i] = {fds[i], POLLIN, 0};
    const bool for_ever = deadline_ns == std::numeric_limits<std::int64_t>::max();
    const std::int64_t left_ns = for_ever ? -1 : std::max<std::int64_t>(deadline_ns - now_ns(), 0);
    calls_made.fetch_add(1, base::relaxed);
    const long got = raw_poll(asked, std::min(fds.size(), most), left_ns);
    if (got > 0) return poll_end::ready;
    return got == 0 ? poll_end::timed_out : poll_end::interrupted;
}

std::uint64_t doorbell_calls() noexcept { return calls_made.load(base::relaxed); }

} // namespace efd::os
