// dropin/descriptors.hpp: which numbers of this process are eventfds that we saw being made.
//
// The kernel's table is the truth; this one is a note beside it, taken down before a number can be anybody else's. A
// number that is not noted is none of our business. A lookup is one load; any thread, also in signal handlers.
#pragma once

#include "dropin/note.hpp"
#include "dropin/region.hpp"

namespace efd::dropin {

inline constexpr unsigned most_descriptors = 1U << 16; // an eventfd above stays the kernel's

// What every call looks at, on one line. A process that makes no eventfd has none of the memory behind it. Behind the
// last call's locked instruction each load waits for the one before it: slots are noted by where they are.
struct alignas(64) notes_of_process {
    base::atomic<unsigned> end{0};            // from here on no number was ever noted
    base::atomic<noted_slot*> slots{nullptr}; // by descriptor; there before `end`
    base::atomic<region*> all{nullptr};       // where slots are given out
};
extern notes_of_process noted;

[[nodiscard]] inline slot* slot_of(int fd) noexcept {
    if (static_cast<unsigned>(fd) >= noted.end.load(base::acquire)) return nullptr;
    return noted.slots.load(base::relaxed)[fd].load(base::acquire);
}
// Was an eventfd of ours ever noted.
[[nodiscard]] inline bool any_noted() noexcept { return noted.end.load(base::relaxed) > 0; }

// Until now nothing is noted. The memory is the file's that is named, now; or, without, made with the first eventfd, so
// that a program that makes none does not pay for it.
void begin_noting(const char* path) noexcept;
// From now on nothing new is noted.
void end_noting() noexcept;
// No number is one of ours any more.
void end_looking() noexcept;
[[nodiscard]] bool notes() noexcept;

// Is `fd` a number of what the slot stands for, still.
[[nodiscard]] bool is_noted_as(int fd, slot& there) noexcept;

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

template <class Act>
void for_each(Act act) noexcept {
    const auto end = static_cast<int>(noted.end.load(base::acquire));
    for (int fd = 0; fd < end; ++fd)
        if (slot* const there = slot_of(fd); there != nullptr) act(fd, *there);
}

// A number that is an epoll's, until it is closed.
void note_epoll(int epoll) noexcept;
[[nodiscard]] bool is_noted_epoll(int epoll) noexcept;
// An io_uring whose requests pass by here; until it is given up, or closed.
void note_ring(int fd) noexcept;
void forget_ring(int fd) noexcept;
[[nodiscard]] bool is_noted_ring(int fd) noexcept;

} // namespace efd::dropin
