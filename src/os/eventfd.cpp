// SPDX-License-Identifier: MIT
// os/eventfd.cpp: see eventfd.hpp.
#include "os/eventfd.hpp"

#include "os/errno.hpp"
#include "os/marked.hpp"
#include "os/raw_call.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace efd::os {
namespace {

int plain_doorbell(bool readable) noexcept { return raw_eventfd(readable ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK); }

} // namespace

int make_doorbell(bool readable) noexcept {
    const errno_keeper keeper;
    return with_mark(plain_doorbell(readable));
}

int eventfd_create(bool readable, bool cloexec) noexcept {
    return result_of(raw_eventfd(readable ? 1 : 0, EFD_NONBLOCK | (cloexec ? EFD_CLOEXEC : 0)));
}

bool ring_doorbell(int fd, std::uint64_t n) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    return has_mark(fd) && raw_write(fd, &n, sizeof n) == sizeof n;
}

std::uint64_t silence_doorbell(int fd) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    std::uint64_t held = 0;
    return has_mark(fd) && raw_read_now(fd, &held, sizeof held) == sizeof held ? held : 0; // EAGAIN: nothing
}

bool replace_doorbell(int fd) noexcept {
    const errno_keeper keeper;
    return replace_file(fd, [] { return plain_doorbell(false); });
}

bool is_doorbell_as_made(int fd, bool readable) noexcept {
    const errno_keeper keeper;
    const int signal = raw_fcntl(fd, F_GETSIG, 0);
    if (signal == mark_of_doorbells) return true; // another process has used it since
    if (signal > 0 || (raw_fcntl(fd, F_GETFL, 0) & O_NONBLOCK) == 0) return false;
    // Of the files without a place in a file system, eventfds alone accept every seek (K-109) and can be written to.
    if (!is_anonymous_file(fd) || ::lseek(fd, -1, SEEK_SET) != 0) return false;
    pollfd asked{fd, POLLIN | POLLOUT, 0};
    return raw_poll(&asked, 1, 0) == 1 && asked.revents == (readable ? POLLIN | POLLOUT : POLLOUT);
}

} // namespace efd::os
