// SPDX-License-Identifier: MIT
// core/reservation.hpp: one take from several objects, and what another thread does that meets one of them meanwhile.
//
// A take has a slot, whose word gives the step that it has reached. Each object that it reserves names that slot, its
// own stamp and the amount (reservation_record, beside its watchers). So a thread that meets a reserved object can
// decide, and goes on in a bounded number of steps wherever the taker is stopped: RESERVE, drawn in docs/races.md.
// Slots stay for ever, taken by one call after the other. Every function here may be called from any thread and from
// signal handlers.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/word.hpp>

#include <cstddef>
#include <cstdint>

namespace efd::EFD_ABI::core {

enum class reserve_result : unsigned char {
    reserved,
    empty,
    sealed,           // its count is not in the word that could be reserved
    already_reserved, // by this take: the object is named twice
    aborted,          // by a thread that met an object that this take reserved
};

//     bits of a slot's word   what they say
//     0..2                    the step of the take: below
//     3                       a thread sleeps until it is not `tied` any more
//     4..7                    how often this call was aborted before: others wait longer
//     8..31                   which take of this slot it is
class alignas(64) reservation_slot {
  public:
    // A free slot, taken for one take. `aborted` is how often the call was aborted before. Waits while all are taken.
    [[nodiscard]] static reservation_slot& begin(unsigned aborted) noexcept;
    [[nodiscard]] static reservation_slot& at(std::size_t index) noexcept;

    // By the taker, while it has reserved everything: false if the take was aborted.
    [[nodiscard]] bool commit() noexcept;
    // The same, but the decision comes between this and finish(): no thread aborts a tied take; one that meets it
    // waits.
    [[nodiscard]] bool tie() noexcept;
    void finish(bool taken) noexcept;
    // By the taker: nothing is taken. Also if it was aborted already.
    void fail() noexcept;
    // By the taker, once no object names the slot any more.
    void end() noexcept;
    [[nodiscard]] bool is_aborted() const noexcept;
    [[nodiscard]] std::size_t index() const noexcept;

    // By others, which met an object that the take reserves. Whether the take has happened; an undecided one is aborted
    // after a moment. The question: is the object reserved by that take still? Asked before a sleep, since the slot may
    // be another take's by now, which the caller must not wait for.
    template <class Question>
    [[nodiscard]] bool decide(Question is_still_reserved) noexcept;
    // Whether the take has happened; one that is undecided has not, yet.
    template <class Question>
    [[nodiscard]] bool has_happened(Question is_still_reserved) noexcept;

    static constexpr std::size_t most = 512; // threads in the midst of a take

  private:
    friend class reservation_layout; // the explorer's

    enum class step : std::uint8_t { free, undecided, tied, taken, failed };
    static constexpr std::uint32_t step_mask = 7;
    static constexpr std::uint32_t waited_for = 1U << 3;
    static constexpr int aborted_shift = 4;
    static constexpr std::uint32_t aborted_most = 15;
    static constexpr int number_shift = 8;

    static constexpr step step_of(std::uint32_t word) noexcept { return static_cast<step>(word & step_mask); }
    static constexpr std::uint32_t with(std::uint32_t word, step now) noexcept {
        return (word & ~(step_mask | waited_for)) | static_cast<std::uint32_t>(now);
    }
    [[nodiscard]] bool go(step from, step to) noexcept;
    [[nodiscard]] std::uint32_t await_end_of_tie(std::uint32_t word) noexcept;

    base::atomic<std::uint32_t> word_{0};
    base::atomic<std::uint32_t> process_{0}; // of the taker
};

// What an object says of the take that reserves it, or is about to: 0 is none.
//
//     63         37  36                            9  8          0
//    +--------------+-------------------------------+-------------+
//    | amount       | stamp: the word's generation  | slot        |
//    +--------------+-------------------------------+-------------+
using reservation_record = std::uint64_t;
constexpr reservation_record record_of(std::uint64_t amount, std::uint32_t stamp, std::size_t slot) noexcept {
    return amount << 37 | std::uint64_t{stamp} << 9 | slot;
}
constexpr std::uint64_t amount_of(reservation_record r) noexcept { return r >> 37; }
constexpr std::uint32_t stamp_of(reservation_record r) noexcept {
    return static_cast<std::uint32_t>(r >> 9) & (~0U >> 4);
}
constexpr std::size_t slot_of(reservation_record r) noexcept { return r & (reservation_slot::most - 1); }
static_assert(amount_of(record_of(packed_limit - 1, ~0U >> 4, 511)) == packed_limit - 1);
static_assert(stamp_of(record_of(packed_limit - 1, ~0U >> 4, 0)) == ~0U >> 4);
static_assert(slot_of(record_of(1, 1, 511)) == 511 && record_of(1, 0, 0) != 0);

// One object of a take, for the taker: the record that it left there.
struct reserved_object {
    reservation_record record = 0;
};

} // namespace efd::EFD_ABI::core
