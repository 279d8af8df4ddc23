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
#include <sys/uio.h>

namespace efd::dropin {

inline constexpr std::size_t value_size = sizeof(std::uint64_t);
inline constexpr std::uint64_t refused_value = std::numeric_limits<std::uint64_t>::max(); // EINVAL, always (K-034)
inline constexpr std::uint64_t most_count = refused_value - 1;
inline constexpr int most_places = 8; // longest vector that is examined

inline std::uintptr_t this_thread() noexcept { return reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer()); }

inline ssize_t fail(int why) noexcept {
    errno = why;
    return -1;
}

// A write that is cached, from begin to end. False: the write must reach the kernel.
[[gnu::always_inline]] inline bool caches(fd_slot& slot, const void* from, std::size_t length) noexcept {
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

// A write that is not cached, of an eventfd beside whose count units are cached, or may be later. The value is read
// once, and the kernel gets that copy. A value that cannot be read may be of any size, so nothing may be cached beside
// it and the eventfd is demoted.
template <class Real>
ssize_t write_known(fd_slot& slot, int fd, const void* from, std::size_t length, Real real) {
    constexpr std::uint32_t most_looks = 64;
    std::uint64_t n = 0;
    bool is_seen = length == value_size;
    if (is_seen && !may_read_value(from)) {
        add_plainly(slot.looks, 1);
        is_seen = slot.looks.load(base::relaxed) <= most_looks;
    }
    if (!is_seen) demote(slot, fd, reason::unseen);
    if (!is_seen || !look_at(&n, from, sizeof n)) return real(from); // EFAULT
    if (n != refused_value && !may_grow(slot, n)) demote(slot, fd, reason::huge);
    const cached_word before = slot.word.load(base::acquire);
    const ssize_t done = real(&n);
    if (done == static_cast<ssize_t>(value_size) && n > 0) mark_filled(slot, before);
    return done;
}

// Counts a write that goes to the kernel, as a call and as evidence.
[[gnu::always_inline]] inline void count_kernel_write(fd_slot& slot, cached_word word) noexcept {
    count(slot, &tally::uncached_writes);
    if (is_awaiting_evidence(word)) note_lone_write(slot);
}

// The count beside which units are cached must be far below the bound. A read that promotes empties an eventfd, but not
// a semaphore: what is written to one is looked at from the first write on.
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
    if (caches(slot, from, length)) return static_cast<ssize_t>(value_size);
    return write_uncached(slot, fd, from, length, real);
}

// writev, and other calls that may add several values. They demote: nothing is cached any more.
template <class Real>
ssize_t write_vector(fd_slot& slot, int fd, Real real) {
    demote(slot, fd, reason::vector);
    count(slot, &tally::uncached_writes);
    return real();
}

// The memory that a read's value goes to: one buffer, or the buffers of a vector.
struct read_places {
    iovec at[most_places];
    int number = 0;          // 0: the buffers are not known, or the kernel may refuse them
    bool is_refused = false; // the kernel refuses them for certain, and consumes nothing

    [[nodiscard]] bool is_one() const noexcept { return number == 1; }
    void look(const void* buffer, std::size_t length) noexcept {
        at[0] = {const_cast<void*>(buffer), length};
        is_refused = length < value_size;
        number = !is_refused && !may_leave_user_space(buffer, length) ? 1 : 0;
    }
    void look(const iovec* vector, int wanted) noexcept {
        if (wanted > most_places) return;
        is_refused = wanted < 1;
        if (is_refused || !look_at(at, vector, sizeof(iovec) * static_cast<unsigned>(wanted))) return;
        std::size_t total = 0;
        for (int i = 0; i < wanted; ++i) {
            if (may_leave_user_space(at[i].iov_base, at[i].iov_len)) return;
            total += at[i].iov_len;
        }
        if (total >= value_size) number = wanted; // another thread may still change the vector
    }
    // The bytes of the value in these buffers, piece by piece.
    template <class Move>
    void move_each(Move move) const noexcept {
        std::size_t done = 0;
        for (int i = 0; i < number && done < value_size; ++i) {
            const std::size_t length = at[i].iov_len < value_size - done ? at[i].iov_len : value_size - done;
            move(static_cast<char*>(at[i].iov_base), done, length);
            done += length;
        }
    }
    [[nodiscard]] std::uint64_t value() const noexcept {
        char bytes[value_size] = {};
        move_each([&](const char* from, std::size_t done, std::size_t n) { std::memcpy(bytes + done, from, n); });
        std::uint64_t n = 0;
        std::memcpy(&n, bytes, sizeof n);
        return n;
    }
    void put(std::uint64_t n) const noexcept {
        char bytes[value_size];
        std::memcpy(bytes, &n, sizeof n);
        move_each([&](char* to, std::size_t done, std::size_t length) { std::memcpy(to, bytes + done, length); });
    }
};

// Stores a value that the kernel has not stored.
inline ssize_t give(const read_places& places, std::uint64_t n) noexcept {
    if (places.is_one() && !store_value(places.at[0].iov_base, n)) return fail(EFAULT); // after it consumed, K-023
    if (!places.is_one()) places.put(n);
    return static_cast<ssize_t>(value_size);
}

// Adds the cached units, which are the caller's, to the kernel's part, which is in the buffers already.
inline ssize_t join(fd_slot& slot, int fd, const read_places& places, long found, std::uint64_t units) noexcept {
    if (units == 0) return found;
    const std::uint64_t value = places.value();
    if (units > most_count - value) { // an unseen party raised the count to its bound; now there is room
        demote(slot, fd, reason::huge);
        (void)add_units(fd, units);
        return found;
    }
    places.put(value + units);
    return found;
}

// A read that takes the kernel's part and the cached units.
template <class Real>
ssize_t read_combined(fd_slot& slot, int fd, const read_ticket& ticket, const read_places& places, Real real) {
    const long found = read_now(fd, places.at, places.number);
    if (found >= 0) return join(slot, fd, places, found, take_cached(slot, ticket));
    if (found == -EFAULT) { // after it consumed, K-023
        (void)take_cached(slot, ticket);
        return fail(EFAULT);
    }
    if (found != -EAGAIN) {
        end_reading(slot, ticket);
        return fail(static_cast<int>(-found));
    }
    if (const std::uint64_t units = take_after_empty_read(slot, ticket); units > 0) return give(places, units);
    const ssize_t got = real();
    end_reading(slot, ticket);
    return got;
}

// A read of a promoted eventfd.
template <class Look, class Real>
[[gnu::noinline]] ssize_t read_promoted(fd_slot& slot, int fd, Look look, Real real) {
    read_places places;
    look(places);
    if (places.is_refused) return real();
    if (places.number == 0 || (is_semaphore(slot) && !places.is_one())) {
        demote(slot, fd, reason::far_away);
        return real();
    }
    const read_ticket ticket = begin_reading(slot, this_thread());
    const bool found_cached = ticket.way == read_way::combined || ticket.way == read_way::one_unit;
    count(slot, ticket.way == read_way::one_unit ? &tally::cached_reads : &tally::uncached_reads);
    weigh_read(slot, found_cached);
    switch (ticket.way) {
    case read_way::one_unit: return give(places, 1);
    case read_way::combined: return read_combined(slot, fd, ticket, places, real);
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
[[gnu::always_inline]] inline ssize_t read_uncounted(fd_slot& slot, std::uint32_t outer, Real real, Promoted promoted) {
    lone_call in_progress(slot, outer);
    base::in_program_order();
    if (is_promoted(slot.word.load(base::acquire))) [[unlikely]] {
        in_progress.end();
        return promoted();
    }
    count(slot, &tally::uncached_reads);
    const ssize_t got = real();
    in_progress.end();
    return got;
}

// A read of an eventfd that awaits evidence.
template <class Look, class Real>
ssize_t read_alone(fd_slot& slot, int fd, Look look, Real real) {
    const lone_way way = begin_lone_read(slot, this_thread());
    if (way == lone_way::promotes) promote_if_welcome(slot, fd);
    if (way == lone_way::other) demote(slot, fd, reason::several);
    if (way != lone_way::reads && is_promoted(slot.word.load(base::acquire)))
        return read_promoted(slot, fd, look, real);
    return read_uncounted(slot, slot.in_read.load(base::relaxed), real,
                          [&] { return read_promoted(slot, fd, look, real); });
}

// Any read that takes a value. `look` finds the buffers, if they matter.
template <class Look, class Real>
[[gnu::always_inline]] inline ssize_t read_eventfd(fd_slot& slot, int fd, Look look, Real real) {
    const cached_word word = slot.word.load(base::acquire);
    if (is_promoted(word) && (is_worth_it(slot) || !unpromote(slot))) return read_promoted(slot, fd, look, real);
    if (is_promoted(word) || is_awaiting_evidence(word)) return read_alone(slot, fd, look, real);
    count(slot, &tally::uncached_reads);
    return real();
}

// read(fd, buffer, length), and calls that mean the same.
template <class Real>
[[gnu::always_inline]] inline ssize_t read_value(fd_slot& slot, int fd, void* buffer, std::size_t length, Real real) {
    return read_eventfd(slot, fd, [=](read_places& places) { places.look(buffer, length); }, real);
}

} // namespace efd::dropin
