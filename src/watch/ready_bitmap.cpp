// SPDX-License-Identifier: MIT
// watch/ready_bitmap.cpp: see ready_bitmap.hpp.
//
// SET_BITS. A marker goes up and marks in every word, whether its bit is set or not: the mark moves the word's stamp.
// To clear a bit, a thread looks at the word first, then at what is below, and clears by comparing: it fails if any
// thread has marked in that word meanwhile.
//
//     marker                                     clearing thread
//     1 below: sets its bit                      1 above: looks at the word, with its stamp
//     2 above: sets the bit, moves the stamp     2 below: empty?
//                                                3 above: clears the bit, if the word is as it was
//
// The marker's 2 and the other thread's 1 and 3 are steps on the word above. If the marker's 2 comes before 1, the
// other's look below finds the bit. If it comes between 1 and 3, the stamp has moved, and 3 fails. If it
// comes after 3, it sets the bit again. So a mark that has returned has its bits, wherever other threads are stopped. A
// bit above an empty word does no harm; a thread that meets it clears it.
#include "watch/ready_bitmap.hpp"

#include "os/memory.hpp"

#include <bit>
#include <iterator>
#include <new>

namespace efd::watch {
namespace {

constexpr std::uint32_t bits_shift = 5;
constexpr std::uint32_t low_bits = (1U << bits_shift) - 1;

// Where each level begins: the small upper ones first, so a small set uses few pages. Behind each level stands a word
// that is empty for ever, for the search for the next member behind the last one.
constexpr std::uint32_t level_at[] = {1080, 40, 4, 0};
constexpr std::uint32_t words_in_all = level_at[0] + (ready_bitmap::most >> bits_shift) + 1;

constexpr std::uint32_t size_of(std::uint32_t level) noexcept {
    const std::uint32_t words = ready_bitmap::most >> (bits_shift * (level + 1));
    return words == 0 ? 1 : words;
}
static_assert(level_at[3] + size_of(3) < level_at[2] && level_at[2] + size_of(2) < level_at[1] &&
              level_at[1] + size_of(1) < level_at[0] && level_at[0] + size_of(0) < words_in_all);

constexpr std::uint32_t height_for(std::uint32_t members) noexcept {
    std::uint32_t height = 1;
    while (height < std::size(level_at) && members > 1U << (bits_shift * height)) ++height;
    return height;
}
static_assert(height_for(1) == 1 && height_for(32) == 1 && height_for(33) == 2 && height_for(1024) == 2);
static_assert(height_for(1025) == 3 && height_for(32'769) == 4 && height_for(ready_bitmap::most) == 4);

constexpr std::uint32_t bits_in(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word); }
constexpr std::uint32_t from_on(std::uint32_t index) noexcept { return ~std::uint32_t{0} << (index & low_bits); }
constexpr std::uint32_t first_bit(std::uint32_t word, std::uint32_t bits) noexcept {
    return word << bits_shift | static_cast<std::uint32_t>(std::countr_zero(bits));
}
// The first one from `start` on, else from 0 on; as a rotation, since a branch could not be predicted.
constexpr std::uint32_t first_bit_around(std::uint32_t bits, std::uint32_t start) noexcept {
    const int turned = static_cast<int>(start);
    return (start + static_cast<std::uint32_t>(std::countr_zero(std::rotr(bits, turned)))) & low_bits;
}
static_assert(first_bit_around(0b1001, 0) == 0 && first_bit_around(0b1001, 1) == 3 && first_bit_around(0b1001, 4) == 0);
static_assert(from_on(32) == ~std::uint32_t{0} && from_on(31) == 1U << 31);

constinit const base::atomic<std::uint64_t> never_empty{1};

// The result of two steps, one after the other.
constexpr top_change later(top_change first, top_change second) noexcept {
    return second == top_change::none ? first : second;
}

} // namespace

bool ready_bitmap::make() noexcept {
    void* const memory = os::map_zeroed(words_in_all * sizeof(word));
    if (memory == nullptr) return false;
    static_assert(std::size(level_at) == levels && bits_shift == bits_of_word);
    for (std::uint32_t level = 0; level < levels; ++level)
        level_[level] = static_cast<word*>(memory) + level_at[level]; // zeroed pages are zeroed words
    show_top();
    return true;
}

void ready_bitmap::hide_top(bool on) noexcept {
    top_hidden_.store(on, base::release); // SET_HEIGHT, hide: pairs with show_top()
    show_top();
}

// The height is read after the top that is to be replaced: a late thread replaces nothing newer.
void ready_bitmap::show_top() noexcept {
    for (;;) {
        const word* shown = top_.load(base::acquire);
        const bool is_hidden = top_hidden_.load(base::acquire);
        const word* const wanted = is_hidden ? &never_empty : &at(height_.load(base::acquire) - 1, 0);
        if (shown == wanted) return;
        (void)top_.compare_exchange_strong(shown, wanted, base::acq_rel, base::acquire); // SET_HEIGHT, show
    }
}

// SET_HEIGHT: the bit above the former top is set before the new level is published, so a marker that knows only the
// old height has its bit above as well. It is marked again after a step on the former top, since a thread that clears
// it may not have seen that marker. A marker that comes after that step knows the new height. Every thread that clears
// on the new level, or joins, makes sure of that step, since the thread that has published may be stopped before it. If
// nothing is below, the bit is cleared again.
top_change ready_bitmap::grow(std::uint32_t members) noexcept {
    EFD_CHECK(members > 0 && members <= most);
    top_change change = top_change::none;
    const std::uint32_t wanted = height_for(members);
    for (std::uint32_t height = height_.load(base::acquire); height < wanted; height = height_.load(base::acquire)) {
        std::uint32_t expected = height;
        at(height, 0).fetch_or(bit_of(0), base::acq_rel);                                    // SET_HEIGHT
        height_.compare_exchange_strong(expected, height + 1, base::acq_rel, base::acquire); // SET_HEIGHT, publish
        change = carry_up();
        if (expected != height) change = later(change, clear_above(height - 1, 0)); // the bit came late
    }
    if (carried_.load(base::acquire) != height_.load(base::acquire)) change = carry_up();
    show_top();
    return change;
}

[[gnu::noinline]] top_change ready_bitmap::carry_up() noexcept {
    const std::uint32_t from = carried_.load(base::acquire);
    const std::uint32_t height = height_.load(base::acquire);
    EFD_CHECK(from > 0 && from <= height && height <= levels);
    for (std::uint32_t level = from; level < height; ++level)
        if (!is_empty(at(level - 1, 0).fetch_or(0, base::acq_rel))) set_bit(level, 0); // SET_HEIGHT, step
    carried_.store(height, base::release); // SET_HEIGHT, carried: the steps are made
    top_change change = top_change::marked;
    for (std::uint32_t level = from; level < height; ++level) change = later(change, clear_above(level - 1, 0));
    return change;
}

// Sets the bit `index` of a level, and all above it.
void ready_bitmap::set_bit(std::uint32_t level, std::uint32_t index) noexcept {
    do {
        word& bits = at(level, index >> bits_of_word);
        std::uint64_t value = bits.load(base::relaxed);
        // SET_BITS, mark
        while (!bits.compare_exchange_weak(value, (value | bit_of(index)) + one_mark, base::acq_rel, base::relaxed)) {
        }
        index >>= bits_of_word;
    } while (++level < height_.load(base::acquire));
}

void ready_bitmap::mark(std::uint32_t member) noexcept { set_bit(0, member); }

[[gnu::noinline]] top_change ready_bitmap::clear_after_help(std::uint32_t level, std::uint32_t index) noexcept {
    (void)carry_up();
    return clear_above(level, index);
}

// The word `index` of a level was seen empty: clears the bits above it as long as what is below them is empty.
top_change ready_bitmap::clear_above(std::uint32_t level, std::uint32_t index) noexcept {
    for (std::uint32_t height = 0; level + 1 < (height = height_.load(base::acquire)); ++level) {
        if (carried_.load(base::acquire) != height) [[unlikely]] // SET_HEIGHT, help
            return clear_after_help(level, index);
        word& above = at(level + 1, index >> bits_of_word);
        std::uint64_t value = look_at(above, bit_of(index)); // SET_BITS: before the look below
        while ((value & bit_of(index)) != 0) {
            if (!is_empty(at(level, index).load(base::acquire))) return top_change::none;
            const bool cleared = above.compare_exchange_weak(value, value & ~bit_of(index), base::acq_rel,
                                                             base::acquire); // SET_BITS, clear
            value = cleared ? value & ~bit_of(index) : look_at(above, bit_of(index));
        }
        if (!is_empty(value)) return top_change::none;
        index >>= bits_of_word;
    }
    return top_change::emptied;
}

// Goes up from `start` until a word has a bit at or behind it. At the top, without one behind, the first of all will
// do: so `nobody` is what that one look at the top has seen, and no bit above an empty word stays unseen.
ready_bitmap::marked_bit ready_bitmap::climb(std::uint32_t start) const noexcept {
    const std::uint32_t top = height_.load(base::acquire) - 1;
    std::uint32_t index = start;
    for (std::uint32_t level = 0; level < top; ++level) {
        const std::uint32_t above = index >> bits_of_word;
        const std::uint32_t bits = bits_in(at(level, above).load(base::acquire)) & from_on(index);
        if (bits != 0) return {level, first_bit(above, bits)};
        index = above + 1;
    }
    const std::uint32_t bits = bits_in(at(top, 0).load(base::acquire)); // SET_SLEEP, nobody
    return {top, bits == 0 ? nobody : first_bit_around(bits, index > low_bits ? 0 : index)};
}

found_member ready_bitmap::find(std::uint32_t start) noexcept {
    top_change change = top_change::none;
    for (;;) {
        marked_bit bit = climb(start);
        while (bit.level > 0 && bit.index != nobody) {
            const std::uint32_t bits = bits_in(at(bit.level - 1, bit.index).load(base::acquire));
            if (bits == 0) break;
            bit = {bit.level - 1, first_bit(bit.index, bits)};
        }
        EFD_CHECK(bit.index == nobody || bit.index < most >> (bits_of_word * bit.level));
        if (bit.level == 0 || bit.index == nobody) return {bit.index, change};
        change = later(change, clear_above(bit.level - 1, bit.index)); // a bit above an empty word
    }
}

// ALL_SLEEP, step
void ready_bitmap::step_on(std::uint32_t member) noexcept { at(0, member >> bits_of_word).fetch_or(0, base::acq_rel); }

bool ready_bitmap::anything() const noexcept {
    return !is_empty(at(height_.load(base::acquire) - 1, 0).load(base::acquire));
}

bool ready_bitmap::anything_ordered() noexcept {
    for (;;) {
        const std::uint32_t height = height_.load(base::acquire);
        const bool any = !is_empty(at(height - 1, 0).fetch_or(0, base::acq_rel)); // TOP_LOOK
        if (any || height == height_.load(base::acquire)) return any;             // SET_HEIGHT
    }
}

} // namespace efd::watch
