// SPDX-License-Identifier: MIT
// watch/ready_bitmap.hpp: which of up to 2^20 members are ready, and the way to one of them in four steps.
//
// Owns words in levels: 32 bits, and a stamp that each mark in the word moves. A bit of level 0 is a member; a bit
// above says that the word below may have a bit. Only as many levels are in use as the members need. Any number of
// threads mark, unmark and look at once, also from signal handlers. Nothing waits and no pointer is followed, so a mark
// that comes late or for no member does no harm. Invariant (SET_BITS in docs/races.md): a mark that has returned has
// its bit and all bits above it, wherever other threads are stopped, until a thread clears it that has looked at the
// member since; when no call is in progress, a bit is set exactly if the word below it has one. Any number of threads
// add levels at once; each goes on where another is stopped. The memory stays for ever.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/check.hpp>
#include <efd/detail/watch/set_front.hpp>

#include <cstdint>

namespace efd::watch {

// What a step changed at the top, as far as a waiter must know. As wide as the index beside which it is returned: a gap
// between the two would be put together in memory.
enum class top_change : std::uint32_t { // NOLINT(performance-enum-size): see above
    none,
    marked,  // a bit is there, be it new or not
    emptied, // it has no bit any more
};

// The member that was found, and what the search changed at the top.
struct found_member {
    std::uint32_t index;
    top_change change;
};

class set_layout;

class ready_bitmap {
  public:
    static constexpr std::uint32_t most = 1U << 20;
    static constexpr std::uint32_t nobody = UINT32_MAX;

    // The word at the top is also shown to threads that look only there.
    explicit constexpr ready_bitmap(base::atomic<const base::atomic<std::uint64_t>*>& top) noexcept : top_(top) {}
    ready_bitmap& operator=(ready_bitmap&&) = delete; // neither copied nor moved

    // Once, before anything else: false if memory ran out.
    [[nodiscard]] bool make() noexcept;

    // Room for `members`, up to `most`.
    [[nodiscard]] top_change grow(std::uint32_t members) noexcept;

    // On: threads that look at the top only always see that there may be something. One thread at a time.
    void hide_top(bool on) noexcept;

    // The top has a bit after it, unless a thread has unmarked the member since. The caller must look at the member
    // afterwards, and unmark it if it is not ready (any more).
    void mark(std::uint32_t member) noexcept;

    // Unmarks the member if `is_ready` says no, and no thread has marked in its word meanwhile; asks again otherwise.
    template <class Question>
    [[nodiscard]] top_change unmark_unless(std::uint32_t member, Question is_ready) noexcept {
        word& bits = at(0, member >> bits_of_word);
        std::uint64_t value = look_at(bits, bit_of(member)); // SET_MARK: before the look at the member
        while ((value & bit_of(member)) != 0) {
            if (is_ready()) return top_change::none;
            // SET_MARK, clear
            const bool cleared =
                bits.compare_exchange_weak(value, value & ~bit_of(member), base::acq_rel, base::acquire);
            value = cleared ? value & ~bit_of(member) : look_at(bits, bit_of(member));
        }
        if (!is_empty(value)) return top_change::none;
        if (height_.load(base::acquire) == 1) return top_change::emptied;
        return clear_above(0, member >> bits_of_word);
    }

    // The first marked member from `start` (up to `most`) on, else from 0 on; nobody means that the top was empty.
    // Clears the bits above empty words that it meets.
    [[nodiscard]] found_member find(std::uint32_t start) noexcept;

    // A step on one member's bit that leaves it as it is: of this step and a mark, the later one sees what the other
    // thread did before.
    void step_on(std::uint32_t member) noexcept;

    [[nodiscard]] bool anything() const noexcept;
    // The same, as a step that writes: a marker that comes after it sees what this thread did before it (TOP_LOOK).
    [[nodiscard]] bool anything_ordered() noexcept;

  private:
    friend class set_layout; // the explorer's

    using word = base::atomic<std::uint64_t>;
    static constexpr std::uint32_t levels = 4;
    static constexpr std::uint32_t bits_of_word = 5;
    static constexpr std::uint64_t one_mark = std::uint64_t{1} << 32; // of the stamp

    // A bit that was seen set.
    struct marked_bit {
        std::uint32_t level;
        std::uint32_t index;
    };

    static constexpr std::uint64_t bit_of(std::uint32_t index) noexcept {
        return std::uint64_t{1} << (index & ((1U << bits_of_word) - 1));
    }
    static constexpr bool is_empty(std::uint64_t word) noexcept { return detail::set_front::is_empty(word); }
    [[nodiscard]] word& at(std::uint32_t level, std::uint32_t index) const noexcept {
        EFD_CHECK(level < levels && index <= most >> (bits_of_word * (level + 1))); // behind the last: the empty one
        return level_[level % levels][index];
    }
    // The word as it is, if it has the bit; otherwise a step on it, so that a later marker knows of this thread.
    [[nodiscard]] static std::uint64_t look_at(word& bits, std::uint64_t bit) noexcept {
        const std::uint64_t value = bits.load(base::acquire);
        // SET_MARK, step; of the levels above: SET_BITS
        return (value & bit) != 0 ? value : bits.fetch_or(0, base::acq_rel);
    }
    void set_bit(std::uint32_t level, std::uint32_t index) noexcept;
    [[nodiscard]] top_change clear_above(std::uint32_t level, std::uint32_t index) noexcept;
    top_change carry_up() noexcept;
    [[nodiscard]] top_change clear_after_help(std::uint32_t level, std::uint32_t index) noexcept;
    void show_top() noexcept;
    [[nodiscard]] marked_bit climb(std::uint32_t start) const noexcept;

    word* level_[levels] = {}; // where each begins
    base::atomic<std::uint32_t> height_{1};
    base::atomic<std::uint32_t> carried_{1}; // all earlier marks are carried up to this height
    base::atomic<const word*>& top_;
    base::atomic<bool> top_hidden_{false};
};

} // namespace efd::watch
