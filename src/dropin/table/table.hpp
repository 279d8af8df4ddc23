// SPDX-License-Identifier: MIT
// dropin/table/table.hpp: which descriptor numbers of this process are eventfds that the drop-in saw being made.
//
// Epolls that only this process can watch have a note, too. The kernel's table is the truth. A note here is removed
// before its number can refer to another file. Calls on a number without a note are passed on. Numbers 0 to 2 are never
// noted, because libc puts files there by itself. The kernel wipes this memory in every child that gets a copy of it,
// however the child is made; so a child has no notes. A look-up is two loads. Any thread; also in signal handlers.
#pragma once

#include "dropin/rules/slot.hpp"

namespace efd::dropin {

inline constexpr unsigned most_descriptors = 1U << 16; // an eventfd with a higher number is never noted
inline constexpr unsigned first_noted = 3;
inline constexpr unsigned slots_per_page = 64;

struct slot_page {
    fd_slot slots[slots_per_page];
};
extern base::atomic<slot_page*> slot_pages[most_descriptors / slots_per_page];

// The slot of a number, noted or not; null: it has none yet.
[[nodiscard]] inline fd_slot* slot_at(int fd) noexcept {
    if (static_cast<unsigned>(fd) >= most_descriptors) return nullptr;
    slot_page* const page = slot_pages[static_cast<unsigned>(fd) / slots_per_page].load(base::acquire);
    return page == nullptr ? nullptr : &page->slots[static_cast<unsigned>(fd) % slots_per_page];
}
// The slot of a number that is noted, or null.
[[nodiscard]] inline fd_slot* slot_of(int fd) noexcept {
    fd_slot* const slot = slot_at(fd);
    return slot != nullptr && is_noted(slot->word.load(base::acquire)) ? slot : nullptr;
}

void begin_noting() noexcept;
// Afterwards no new eventfd is noted.
void end_noting() noexcept;

// Before the call that makes an eventfd; returns how often all were demoted so far.
[[nodiscard]] std::uint32_t before_making() noexcept;
// After it. `site`: the code that called.
void note_eventfd(int fd, unsigned initval, unsigned flags, std::uint32_t demoted_before, const void* site) noexcept;

// Removes the note, flushing cached units. The caller closes the number next.
void forget_noted(int fd, fd_slot& slot) noexcept;
inline void forget(int fd) noexcept {
    fd_slot* const slot = slot_at(fd);
    if (slot != nullptr && is_anything(slot->word.load(base::acquire))) [[unlikely]]
        forget_noted(fd, *slot);
}
void forget_range(unsigned first, unsigned last) noexcept;
// The same for a number that may stay open after all.
void demote_and_forget(int fd, reason why) noexcept;

// Demotes one eventfd, or all that exist, because an unseen party may touch them.
void demote_fd(int fd, reason why) noexcept;
void demote_all(reason why) noexcept;
// Before a read or a write in another way than by read() and write().
inline void before_other(int fd, base::atomic<std::uint64_t> tally::* which) noexcept {
    fd_slot* const slot = slot_of(fd);
    if (slot == nullptr) [[likely]]
        return;
    demote_fd(fd, reason::other_call);
    count(*slot, which);
}
inline void before_other_read(int fd) noexcept { before_other(fd, &tally::uncached_reads); }
inline void before_other_write(int fd) noexcept { before_other(fd, &tally::uncached_writes); }
void demote_semaphores(reason why) noexcept; // the promoted ones
// Demotes all, and all that are made later.
void demote_all_for_good(reason why) noexcept;
// Demotes all before another process gets copies of the numbers: the child of a fork, for instance.
void demote_all_copied(reason why = reason::forked) noexcept;
// The same for a call whose end is not seen: what is made meanwhile may be copied too, so nothing is promoted any more.
// The child of a vfork, besides, runs in this memory with its own numbers.
void demote_all_copied_for_good(reason why) noexcept;

// While this lives a child is being made. What is made meanwhile may be copied, and is not promoted until the end. A
// thread that is cancelled meanwhile, or jumps out, leaves no end: nothing is promoted any more.
class child_being_made {
  public:
    explicit child_being_made(reason why) noexcept : why_(why) { begin(why); }
    ~child_being_made() { end(why_); }
    child_being_made(const child_being_made&) = delete;
    child_being_made& operator=(const child_being_made&) = delete;

    static void begin(reason why) noexcept;
    static void end(reason why) noexcept;

  private:
    reason why_;
};
// Demotes the promoted ones, so that the kernel shows their whole count.
void show_counts() noexcept;
[[nodiscard]] bool any_promoted() noexcept;

// Was an eventfd made since the last demotion of all? If not, no call can be a trigger. The stubs check this in a few
// instructions.
extern "C" {
[[gnu::visibility("hidden")]] extern base::atomic<std::uint32_t> efd_created; // eventfds whose making has begun
[[gnu::visibility("hidden")]] extern base::atomic<std::uint32_t> efd_created_demoted;
}
[[nodiscard]] inline bool any_not_demoted() noexcept {
    return efd_created.load(base::acquire) != efd_created_demoted.load(base::relaxed);
}

// Before a number is duplicated: an eventfd with two numbers is demoted.
void before_noted_duplicated(int from, fd_slot& slot) noexcept;
inline void before_duplicated(int from) noexcept {
    fd_slot* const slot = slot_at(from);
    if (slot == nullptr) return;
    const cached_word word = slot->word.load(base::acquire);
    if (needs_demotion(word) || is_epoll(word)) [[unlikely]]
        before_noted_duplicated(from, *slot);
}
// An epoll that only this process can watch: made here, and not copied since.
void note_epoll(int epoll) noexcept;
[[nodiscard]] bool is_own_epoll(int epoll) noexcept;
// May a call that concerns an eventfd, or an epoll in which one may be later, be a trigger?
[[nodiscard]] bool any_to_demote() noexcept;

// In a child of fork. Nothing is noted. With a report, the parent's eventfds get a demoted slot here, which counts
// calls.
void begin_in_child() noexcept;

} // namespace efd::dropin
