// watch/ready_bitmap.hpp: which of up to 2^20 members are ready, and the way to one of them in four steps.
//
// Owns words of 64 bits in levels: a bit of level 0 is a member, a bit above says that the word below may have a bit
// set. Only as many levels are in use as the members need. Any number of threads mark, unmark and look at once, also
// from signal handlers; nothing waits and no pointer is followed, so a mark that comes late or for nobody does no
// harm. Invariant (SET_BITS in docs/races.md): when no call is in progress, a bit is set exactly if the word below it
// is not zero; while calls are in progress, a set bit below whose bits above are clear belongs to a marker on its way
// up. The memory stays for ever.
#pragma once

#include <efd/base/atomic.hpp>

#include <cstdint>

namespace efd::watch {

// What a step came to at the top, as far as whoever waits there must know.
enum class top_change : std::uint32_t {
    none,
    first, // it was empty and is not any more
    last,  // it is empty now
};

// Who was found, and what the way there came to at the top.
struct found_member {
    std::uint32_t index;
    top_change change;
};

class set_layout;

class ready_bitmap {
  public:
    static constexpr std::uint32_t most = 1U << 20;
    static constexpr std::uint32_t nobody = UINT32_MAX;

    // The word at the top is also told to whoever looks there only.
    explicit constexpr ready_bitmap(base::atomic<const base::atomic<std::uint64_t>*>& top) noexcept : top_(top) {}
    ready_bitmap(const ready_bitmap&) = delete;
    ready_bitmap& operator=(const ready_bitmap&) = delete;

    // Once, before anything else: false if memory ran out.
    [[nodiscard]] bool make() noexcept;

    // Room for `members`, up to `most`. One thread at a time.
    [[nodiscard]] top_change grow(std::uint32_t members) noexcept;

    // On: whoever looks at the top only is told that there may be something, always. With grow, one thread at a time.
    void hide_top(bool on) noexcept;

    // Who marks must look at the member after it, and unmark if it is not ready (any more); who unmarks must look after
    // it, and mark if it is.
    [[nodiscard]] top_change mark(std::uint32_t member) noexcept;
    [[nodiscard]] top_change unmark(std::uint32_t member) noexcept;

    // The first marked member from `start` (up to `most`) on, else from 0 on; nobody means that the top was empty. Bits
    // above empty words are taken away as they are met.
    [[nodiscard]] found_member find(std::uint32_t start) noexcept;

    // A step on one member's bit that leaves it as it is: of this one and a mark, whichever is later sees what the
    // other thread did before.
    void step_on(std::uint32_t member) noexcept;

    [[nodiscard]] bool anything() const noexcept;
    // The same, as a step that writes: a marker that comes after it sees what this thread did before it (TOP_LOOK).
    [[nodiscard]] bool anything_in_order() noexcept;

  private:
    friend class set_layout; // the explorer's

    using word = base::atomic<std::uint64_t>;
    static constexpr std::uint32_t levels = 4;

    // A bit that was seen set.
    struct spot {
        std::uint32_t level;
        std::uint32_t index;
    };

    [[nodiscard]] word& at(std::uint32_t level, std::uint32_t index) const noexcept {
        return level_[level % levels][index];
    }
    [[nodiscard]] top_change set_bit(std::uint32_t level, std::uint32_t index) noexcept;
    [[nodiscard]] top_change tidy_above(std::uint32_t level, std::uint32_t index) noexcept;
    void show_top() noexcept;
    [[nodiscard]] spot climb(std::uint32_t start) const noexcept;

    word* level_[levels] = {}; // where each begins
    base::atomic<std::uint32_t> height_{1};
    base::atomic<const word*>& top_;
    bool top_hidden_ = false;
};

} // namespace efd::watch
