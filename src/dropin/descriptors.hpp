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

// Of a number below `end`.
[[nodiscard]] inline noted_slot& note_of(int fd) noexcept { return noted.slots.load(base::relaxed)[fd]; }
[[nodiscard]] inline slot* slot_of(int fd) noexcept {
    if (static_cast<unsigned>(fd) >= noted.end.load(base::acquire)) return nullptr;
    return note_of(fd).load(base::acquire);
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

// What a number stands for, and the changes of numbers until then.
struct number_look {
    slot* there = nullptr;
    unsigned changes = 0;
    bool calm = false; // none was in progress
};

// A call by which numbers come or go: from before it is made until its result is there. For as long nothing is parked
// beside what loses a number, and who duplicates another meanwhile learns that there was one.
class number_change {
  public:
    void before_closed(int fd) noexcept;
    // A new number of what `from` is, whatever that is.
    void before_duplicated(int from) noexcept;
    // `to` becomes a number of what `from` is, unless that fails.
    void before_replaced(int from, int to) noexcept;
    // The number that was made; or how the call failed, or ended.
    void after(int result) noexcept;

  private:
    enum class kind : unsigned char { nothing, closed, duplicated, replaced };
    void take_note(int fd, slot& there) noexcept;

    kind what_ = kind::nothing;
    bool counted_ = false; // as one in progress
    int from_ = -1;
    int to_ = -1;
    number_look source_;
    slot* taken_ = nullptr; // whose note was taken away
    asking_call quiet_;     // beside what loses the number
};

// The number is no longer one of ours, whatever becomes of it.
void forget(int fd) noexcept;
void forget_range(unsigned first, unsigned last) noexcept;
// Another process has all that are noted, too.
void mark_forked() noexcept;
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
