// SPDX-License-Identifier: MIT
// dropin/rules/calls.hpp: read and write of an eventfd that we know: what is parked, what asks the kernel.
//
// The one place that decides. `real` is the call as the program made it: whoever interposes it passes it on, so that
// its errors, its sleep, its restarts and its cancellation are the kernel's and libc's. May run in signal handlers.
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
inline constexpr int most_places = 8; // of a vector that is looked at

inline std::uintptr_t this_thread() noexcept { return reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer()); }

inline ssize_t fail(int why) noexcept {
    errno = why;
    return -1;
}

// The whole of a write that is parked; false: the kernel must be asked.
[[gnu::always_inline]] inline bool parks(slot& there, const void* from, std::size_t length) noexcept {
    parked_word seen = there.word.load(base::acquire);
    if (!may_park(seen, 1) || length != value_size || !may_read_value(from)) return false;
    std::uint64_t n = 0;
    std::memcpy(&n, from, sizeof n);
    record* const told = there.told.load(base::relaxed); // before the locked instruction, behind which a load waits
    if (!try_park(there, seen, n)) return false;
    if (told != nullptr) [[unlikely]]
        told->counted.parked_writes.fetch_add(1, base::relaxed);
    return true;
}

// A write of a promoted eventfd that was not parked. The value is looked at once, and what was seen is what the kernel
// gets; what cannot be seen may be anything, and nothing is parked beside it.
template <class Real>
ssize_t write_promoted(slot& there, int fd, const void* from, std::size_t length, Real real) {
    constexpr std::uint32_t most_looks = 64;
    std::uint64_t n = 0;
    bool is_seen = length == value_size;
    if (is_seen && !may_read_value(from)) {
        add_plainly(there.looks, 1);
        is_seen = there.looks.load(base::relaxed) <= most_looks;
    }
    if (!is_seen) demote(there, fd, reason::unseen);
    if (!is_seen || !look_at(&n, from, sizeof n)) return real(from); // EFAULT
    if (n != refused_value && !may_grow(there, n)) demote(there, fd, reason::huge);
    const parked_word before = there.word.load(base::acquire);
    const ssize_t done = real(&n);
    if (done == static_cast<ssize_t>(value_size) && n > 0) note_filled(there, before);
    return done;
}

// A write that the kernel is asked for, in passing.
[[gnu::always_inline]] inline void see_write(slot& there, parked_word seen) noexcept {
    count(there, &tally::asked_writes);
    if (is_awaiting_evidence(seen)) note_lone_write(there);
}

// A write that is not parked, once more from the beginning.
template <class Real>
[[gnu::noinline]] ssize_t write_asked(slot& there, int fd, const void* from, std::size_t length, Real real) {
    const parked_word seen = there.word.load(base::acquire);
    if (length < value_size) return real(from);
    see_write(there, seen);
    return is_promoted(seen) ? write_promoted(there, fd, from, length, real) : real(from);
}

// write(fd, from, length), and whatever comes to the same.
template <class Real>
[[gnu::always_inline]] inline ssize_t write_value(slot& there, int fd, const void* from, std::size_t length,
                                                  Real real) {
    if (parks(there, from, length)) return static_cast<ssize_t>(value_size);
    return write_asked(there, fd, from, length, real);
}

// writev, and whatever may add several values: nothing is parked beside them, now or later.
template <class Real>
ssize_t write_vector(slot& there, int fd, Real real) {
    demote(there, fd, reason::vector);
    count(there, &tally::asked_writes);
    return real();
}

// Where a read's value goes: one place, or a vector's.
struct read_places {
    iovec at[most_places];
    int number = 0;          // 0: it is not known, or such as the kernel may refuse
    bool is_refused = false; // for certain, and nothing is consumed

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
        std::size_t together = 0;
        for (int i = 0; i < wanted; ++i) {
            if (may_leave_user_space(at[i].iov_base, at[i].iov_len)) return;
            together += at[i].iov_len;
        }
        if (together >= value_size) number = wanted; // it may be another by the time that the kernel looks
    }
    // Where the kernel has just put a value: it, and another in its place.
    template <class Move>
    void move_each(Move move) const noexcept {
        std::size_t done = 0;
        for (int i = 0; i < number && done < value_size; ++i) {
            const std::size_t here = at[i].iov_len < value_size - done ? at[i].iov_len : value_size - done;
            move(static_cast<char*>(at[i].iov_base), done, here);
            done += here;
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

// A value that the kernel has not put there before.
inline ssize_t give(const read_places& places, std::uint64_t n) noexcept {
    if (places.is_one() && !store_value(places.at[0].iov_base, n)) return fail(EFAULT); // after it consumed, K-023
    if (!places.is_one()) places.put(n);
    return static_cast<ssize_t>(value_size);
}

// The kernel's part is there, and the parked units are the caller's.
inline ssize_t join(slot& there, int fd, const read_places& places, long found, std::uint64_t units) noexcept {
    if (units == 0) return found;
    const std::uint64_t value = places.value();
    if (units > most_count - value) { // somebody whom nobody sees brought it to its bound; now there is room
        demote(there, fd, reason::huge);
        (void)add_units(fd, units);
        return found;
    }
    places.put(value + units);
    return found;
}

// A read of which parked units are a part.
template <class Real>
ssize_t read_together(slot& there, int fd, const read_ticket& mine, const read_places& places, Real real) {
    const long found = read_now(fd, places.at, places.number);
    if (found >= 0) return join(there, fd, places, found, take_parked(there, mine));
    if (found == -EFAULT) { // after it consumed, K-023
        (void)take_parked(there, mine);
        return fail(EFAULT);
    }
    if (found != -EAGAIN) {
        end_reading(there, mine);
        return fail(static_cast<int>(-found));
    }
    if (const std::uint64_t units = take_beside_nothing(there, mine); units > 0) return give(places, units);
    const ssize_t got = real();
    end_reading(there, mine);
    return got;
}

// A read of a promoted eventfd.
template <class Look, class Real>
[[gnu::noinline]] ssize_t read_promoted(slot& there, int fd, Look look, Real real) {
    read_places places;
    look(places);
    if (places.is_refused) return real();
    if (places.number == 0 || (is_semaphore(there) && !places.is_one())) {
        demote(there, fd, reason::far_away);
        return real();
    }
    const read_ticket mine = begin_reading(there, this_thread());
    const bool found_parked = mine.way == read_way::together || mine.way == read_way::one_unit;
    count(there, mine.way == read_way::one_unit ? &tally::parked_reads : &tally::asked_reads);
    weigh_read(there, found_parked);
    switch (mine.way) {
    case read_way::one_unit: return give(places, 1);
    case read_way::together: return read_together(there, fd, mine, places, real);
    case read_way::kernel: return real();
    case read_way::counted: break;
    }
    const ssize_t got = real();
    end_reading(there, mine);
    return got;
}

// A read of one that awaits evidence, and goes on doing so.
template <class Real>
[[gnu::always_inline]] inline ssize_t read_uncounted(slot& there, std::uint32_t outer, Real real) {
    count(there, &tally::asked_reads);
    lone_call mine(there, outer);
    const ssize_t got = real();
    mine.end();
    return got;
}

// A read of one that awaits evidence.
template <class Look, class Real>
ssize_t read_alone(slot& there, int fd, Look look, Real real) {
    const lone_way way = begin_lone_read(there, this_thread());
    if (way == lone_way::promotes) promote_if_welcome(there, fd);
    if (way == lone_way::other) demote(there, fd, reason::several);
    if (way != lone_way::reads && is_promoted(there.word.load(base::acquire)))
        return read_promoted(there, fd, look, real);
    return read_uncounted(there, there.asking.load(base::relaxed), real);
}

// Any read that takes a value. `look` finds where it goes, where that matters.
template <class Look, class Real>
[[gnu::always_inline]] inline ssize_t read_places_of(slot& there, int fd, Look look, Real real) {
    const parked_word seen = there.word.load(base::acquire);
    if (is_promoted(seen) && (is_worth_it(there) || !rest(there))) return read_promoted(there, fd, look, real);
    if (is_promoted(seen) || is_awaiting_evidence(seen)) return read_alone(there, fd, look, real);
    count(there, &tally::asked_reads);
    return real();
}

// read(fd, buffer, length), and whatever comes to the same.
template <class Real>
[[gnu::always_inline]] inline ssize_t read_value(slot& there, int fd, void* buffer, std::size_t length, Real real) {
    return read_places_of(there, fd, [=](read_places& places) { places.look(buffer, length); }, real);
}

} // namespace efd::dropin
