// SPDX-License-Identifier: MIT
// watch/arena_half.hpp: what a set of an arena has beside the parts of every set: its claim, its marks in the arena,
// and the numbers by which its members are known there.
//
// Owns the claim and the numbers, which are private memory. Any thread of the owner, also in signal handlers.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include "core/set_bells.hpp"
#include "core/shared_bitmap.hpp"
#include "core/shared_sets.hpp"
#include "core/shared_slots.hpp"
#include "os/shared_memory.hpp"

#include <cstdint>

namespace efd::watch {

class set_layout;

class arena_half {
  public:
    static constexpr std::uint32_t none = UINT32_MAX;

    explicit arena_half(const core::set_claim& given) noexcept
        : claim(given), bits(given.slots->sets.bitmap(given.set)), deaths_walked(deaths()),
          places_(static_cast<base::atomic<std::uint32_t>*>(os::map_zeroed_unreserved(places_bytes()))) {}
    ~arena_half() {
        if (places_ != nullptr) os::unmap(places_, places_bytes());
    }
    arena_half& operator=(arena_half&&) = delete; // neither copied nor moved

    [[nodiscard]] bool is_complete() const noexcept { return places_ != nullptr; }
    [[nodiscard]] core::set_entry& entry() const noexcept { return claim.slots->sets.entries[claim.set]; }
    // Not if the other processes hold this one for dead.
    [[nodiscard]] bool is_own() const noexcept { return entry().tenant.load(base::acquire) == claim.tenant; }
    [[nodiscard]] core::set_bell& bell() const noexcept { return claim.slots->sets.bells[claim.set]; }
    [[nodiscard]] std::uint32_t deaths() const noexcept { return claim.slots->sets.deaths->load(base::acquire); }

    // A number for the member at that place; none: all are in use. As PLACES: the first free one, or the next that
    // never was in use; the stamp tells a first one that was taken and given back from one that was first all the time.
    [[nodiscard]] std::uint32_t claim_number(std::uint32_t place) noexcept {
        const std::uint32_t number = free_or_fresh_number();
        if (number != none) places_[number].store(place + 1, base::release); // before the cell that names it
        return number;
    }
    void give_back_number(std::uint32_t number) noexcept {
        std::uint64_t first = free_.load(base::relaxed);
        do {
            places_[number].store(core::bits_of(first) | free_mark, base::relaxed);
        } while (!free_.compare_exchange_weak(first, moved_stamp(first) | (number + 1), base::acq_rel,
                                              base::relaxed)); // PLACES, push
    }
    // none: no member has the number.
    [[nodiscard]] std::uint32_t place_of(std::uint32_t number) const noexcept {
        const std::uint32_t place =
            number < claim.slots->sets.shape.members ? places_[number].load(base::acquire) : free_mark;
        return place == 0 || (place & free_mark) != 0 ? none : place - 1;
    }

    const core::set_claim claim;
    core::shared_bitmap bits;
    base::atomic<std::uint32_t> cursor{0}; // the word of marks that is collected next
    base::atomic<std::uint32_t> deaths_walked;
    base::atomic<bool> is_left_behind{false};
    base::atomic<bool> has_bell{false};
    base::atomic<std::uint32_t> pid{0};           // by which peers find the bell
    base::atomic<std::uint32_t> is_deaf{0};       // the pipe has hung up, and no number was free to end that
    base::atomic<std::int64_t> next_search_ns{0}; // for dead peers, by a look that found nothing

  private:
    friend class set_layout; // the explorer's

    static constexpr std::uint32_t free_mark = 1U << 31;
    static constexpr std::uint64_t moved_stamp(std::uint64_t word) noexcept { return ((word >> 32) + 1) << 32; }
    [[nodiscard]] std::uintptr_t places_bytes() const noexcept {
        return std::uintptr_t{claim.slots->sets.shape.members} * sizeof(base::atomic<std::uint32_t>);
    }
    [[nodiscard]] std::uint32_t free_or_fresh_number() noexcept {
        std::uint64_t first = free_.load(base::acquire);
        while (core::bits_of(first) != 0) {
            const std::uint32_t number = core::bits_of(first) - 1;
            const std::uint64_t rest = moved_stamp(first) | (places_[number].load(base::relaxed) & ~free_mark);
            if (free_.compare_exchange_weak(first, rest, base::acq_rel, base::acquire)) return number; // PLACES, pop
        }
        std::uint32_t number = touched_.load(base::relaxed);
        do {
            if (number >= claim.slots->sets.shape.members) return none;
        } while (!touched_.compare_exchange_weak(number, number + 1, base::acq_rel, base::relaxed)); // PLACES, next
        return number;
    }

    base::atomic<std::uint32_t>* places_; // by number: one more than the place, or free_mark and the next free one
    base::atomic<std::uint64_t> free_{0}; // a stack: the first one's number plus 1, above it a stamp
    base::atomic<std::uint32_t> touched_{0};
};

} // namespace efd::watch
