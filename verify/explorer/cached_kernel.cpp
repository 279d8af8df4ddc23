// SPDX-License-Identifier: MIT
// Stands in for src/dropin/table/ and known_pages.cpp in the scenarios of the drop-in: each call to the kernel is one
// step.
#include "explorer/cached_parts.hpp"
#include "explorer/cached_world.hpp"

#include "dropin/rules/cached_count.hpp"
#include "dropin/rules/kernel_side.hpp"
#include "dropin/rules/known_pages.hpp"
#include "os/eventfd.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace explore {

ssize_t ask_to_read(void* buffer, bool sleeps) noexcept {
    if (const int inner = std::exchange(cached->nested_before[running()], -1); inner >= 0)
        (void)cached_read(inner, way_of_read::returns);
    const std::uint64_t got = take_from_doorbell(the_fd, cached->semaphore, sleeps);
    cached->from_kernel[running()] += got;
    if (got > 0) std::memcpy(buffer, &got, sizeof got);
    if (const int inner = std::exchange(cached->nested[running()], -1); inner >= 0)
        (void)cached_read(inner, way_of_read::returns);
    if (got > 0) return static_cast<ssize_t>(sizeof got);
    errno = EAGAIN;
    return -1;
}

} // namespace explore

namespace efd::dropin {

known_pages readable_pages;
known_pages writable_pages;
bool trusts_pages = false;

long read_now(int /*fd*/, void* to, std::size_t /*length*/) noexcept {
    const ssize_t got = explore::ask_to_read(to, false);
    return got < 0 ? -errno : got;
}

int private_dup(int /*fd*/) noexcept {
    explore::request asked{};
    asked.what = explore::act::pass;
    explore::perform(asked);
    return explore::cached->closed ? explore::dup_of_file : explore::dup_of_eventfd;
}
void close_private_dup(int /*dup*/) noexcept {}

bool add_units(int fd, std::uint64_t n) noexcept {
    const bool is_written = os::ring_doorbell(explore::the_fd, n);
    const bool is_other_file = fd == explore::dup_of_file || (fd == explore::the_fd && explore::cached->closed);
    explore::must(!is_other_file, "REUSED_FD: units were written into another file");
    return is_written;
}

signals_blocked::signals_blocked() noexcept { (void)before_; }
signals_blocked::~signals_blocked() = default;

void promote_if_welcome(fd_slot& slot, int /*fd*/) noexcept {
    if (!promote(slot)) return;
    slot.reads.store(0, base::relaxed);
    slot.useful.store(0, base::relaxed);
}

bool look_at(void* to, const void* from, std::size_t length) noexcept {
    return std::memcpy(to, from, length) != nullptr;
}
bool store_value(void* to, std::uint64_t n) noexcept { return std::memcpy(to, &n, sizeof n) != nullptr; }

} // namespace efd::dropin
