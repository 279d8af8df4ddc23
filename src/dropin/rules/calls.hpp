// SPDX-License-Identifier: MIT
// dropin/rules/calls.hpp: read and write of an eventfd that has a slot: which units are cached, which calls reach the
// kernel.
//
// The decision is made here alone. `real` is the call as the program made it. It goes to libc's definition, so its
// errors, sleep, restarts and cancellation are the kernel's and libc's. May run in signal handlers.
#pragma once

#include "dropin/rules/evidence.hpp"
#include "dropin/rules/kernel_side.hpp"
#include "dropin/rules/known_pages.hpp"

#include <cerrno>
#include <limits>
#include <sys/types.h>

namespace efd::dropin {

inline constexpr std::size_t value_size = sizeof(std::uint64_t);
inline constexpr std::uint64_t refused_value = std::numeric_limits<std::uint64_t>::max(); // EINVAL, always (K-034)
inline constexpr std::uint64_t most_count = refused_value - 1;

inline std::uintptr_t this_thread() noexcept { return reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer()); }

inline ssize_t fail(int why) noexcept {
    errno = why;
    return -1;
}

// Caches a write, from begin to end. False: the write must reach the kernel.
[[gnu::always_inline]] inline bool cache_write(fd_slot& slot, const void* from, std::size_t length) noexcept {
    cached_word word = slot.word.load(base::acquire);
    if (!may_cache(word, 1) || length != value_size || !may_read_value(from)) return false;
    std::uint64_t n = 0;
    std::memcpy(&n, from, sizeof n);
    // Loaded before the locked instruction, because a load after it has to wait for it.
    report_record* const record = slot.record.load(base::relaxed);
    if (!try_cache(slot, word, n)) return false;
    if (record != nullptr) [[unlikely]]
        record->counted.cached_writes.fetch_add(1, base::relaxed);
    return true;
}

// A write that is not cached, of an eventfd that is promoted or may become so. The value is read once, and the kernel
// gets that copy. A value that cannot be read may be of any size, so nothing may be cached beside it and the eventfd is
// demoted.
template <class Real>
ssize_t write_known(fd_slot& slot, int fd, const void* from, std::size_t length, Real real) {
    constexpr std::uint32_t most_looks = 64;
    std::uint64_t n = 0;
    bool is_seen = length == value_size;
    if (is_seen && !may_read_value(from)) {
        add_plainly(slot.looks, 1);
        is_seen = slot.looks.load(base::relaxed) <= most_looks;
    }
    if (!is_seen || !look_at(&n, from, sizeof n)) {
        demote(slot, fd, reason::unseen);
        return real(from);
    }
    if (n != refused_value && !may_grow(slot, n)) demote(slot, fd, reason::huge);
    const cached_word before = slot.word.load(base::acquire);
    const ssize_t done = real(&n);
    if (done == static_cast<ssize_t>(value_size) && n > 0) mark_filled(slot, before);
    return done;
}

// Does a read go to the kernel as it is? The kernel refuses it before it consumes anything; where that is not certain,
// the eventfd is demoted.
inline bool is_kernels(fd_slot& slot, int fd, const void* buffer, std::size_t length) noexcept {
    if (length < value_size) return true;
    if (!may_leave_user_space(buffer, length)) return false;
    demote(slot, fd, reason::far_away);
    return true;
}

// Counts a write that goes to the kernel, as a call and as evidence.
[[gnu::always_inline]] inline void count_kernel_write(fd_slot& slot, cached_word word) noexcept {
    count(slot, &tally::uncached_writes);
    if (is_awaiting_evidence(word)) note_lone_write(slot);
}

// Must the value of a write be read? The kernel's count must stay far below the bound while units are cached. The read
// that promotes an eventfd empties it, but not a semaphore, so its writes are read from the first one on.
[[nodiscard]] inline bool needs_value(const fd_slot& slot, cached_word word) noexcept {
    return is_promoted(word) || (is_awaiting_evidence(word) && is_semaphore(slot));
}

// A write that is not cached.
template <class Real>
[[gnu::noinline]] ssize_t write_uncached(fd_slot& slot, int fd, const void* from, std::size_t length, Real real) {
    const cached_word word = slot.word.load(base::acquire);
    if (length < value_size) return real(from);
    count_kernel_write(slot, word);
    return needs_value(slot, word) ? write_known(slot, fd, from, length, real) : real(from);
}

// write(fd, from, length), and calls that mean the same.
template <class Real>
[[gnu::always_inline]] inline ssize_t write_value(fd_slot& slot, int fd, const void* from, std::size_t length,
                                                  Real real) {
    if (cache_write(slot, from, length)) return static_cast<ssize_t>(value_size);
    return write_uncached(slot, fd, from, length, real);
}

// Stores a value that the kernel has not stored. If only the kernel's read can store there, or nothing can, the units
// go back, and the program's own read fetches them: EFAULT comes after it has consumed them (K-023).
template <class Real>
ssize_t give(fd_slot& slot, int fd, const read_ticket& ticket, void* to, std::uint64_t n, Real real) {
    if (store_value(to, n)) return static_cast<ssize_t>(value_size);
    return return_units(slot, fd, ticket, n, reason::far_away) ? real() : fail(EFAULT);
}

// Adds the cached units, which are the caller's, to the kernel's part, which is in the buffer already.
inline ssize_t join(fd_slot& slot, int fd, const read_ticket& ticket, void* buffer, long found,
                    std::uint64_t units) noexcept {
    if (units == 0) return found;
    std::uint64_t value = 0;
    std::memcpy(&value, buffer, sizeof value);
    if (units > most_count - value) { // an unseen party raised the count to its bound; now there is room
        (void)return_units(slot, fd, ticket, units, reason::huge);
        return found;
    }
    value += units;
    std::memcpy(buffer, &value, sizeof value);
    return found;
}

// A read that takes the kernel's part and the cached units.
template <class Real>
ssize_t read_combined(fd_slot& slot, int fd, const read_ticket& ticket, void* buffer, Real real) {
    const long found = read_now(fd, buffer, value_size);
    if (found >= 0) return join(slot, fd, ticket, buffer, found, take_cached(slot, ticket));
    if (found == -EFAULT) { // after it consumed, K-023
        (void)take_cached(slot, ticket);
        return fail(EFAULT);
    }
    if (found != -EAGAIN) {
        end_reading(slot, ticket);
        return fail(static_cast<int>(-found));
    }
    if (const std::uint64_t units = take_after_empty_read(slot, ticket); units > 0)
        return give(slot, fd, ticket, buffer, units, real);
    const ssize_t got = real();
    end_reading(slot, ticket);
    return got;
}

template <class Real>
ssize_t read_value(fd_slot& slot, int fd, void* buffer, std::size_t length, Real real);

// A read of a promoted eventfd.
template <class Real>
[[gnu::noinline]] ssize_t read_promoted(fd_slot& slot, int fd, void* buffer, std::size_t length, Real real) {
    if (is_kernels(slot, fd, buffer, length)) return real();
    const read_ticket ticket = begin_reading(slot, this_thread());
    // LONE_READER: a handler of this thread has unpromoted it, and may promote it again.
    if (ticket.way == read_way::kernel && is_awaiting_evidence(ticket.word))
        return read_value(slot, fd, buffer, length, real);
    const bool found_cached = ticket.way == read_way::combined || ticket.way == read_way::one_unit;
    count(slot, ticket.way == read_way::one_unit ? &tally::cached_reads : &tally::uncached_reads);
    weigh_read(slot, found_cached);
    switch (ticket.way) {
    case read_way::one_unit: return give(slot, fd, ticket, buffer, 1, real);
    case read_way::combined: return read_combined(slot, fd, ticket, buffer, real);
    case read_way::kernel: return real();
    case read_way::counted: break;
    }
    const ssize_t got = real();
    end_reading(slot, ticket);
    return got;
}

// A read of an eventfd that awaits evidence, and is not promoted by it. LONE_READER: a handler of this thread may have
// promoted it before the thread showed that it reads; then `promoted` reads instead.
template <class Real, class Promoted>
[[gnu::always_inline]] inline ssize_t read_uncounted(fd_slot& slot, Real real, Promoted promoted) {
    add_in_thread(slot.in_read, 1);
    slot.unread.store(0, base::relaxed);
    add_plainly(slot.reads, 1);
    base::in_program_order();
    if (is_promoted(slot.word.load(base::acquire))) [[unlikely]] {
        add_in_thread(slot.in_read, -1);
        return promoted();
    }
    count(slot, &tally::uncached_reads);
    const ssize_t got = real();
    add_in_thread(slot.in_read, -1);
    return got;
}

// A read of an eventfd that awaits evidence.
template <class Real>
ssize_t read_alone(fd_slot& slot, int fd, void* buffer, std::size_t length, Real real) {
    if (is_kernels(slot, fd, buffer, length)) return real(); // it would promote, and not empty the eventfd
    const lone_way way = begin_lone_read(slot, this_thread());
    if (way == lone_way::promotes) {
        // LONE_READER. A handler may have switched (swapcontext) to another read of this thread, which is in the kernel
        // now, and uncounted. Nothing may be cached before the look at `in_read`: a counted reader prevents that.
        const read_ticket counted = count_reader(slot, this_thread());
        promote_if_welcome(slot, fd);
        if (slot.in_read.load(base::relaxed) != 0) demote(slot, fd, reason::several);
        end_reading(slot, counted);
    }
    if (way == lone_way::other) demote(slot, fd, reason::several);
    if (way != lone_way::reads && is_promoted(slot.word.load(base::acquire)))
        return read_promoted(slot, fd, buffer, length, real);
    return read_uncounted(slot, real, [=, &slot] { return read_promoted(slot, fd, buffer, length, real); });
}

// read(fd, buffer, length), and calls that mean the same.
template <class Real>
[[gnu::always_inline]] inline ssize_t read_value(fd_slot& slot, int fd, void* buffer, std::size_t length, Real real) {
    const cached_word word = slot.word.load(base::acquire);
    if (is_promoted(word) && (is_worth_it(slot) || !unpromote(slot)))
        return read_promoted(slot, fd, buffer, length, real);
    if (is_promoted(word) || is_awaiting_evidence(word)) return read_alone(slot, fd, buffer, length, real);
    count(slot, &tally::uncached_reads);
    return real();
}

} // namespace efd::dropin
