// SPDX-License-Identifier: MIT
// dropin/table/table.hpp: which numbers of this process are eventfds that we saw being made.
//
// Epolls that nobody else can watch have a note, too. The kernel's table is the truth; this one is a note beside it,
// taken down before a number can be anybody else's. A number that is not noted is none of our business, nor are 0 to 2,
// in whose place libc puts files by itself. The memory is wiped in every child that gets a copy of it, however it is
// made: it knows of no number. A lookup is two loads; any thread, also in signal handlers.
#pragma once

#include "dropin/rules/slot.hpp"

namespace efd::dropin {

inline constexpr unsigned most_descriptors = 1U << 16; // an eventfd above stays the kernel's
inline constexpr unsigned first_noted = 3;
inline constexpr unsigned slots_together = 64;

struct slot_page {
    slot slots[slots_together];
};
extern base::atomic<slot_page*> slot_pages[most_descriptors / slots_together];

// Where the number is noted, if it is.
[[nodiscard]] inline slot* place_of(int fd) noexcept {
    if (static_cast<unsigned>(fd) >= most_descriptors) return nullptr;
    slot_page* const page = slot_pages[static_cast<unsigned>(fd) / slots_together].load(base::acquire);
    return page == nullptr ? nullptr : &page->slots[static_cast<unsigned>(fd) % slots_together];
}
[[nodiscard]] inline slot* slot_of(int fd) noexcept {
    slot* const there = place_of(fd);
    return there != nullptr && is_noted(there->word.load(base::acquire)) ? there : nullptr;
}

void begin_noting() noexcept;
// From now on nothing new is noted.
void end_noting() noexcept;

// An eventfd is made: from before the call until its result is there.
class birth {
  public:
    birth() noexcept;
    ~birth() { (void)end(); }
    birth(const birth&) = delete;
    birth& operator=(const birth&) = delete;
    void made(int fd, unsigned initval, unsigned flags, const void* site) noexcept;

  private:
    bool end() noexcept; // true: a number was duplicated meanwhile

    std::uint32_t escapes_;
    bool is_over_;
};

// The number is no longer one of ours: it is closed next.
void forget_noted(int fd, slot& there) noexcept;
inline void forget(int fd) noexcept {
    slot* const there = place_of(fd);
    if (there != nullptr && is_anything(there->word.load(base::acquire))) [[unlikely]]
        forget_noted(fd, *there);
}
void forget_range(unsigned first, unsigned last) noexcept;
// The same, where it may not be closed after all.
void let_go(int fd, reason why) noexcept;

// What lets somebody whom we cannot see touch one eventfd, or all that are there: these stay the kernel's.
void escape(int fd, reason why) noexcept;
void all_escape(reason why) noexcept;
void semaphores_escape(reason why) noexcept; // that are promoted
// And all that are made later.
void all_escape_for_good(reason why) noexcept;
// The numbers of all are given to somebody whose memory is his own, or begins to be: fork.
void all_are_copied() noexcept;
// A child in this memory has numbers of his own for a while: vfork. Nobody knows when that is over, and what he does by
// a number may be another's here: nothing is promoted later.
void numbers_differ_for_a_while() noexcept;
// Those that are promoted, so that their whole count can be seen.
void show_counts() noexcept;
[[nodiscard]] bool any_promoted() noexcept;

inline constexpr std::uint64_t duplicated_meanwhile = std::uint64_t{1} << 32;
inline constexpr std::uint64_t one_being_made = std::uint64_t{1} << 33;

// Was an eventfd made since all have escaped: where not, no call can let one. The stubs ask this in a few instructions.
extern "C" {
// How many were begun to be made, in the lower half; above it whether a number was duplicated while one was, and how
// many are being made now.
[[gnu::visibility("hidden")]] extern base::atomic<std::uint64_t> efd_births;
[[gnu::visibility("hidden")]] extern base::atomic<std::uint32_t> efd_births_escaped;
[[gnu::visibility("hidden")]] extern base::atomic<std::uint32_t> efd_promotions; // so many were ever promoted
}
[[nodiscard]] inline bool any_at_stake() noexcept {
    return static_cast<std::uint32_t>(efd_births.load(base::acquire)) != efd_births_escaped.load(base::relaxed);
}

// Before a number is duplicated, and once it was: no number of ours has a second.
void before_noted_duplicated(int from, slot& there) noexcept;
inline void before_duplicated(int from) noexcept {
    slot* const there = place_of(from);
    if (there != nullptr && is_anything(there->word.load(base::acquire))) [[unlikely]]
        before_noted_duplicated(from, *there);
}
void note_duplication() noexcept;
inline void after_duplicated(int from) noexcept {
    if (efd_births.load(base::acquire) >= one_being_made) [[unlikely]]
        note_duplication();
    if (slot_of(from) != nullptr) [[unlikely]]
        escape(from, reason::replaced);
}

inline void after_dup(int from, int made) noexcept {
    if (made >= 0 && made != from) after_duplicated(from);
}
// The call may fail; then the number stands for what it stood for, which is the kernel's from now on.
inline void before_dup2(int from, int to) noexcept {
    if (from == to) return;
    before_duplicated(from);
    let_go(to, reason::replaced);
}

// An epoll that nobody else can watch: made here, and not copied since.
void note_epoll(int epoll) noexcept;
[[nodiscard]] bool is_own_epoll(int epoll) noexcept;

// In a child of fork: nothing is noted. In report mode the numbers from its parent are counted, and are the kernel's.
void begin_in_child() noexcept;

} // namespace efd::dropin
