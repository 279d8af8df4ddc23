// dropin/descriptors.hpp: which numbers of this process are eventfds that we saw being made.
//
// The kernel's table is the truth; this one is a note beside it, taken down before a number can be anybody else's. A
// number that is not noted is none of our business. A lookup is one load; any thread, also in signal handlers.
#pragma once

#include "dropin/region.hpp"

namespace efd::dropin {

inline constexpr unsigned most_descriptors = 1U << 20;

// Null until there is a slot in it.
extern base::atomic<region*> all_slots;

// Zeroes from the start, like all static memory; a constructor over a million numbers would be one at run time.
union number_table {
    constexpr number_table() noexcept : nothing(0) {}
    [[nodiscard]] base::atomic<std::uint32_t>& operator[](int fd) noexcept { return numbers[fd]; }
    char nothing;
    base::atomic<std::uint32_t> numbers[most_descriptors];
};
extern number_table slot_numbers;

[[nodiscard]] inline slot* slot_of(int fd) noexcept {
    if (static_cast<unsigned>(fd) >= most_descriptors) return nullptr;
    const std::uint32_t number = slot_numbers[fd].load(base::acquire);
    return number == 0 ? nullptr : &all_slots.load(base::relaxed)->slots[number]; // it came before any number
}

// Until now nothing is noted. The memory is the file's that is named, now; or, without, made with the first eventfd, so
// that a program that makes none does not pay for it.
void begin_noting(const char* path) noexcept;
// From now on nothing new is noted.
void end_noting() noexcept;
[[nodiscard]] bool notes() noexcept;

// A new eventfd, made by the code at `site`.
void note_created(int fd, unsigned initval, unsigned flags, const void* site) noexcept;
// `to` is another number of what `from` is, or of something that is not ours.
void note_duplicated(int from, int to) noexcept;
// The number is about to be closed.
void forget(int fd) noexcept;
// `to` is about to become another number of what `from` is, unless that fails.
void before_replaced(int from, int to) noexcept;
void forget_range(unsigned first, unsigned last) noexcept;
// Every descriptor that is noted: act(fd, slot).
template <class Act>
void for_each(Act act) noexcept;

// Descriptors above this one were never noted.
extern base::atomic<int> highest;

template <class Act>
void for_each(Act act) noexcept {
    const int last = highest.load(base::acquire);
    for (int fd = 0; fd <= last; ++fd)
        if (slot* const there = slot_of(fd); there != nullptr) act(fd, *there);
}

// An epoll that has one of ours for a member.
void note_epoll(int epoll) noexcept;
[[nodiscard]] bool is_noted_epoll(int epoll) noexcept;
// A number that is or was watched for edges: what is put into it later is, too.
void note_edges(int fd) noexcept;
[[nodiscard]] bool is_noted_for_edges(int fd) noexcept;
// An io_uring whose requests pass by here; until it is given up.
void note_ring(int fd) noexcept;
void forget_ring(int fd) noexcept;
[[nodiscard]] bool is_noted_ring(int fd) noexcept;

} // namespace efd::dropin
