// os/descriptor.cpp: see descriptor.hpp.
#include "os/descriptor.hpp"

#include "os/errno_keeper.hpp"

#include <efd/base/atomic.hpp>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace efd::os {
namespace {

base::atomic<std::uint64_t> calls_made{0};

} // namespace

int make_bell(bool readable) noexcept {
    const errno_keeper keeper;
    const int fd = ::eventfd(readable ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

bool ring_bell(int fd, std::uint64_t n) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    return ::write(fd, &n, sizeof n) == sizeof n;
}

void silence_bell(int fd) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    std::uint64_t held = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd, &held, sizeof held); // EAGAIN: somebody else has read it
}

void close_bell(int fd) noexcept {
    const errno_keeper keeper;
    ::close(fd);
}

void renew_bell(int fd, bool readable) noexcept {
    const errno_keeper keeper;
    const int fresh = ::eventfd(readable ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fresh < 0) return;
    ::dup3(fresh, fd, O_CLOEXEC);
    ::close(fresh);
}

std::uint64_t bell_calls() noexcept { return calls_made.load(base::relaxed); }

} // namespace efd::os
