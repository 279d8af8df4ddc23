// SPDX-License-Identifier: MIT
// os/descriptor.cpp: see descriptor.hpp.
#include "os/descriptor.hpp"

#include "os/clock.hpp"
#include "os/errno_keeper.hpp"
#include "os/memory.hpp"
#include "os/raw_call.hpp"

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/check.hpp>

#include <algorithm>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace efd::os {
namespace {

base::atomic<std::uint64_t> calls_made{0};

static_assert(epoll_one_shot == EPOLLONESHOT);

// F_SETSIG names the signal that O_ASYNC would send. An eventfd and an epoll send none, and libc keeps this one for
// itself, so it serves as a mark that stays with the open file wherever its numbers go.
constexpr long mark_of_bells = 33;

// A sandbox refuses the mark. Then every anonymous file that a number of efd's names counts as marked.
constinit base::atomic<bool> no_marks{false};

[[gnu::noinline]] bool is_anonymous_file(int fd) noexcept {
    struct stat found{};
    return fd >= 0 && ::fstat(fd, &found) == 0 && (found.st_mode & S_IFMT) == 0;
}

bool has_mark(int fd) noexcept {
    const int signal = raw_fcntl(fd, F_GETSIG, 0);
    if (signal == mark_of_bells) return true;
    const bool is_refused = signal < 0 ? errno != EBADF : signal == 0 && no_marks.load(base::relaxed);
    return is_refused && is_anonymous_file(fd);
}

int marked(int fd) noexcept {
    if (fd < 0) return -errno;
    if (raw_fcntl(fd, F_SETSIG, mark_of_bells) != 0 && errno != EBADF) no_marks.store(true, base::relaxed);
    return fd;
}

int plain_bell(bool readable) noexcept { return raw_eventfd(readable ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK); }

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
    (void)pieces[number / piece_notes].compare_exchange_strong(none, made, base::acq_rel, base::acquire);
    return note_of(fd);
}

// Puts a new file in the place of a marked one. If no number is free the marked one is closed first; another thread may
// then get that number.
template <class Make>
bool replace_file(int fd, Make make) noexcept {
    if (!has_mark(fd)) return false;
    const int exec_flag = raw_fcntl(fd, F_GETFD, 0);
    int fresh = marked(make());
    bool done = fresh >= 0 && raw_dup3(fresh, fd, O_CLOEXEC) == fd;
    if (fresh == -EMFILE) {
        raw_close(fd);
        fresh = marked(make());
        done = fresh == fd || (fresh >= 0 && raw_fcntl(fresh, F_DUPFD_CLOEXEC, fd) == fd);
    }
    if (fresh >= 0 && fresh != fd) raw_close(fresh);
    if (done && exec_flag == 0) raw_fcntl(fd, F_SETFD, 0);
    return done;
}

} // namespace

int make_bell(bool readable) noexcept {
    const errno_keeper keeper;
    return marked(plain_bell(readable));
}

bool is_marked(int fd) noexcept {
    const errno_keeper keeper;
    return has_mark(fd);
}

void mark(int fd) noexcept {
    const errno_keeper keeper;
    (void)marked(fd);
}

void note_owner(int fd, const void* owner) noexcept {
    note* of = note_of(fd);
    if (of == nullptr) of = make_note(fd);
    if (of != nullptr) of->store(owner != nullptr ? owner : &nobody, base::release);
}

bool is_owner(int fd, const void* owner) noexcept {
    if (fd < 0) return false;
    const note* const of = note_of(fd);
    const void* const noted = of == nullptr ? nullptr : of->load(base::acquire);
    return noted == nullptr || noted == owner;
}

bool is_own(int fd, const void* owner) noexcept { return is_owner(fd, owner) && is_marked(fd); }

file_identity identity_of(int fd) noexcept {
    const errno_keeper keeper;
    struct stat about{};
    if (::fstat(fd, &about) != 0) return {};
    return {about.st_dev, about.st_ino};
}

bool ring_bell(int fd, std::uint64_t n) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    return has_mark(fd) && raw_write(fd, &n, sizeof n) == sizeof n;
}

std::uint64_t silence_bell(int fd) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    std::uint64_t held = 0;
    return has_mark(fd) && raw_read_now(fd, &held, sizeof held) == sizeof held ? held : 0; // EAGAIN: nothing
}

bool is_readable(int fd) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    pollfd asked{fd, POLLIN, 0};
    return raw_poll(&asked, 1, 0) != 0;
}

bool is_bell_as_made(int fd, bool readable) noexcept {
    const errno_keeper keeper;
    const int signal = raw_fcntl(fd, F_GETSIG, 0);
    if (signal == mark_of_bells) return true; // another process has used it since
    if (signal > 0 || (raw_fcntl(fd, F_GETFL, 0) & O_NONBLOCK) == 0) return false;
    // Of the files without a place in a file system, eventfds alone accept every seek (K-109) and can be written to.
    if (!is_anonymous_file(fd) || ::lseek(fd, -1, SEEK_SET) != 0) return false;
    pollfd asked{fd, POLLIN | POLLOUT, 0};
    return raw_poll(&asked, 1, 0) == 1 && asked.revents == (readable ? POLLIN | POLLOUT : POLLOUT);
}

void close_fd(int fd) noexcept {
    const errno_keeper keeper;
    if (has_mark(fd)) raw_close(fd);
}

void close_known_fd(int fd) noexcept {
    const errno_keeper keeper;
    raw_close(fd);
}

bool replace_bell(int fd) noexcept {
    const errno_keeper keeper;
    return replace_file(fd, [] { return plain_bell(false); });
}

bool replace_epoll(int fd) noexcept {
    const errno_keeper keeper;
    return replace_file(fd, [] { return raw_epoll_create(EPOLL_CLOEXEC); });
}

int make_epoll() noexcept {
    const errno_keeper keeper;
    return marked(raw_epoll_create(EPOLL_CLOEXEC));
}

int epoll_add(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept {
    const errno_keeper keeper;
    epoll_event interest{};
    interest.events = events;
    interest.data.u64 = beside;
    return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest) == 0 ? 0 : -errno;
}

void epoll_remove(int epoll, int fd) noexcept {
    const errno_keeper keeper;
    if (!has_mark(epoll)) return;
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr); // EBADF: closed, so removed already
}

// The kernel identifies a registration by file and number: ENOENT if the number now names another file. An exclusive
// registration cannot be changed (EINVAL).
bool epoll_has(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept {
    const errno_keeper keeper;
    epoll_event interest{};
    interest.events = events & ~static_cast<std::uint32_t>(EPOLLEXCLUSIVE);
    interest.data.u64 = beside;
    return ::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &interest) == 0 || (errno != ENOENT && errno != EBADF);
}

bool epoll_replace(int fresh, int epoll) noexcept {
    const errno_keeper keeper;
    const bool replaced = has_mark(epoll) && raw_dup3(fresh, epoll, O_CLOEXEC) == epoll;
    raw_close(fresh);
    return replaced;
}

std::size_t epoll_look(int epoll, std::span<epoll_found> room) noexcept {
    const errno_keeper keeper;
    constexpr std::size_t most = 64;
    epoll_event found[most];
    const long got = raw_epoll_look(epoll, found, static_cast<int>(std::min(room.size(), most)));
    EFD_CHECK(got <= static_cast<long>(std::min(room.size(), most)));
    calls_made.fetch_add(1, base::relaxed);
    for (long i = 0; i < got; ++i) room[static_cast<std::size_t>(i)] = {found[i].events, found[i].data.u64};
    return got > 0 ? static_cast<std::size_t>(got) : 0;
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

std::uint64_t bell_calls() noexcept { return calls_made.load(base::relaxed); }

} // namespace efd::os
