// watch/ready_bitmap.cpp: see ready_bitmap.hpp.
//
// SET_BITS. Who marks goes up and sets bits, level by level, as long as the word it came to was empty; who unmarks goes
// up and clears bits as long as the word below is empty. They meet half-way, so each looks again:
//
//     marker                                     unmarker
//     1 word below: set its bit, it was empty    1 word below: clear the last bit
//     2 word above: set the bit                  2 word above: clear the bit
//     3 not ready any more? unmark               3 word below: something there? set the bit above again, look again
//
// Both steps 2 are read-modify-writes of one word: whoever is second sees what the other did in its step 1. A marker
// that comes second, and leaves a bit above an empty word, sees what was taken before the bit below was cleared; so its
// look at the member (SET_MARK, set_wait.cpp) finds it not ready, and unmarking takes away what is too much.
#include "watch/ready_bitmap.hpp"

#include "os/memory.hpp"

#include <bit>
#include <iterator>
#include <new>

namespace efd::watch {
namespace {

constexpr std::uint32_t bits_of_word = 6;
constexpr std::uint32_t low_bits = (1U << bits_of_word) - 1;

// Where each level begins: the small upper ones first, so that a small set stays in one page. Behind each level stands
// a word that is empty for ever: who looks for the next member behind the last one looks there.
constexpr std::uint32_t level_at[] = {280, 16, 4, 0};
constexpr std::uint32_t words_in_all = level_at[0] + (ready_bitmap::most >> bits_of_word) + 1;

constexpr std::uint32_t size_of(std::uint32_t level) noexcept {
    const std::uint32_t words = ready_bitmap::most >> (bits_of_word * (level + 1));
    return words == 0 ? 1 : words;
}
static_assert(level_at[3] + size_of(3) < level_at[2] && level_at[2] + size_of(2) < level_at[1] &&
              level_at[1] + size_of(1) < level_at[0] && level_at[0] + size_of(0) < words_in_all);

constexpr std::uint32_t height_for(std::uint32_t members) noexcept {
    std::uint32_t height = 1;
    while (height < std::size(level_at) && members > 1U << (bits_of_word * height)) ++height;
    return height;
}
static_assert(height_for(1) == 1 && height_for(64) == 1 && height_for(65) == 2 && height_for(4096) == 2);
static_assert(height_for(4097) == 3 && height_for(262'145) == 4 && height_for(ready_bitmap::most) == 4);

constexpr std::uint64_t bit_of(std::uint32_t index) noexcept { return std::uint64_t{1} << (index & low_bits); }
constexpr std::uint64_t from_on(std::uint32_t index) noexcept { return ~std::uint64_t{0} << (index & low_bits); }
constexpr std::uint32_t first_bit(std::uint32_t word, std::uint64_t bits) noexcept {
    return word << bits_of_word | static_cast<std::uint32_t>(std::countr_zero(bits));
}
// The first one from `start` on, else from 0 on; as a rotation, since which of the two it is cannot be predicted.
constexpr std::uint32_t first_bit_around(std::uint64_t bits, std::uint32_t start) noexcept {
    const int turned = static_cast<int>(start);
    return (start + static_cast<std::uint32_t>(std::countr_zero(std::rotr(bits, turned)))) & low_bits;
}
static_assert(first_bit_around(0b1001, 0) == 0 && first_bit_around(0b1001, 1) == 3 && first_bit_around(0b1001, 4) == 0);
static_assert(from_on(64) == ~std::uint64_t{0} && from_on(63) == bit_of(63));

constinit const base::atomic<std::uint64_t> never_zero{1};

// What two steps came to, one after the other.
constexpr top_change later(top_change first, top_change second) noexcept {
    return second == top_change::none ? first : second;
}

} // namespace

bool ready_bitmap::make() noexcept {
    void* const memory = os::map_zeroed(words_in_all * sizeof(word));
    if (memory == nullptr) return false;
    static_assert(std::size(level_at) == levels);
    for (std::uint32_t level = 0; level < levels; ++level)
        level_[level] = static_cast<word*>(memory) + level_at[level]; // zeroed pages are zeroed words
    show_top();
    return true;
}

void ready_bitmap::hide_top(bool on) noexcept {
    top_hidden_ = on;
    show_top();
}

void ready_bitmap::show_top() noexcept {
    top_.store(top_hidden_ ? &never_zero : &at(height_.load(base::relaxed) - 1, 0), base::release);
}

// SET_HEIGHT: publish the new level, then step on what was the top. A marker that came before that step is carried up
// here; one that comes after it sees the new level, for it looks at the height after its own step. So with unmarkers:
// what one of them left above, not knowing of the level, is taken away here.
top_change ready_bitmap::grow(std::uint32_t members) noexcept {
    top_change change = top_change::none;
    const std::uint32_t wanted = height_for(members);
    for (std::uint32_t height = height_.load(base::relaxed); height < wanted; ++height) {
        height_.store(height + 1, base::release);
        if (at(height - 1, 0).fetch_or(0, base::acq_rel) != 0) // SET_HEIGHT, step
            change = later(change, set_bit(height, 0));
        if (at(height - 1, 0).load(base::acquire) == 0) change = later(change, tidy_above(height - 1, 0));
        show_top();
    }
    return change;
}

// Sets the bit `index` of a level, and those above it as far as they may be missing.
top_change ready_bitmap::set_bit(std::uint32_t level, std::uint32_t index) noexcept {
    for (;; ++level) {
        const std::uint64_t old = at(level, index >> bits_of_word).fetch_or(bit_of(index), base::acq_rel); // SET_BITS
        if (old != 0) return top_change::none; // whoever found it empty goes up
        index >>= bits_of_word;
        if (level + 1 >= height_.load(base::acquire)) return top_change::first;
    }
}

top_change ready_bitmap::mark(std::uint32_t member) noexcept { return set_bit(0, member); }

top_change ready_bitmap::unmark(std::uint32_t member) noexcept {
    const std::uint32_t below = member >> bits_of_word;
    const std::uint64_t old = at(0, below).fetch_and(~bit_of(member), base::acq_rel);
    if ((old & ~bit_of(member)) != 0) return top_change::none;
    return tidy_above(0, below);
}

// The word `index` of a level was seen empty: clears the bits above it as long as what is below them is empty.
top_change ready_bitmap::tidy_above(std::uint32_t level, std::uint32_t index) noexcept {
    top_change change = top_change::none;
    while (level + 1 < height_.load(base::acquire)) {
        const std::uint32_t above = index >> bits_of_word;
        const std::uint64_t old = at(level + 1, above).fetch_and(~bit_of(index), base::acq_rel); // SET_BITS, clear
        if (at(level, index).load(base::acquire) != 0) {                                         // the unmarker's look
            change = later(change, set_bit(level + 1, index));
            if (at(level, index).load(base::acquire) != 0) return change; // and the look of who has set it
            continue;
        }
        if ((old & ~bit_of(index)) != 0) return change;
        index = above;
        ++level;
    }
    return top_change::last;
}

// Goes up from `start` until a word has a bit at or behind it. At the top, if there is none behind, the first of all
// will do: so nobody is what that one look at the top has seen, and no bit above an empty word stays unseen.
ready_bitmap::spot ready_bitmap::climb(std::uint32_t start) const noexcept {
    const std::uint32_t top = height_.load(base::acquire) - 1;
    std::uint32_t index = start;
    for (std::uint32_t level = 0; level < top; ++level) {
        const std::uint32_t here = index >> bits_of_word;
        const std::uint64_t bits = at(level, here).load(base::acquire) & from_on(index);
        if (bits != 0) return {level, first_bit(here, bits)};
        index = here + 1;
    }
    const std::uint64_t bits = at(top, 0).load(base::acquire); // SET_SLEEP, nobody
    return {top, bits == 0 ? nobody : first_bit_around(bits, index > low_bits ? 0 : index)};
}

found_member ready_bitmap::find(std::uint32_t start) noexcept {
    top_change change = top_change::none;
    for (;;) {
        spot here = climb(start);
        while (here.level > 0 && here.index != nobody) {
            const std::uint64_t bits = at(here.level - 1, here.index).load(base::acquire);
            if (bits == 0) break;
            here = {here.level - 1, first_bit(here.index, bits)};
        }
        if (here.level == 0 || here.index == nobody) return {here.index, change};
        change = later(change, tidy_above(here.level - 1, here.index)); // a bit above an empty word
    }
}

void ready_bitmap::step_on(std::uint32_t member) noexcept { at(0, member >> bits_of_word).fetch_or(0, base::acq_rel); }

bool ready_bitmap::anything() const noexcept { return at(height_.load(base::acquire) - 1, 0).load(base::acquire) != 0; }

bool ready_bitmap::anything_in_order() noexcept {
    for (;;) {
        const std::uint32_t height = height_.load(base::acquire);
        const bool any = at(height - 1, 0).fetch_or(0, base::acq_rel) != 0; // TOP_LOOK
        if (any || height == height_.load(base::acquire)) return any;       // SET_HEIGHT
    }
}

} // namespace efd::watch
