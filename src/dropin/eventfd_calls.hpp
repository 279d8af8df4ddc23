// dropin/eventfd_calls.hpp: read and write of an eventfd that we know: what is parked, what asks the kernel.
//
// The one place that decides. `real` is the call as the program made it: whoever interposes it passes it on, so that
// its errors, its sleep, its restarts and its cancellation are the kernel's and libc's. May run in signal handlers.
#pragma once

#include "dropin/kernel_calls.hpp"
#include "dropin/parked_count.hpp"
#include "dropin/policy.hpp"

#include <cerrno>
#include <cstring>
#include <limits>
#include <sys/types.h>

namespace efd::dropin {

inline constexpr std::size_t value_size = sizeof(std::uint64_t);
inline constexpr std::uint64_t huge_write = std::uint64_t{1} << 32;
inline constexpr std::uint64_t refused_value = std::numeric_limits<std::uint64_t>::max(); // EINVAL, always (K-034)

[[nodiscard]] inline std::uintptr_t address_of(const void* at) noexcept { return reinterpret_cast<std::uintptr_t>(at); }

inline void count_one(base::atomic<std::uint64_t>& count) noexcept { count.fetch_add(1, base::relaxed); }

// The value that is about to be written, if it can be told without a fault: whoever reads it may unmap it at once, so
// nobody looks later. Where nobody knows the page the kernel is asked for it, which costs a call: an eventfd whose
// values come from everywhere is not worth that, and what is written unseen may leave no room for units that are
// parked.
[[nodiscard]] inline bool sees_value(slot& there, int fd, const void* buffer, std::uint64_t& n) noexcept {
    constexpr std::uint32_t most_looks = 64;
    if (may_touch(address_of(buffer))) {
        std::memcpy(&n, buffer, sizeof n);
        return true;
    }
    if (there.looks.fetch_add(1, base::relaxed) >= most_looks) {
        demote(there, fd, reason::unseen);
        return false;
    }
    return ask_for_memory(&n, buffer, sizeof n) == static_cast<long>(sizeof n);
}

// A write of n goes to the kernel: for want of evidence or of room, or because it is huge or empty.
[[nodiscard]] inline parked_word before_asked_write(slot& there, int fd, parked_word seen, std::uint64_t n) noexcept {
    if (n >= huge_write && n != refused_value)
        demote(there, fd, reason::huge);
    else if (n > 0 && is_promoted(seen) && is_filled(seen))
        (void)hand_back(there, fd);
    return there.state.load(base::acquire);
}

// `before` is what the word was when the write began.
inline void after_asked_write(slot& there, parked_word before, std::uint64_t n) noexcept {
    if (n == 0 || is_demoted(before)) return;
    if (is_filled(before) && !is_promoted(before)) weigh_evidence(there);
    note_filled(there, before);
}

// The whole of a write that is parked; false: the kernel must be asked.
[[gnu::always_inline]] inline bool parks(slot& there, const void* buffer, std::size_t length) noexcept {
    parked_word seen = there.state.load(base::acquire);
    if (length != value_size || !may_park(seen, 1) || !may_touch(address_of(buffer))) return false;
    std::uint64_t n = 0;
    std::memcpy(&n, buffer, sizeof n);
    return try_park(there, seen, n);
}

// A write that is not parked: its word is looked at anew, and for room a second time.
template <class Real>
[[gnu::noinline]] ssize_t write_asked(slot& there, int fd, const void* buffer, std::size_t length, Real real) {
    parked_word before = there.state.load(base::acquire);
    std::uint64_t n = 0;
    const bool seen = length >= value_size && !is_demoted(before) && sees_value(there, fd, buffer, n);
    if (seen) before = before_asked_write(there, fd, before, n);
    count_one(there.counted.asked_writes);
    const ssize_t done = real();
    if (done != static_cast<ssize_t>(value_size)) return done;
    note_readable(address_of(buffer));
    if (seen) after_asked_write(there, before, n);
    return done;
}

// writev, and whatever may add several values: nothing is parked beside them, now or later.
template <class Real>
ssize_t write_vector(slot& there, int fd, Real real) {
    demote(there, fd, reason::vector);
    count_one(there.counted.asked_writes);
    return real();
}

// write(fd, buffer, length), and whatever comes to the same.
template <class Real>
[[gnu::always_inline]] inline ssize_t write_value(slot& there, int fd, const void* buffer, std::size_t length,
                                                  Real real) {
    if (!parks(there, buffer, length)) return write_asked(there, fd, buffer, length, real);
    return static_cast<ssize_t>(value_size);
}

// The kernel's part of a read that asks: begun, where somebody is counted in.
template <class Real>
[[gnu::always_inline]] inline ssize_t ask_kernel(slot& there, bool begun, Real real) {
    asking_call mine{&there, nullptr};
    if (begun) enter_asking(mine);
    count_one(there.counted.asked_reads);
    const ssize_t got = real();
    if (begun) {
        leave_asking(mine);
        end_asking(there);
    }
    return got;
}

// Any read that takes a value, made by the caller's own call: nothing is parked while it runs.
template <class Real>
ssize_t read_asked(slot& there, int fd, Real real) {
    return ask_kernel(there, begin_asking(there, fd), real);
}

// While units are on their way to the kernel by somebody who was stopped: what is there, or none, or a moment's sleep
// until there may be. True: `got` is what the read comes to.
[[nodiscard]] inline bool read_beside(int fd, void* buffer, std::size_t length, ssize_t& got) noexcept {
    got = read_now(fd, buffer, length);
    if (got == -EAGAIN && sleeps_at_zero(fd)) {
        if (await_readable(fd)) return false;
        got = -EINTR;
    }
    if (got >= 0) return true;
    errno = static_cast<int>(-got);
    got = -1;
    return true;
}

// Parked units and the kernel's, in one value. False: there was nothing after all, look again.
[[nodiscard]] inline bool read_together(slot& there, int fd, parked_word mine, void* buffer, std::size_t length,
                                        ssize_t& got) noexcept {
    const long found = read_now(fd, buffer, length);
    const bool has_consumed = found == static_cast<long>(value_size) || found == -EFAULT; // K-023
    if (!has_consumed && found != -EAGAIN) {
        leave_together(there, mine);
        errno = static_cast<int>(-found);
        got = -1;
        return true;
    }
    const bool still_mine = end_together(there, mine);
    const std::uint64_t parked = still_mine ? units_of(mine) : 0;
    count_one(there.counted.asked_reads);
    // What was taken may be all that the kernel had beside units that were parked since.
    if (!still_mine && has_consumed) demote(there, fd, reason::stolen);
    std::uint64_t value = 0;
    if (found == static_cast<long>(value_size)) {
        std::memcpy(&value, buffer, sizeof value);
    } else if (found != -EAGAIN) {
        errno = EFAULT;
        got = -1;
        return true;
    } else {
        demote(there, fd, reason::stolen);
        if (parked == 0) return false;
    }
    if (parked > refused_value - 1 - value) // past the bound: where there is room again
        (void)add_units(fd, parked);
    else
        value += parked;
    std::memcpy(buffer, &value, sizeof value);
    got = static_cast<ssize_t>(value_size);
    return true;
}

// May the range leave user space, which the kernel refuses before anything else (K-024, K-159): where that ends
// differs, so whatever is not surely inside goes to the kernel.
[[nodiscard]] inline bool may_leave_user_space(std::uintptr_t first, std::size_t length) noexcept {
#if defined(__x86_64__)
    constexpr std::uintptr_t most = (std::uintptr_t{1} << 47) - page_size;
#else
    constexpr std::uintptr_t most = std::uintptr_t{1} << 48;
#endif
    return first > most || length > most - first;
}

// read(fd, buffer, length), and whatever comes to the same.
template <class Real>
[[gnu::noinline]] ssize_t read_value(slot& there, int fd, void* buffer, std::size_t length, Real real) {
    if (length < value_size) return real(); // refused, and nothing consumed
    if (may_leave_user_space(address_of(buffer), length)) return read_asked(there, fd, real);
    if (there.semaphore.load(base::relaxed) != 0 && !is_on_stack(address_of(buffer)))
        return read_asked(there, fd, real);
    for (;;) {
        const read_ticket ticket = begin_reading(there, fd);
        if (ticket.way == read_way::ask || ticket.way == read_way::demoted)
            return ask_kernel(there, ticket.way == read_way::ask, real);
        if (ticket.way == read_way::one_unit) {
            constexpr std::uint64_t one = 1;
            std::memcpy(buffer, &one, sizeof one);
            count_one(there.counted.parked_reads);
            return static_cast<ssize_t>(value_size);
        }
        ssize_t got = 0;
        if (ticket.way == read_way::busy) {
            if (read_beside(fd, buffer, length, got)) return got;
            continue;
        }
        if (!still_noted(fd, there)) { // it was ours when it was looked at, and is something else's by now
            leave_together(there, ticket.mine);
            return real();
        }
        if (read_together(there, fd, ticket.mine, buffer, length, got)) return got;
    }
}

} // namespace efd::dropin
