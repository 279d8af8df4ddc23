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

// Lives from before the call that makes an eventfd until its result is noted.
class eventfd_creation {
  public:
    eventfd_creation() noexcept;
    ~eventfd_creation() { (void)end(); }
    eventfd_creation(const eventfd_creation&) = delete;
    eventfd_creation& operator=(const eventfd_creation&) = delete;
    void note(int fd, unsigned initval, unsigned flags, const void* site) noexcept;

  private:
    bool end() noexcept; // true: a number was duplicated meanwhile

    std::uint32_t demotion_triggers_;
    bool is_over_;
};

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
// Demotes all before a fork: the child has the same numbers, and its own memory.
void demote_all_copied() noexcept;
// Demotes all, and all that are made later, before a vfork. The child runs in this memory with its own numbers, for an
// unknown time. A number that it uses may refer to another file here.
void demote_all_for_vfork() noexcept;
// Demotes the promoted ones, so that the kernel shows their whole count.
void show_counts() noexcept;
[[nodiscard]] bool any_promoted() noexcept;

inline constexpr std::uint64_t duplicated_meanwhile = std::uint64_t{1} << 32;
inline constexpr std::uint64_t one_being_made = std::uint64_t{1} << 33;

// Was an eventfd made since the last demotion of all? If not, no call can be a trigger. The stubs check this in a few
// instructions.
extern "C" {
// The lower half counts the eventfds whose making has begun. Above it stand a mark, that a number was duplicated
// meanwhile, and the number of eventfds that are being made.
[[gnu::visibility("hidden")]] extern base::atomic<std::uint64_t> efd_created;
[[gnu::visibility("hidden")]] extern base::atomic<std::uint32_t> efd_created_demoted;
}
[[nodiscard]] inline bool any_not_demoted() noexcept {
    return static_cast<std::uint32_t>(efd_created.load(base::acquire)) != efd_created_demoted.load(base::relaxed);
}

// Before and after a number is duplicated: an eventfd with two numbers is demoted.
void before_noted_duplicated(int from, fd_slot& slot) noexcept;
inline void before_duplicated(int from) noexcept {
    fd_slot* const slot = slot_at(from);
    if (slot == nullptr) return;
    const cached_word word = slot->word.load(base::acquire);
    if (needs_demotion(word) || is_epoll(word)) [[unlikely]]
        before_noted_duplicated(from, *slot);
}
void note_duplication() noexcept;
inline void after_duplicated(int from) noexcept {
    if (efd_created.load(base::acquire) >= one_being_made) [[unlikely]]
        note_duplication();
    fd_slot* const slot = slot_at(from);
    if (slot != nullptr && needs_demotion(slot->word.load(base::acquire))) [[unlikely]]
        demote_fd(from, reason::replaced);
}

inline void after_dup(int from, int made) noexcept {
    if (made >= 0 && made != from) after_duplicated(from);
}
// The call may fail; then the number stands for what it stood for, which is the kernel's from now on.
inline void before_dup2(int from, int to) noexcept {
    if (from == to) return;
    before_duplicated(from);
    demote_and_forget(to, reason::replaced);
}

// An epoll that only this process can watch: made here, and not copied since.
void note_epoll(int epoll) noexcept;
[[nodiscard]] bool is_own_epoll(int epoll) noexcept;

// In a child of fork. Nothing is noted. With a report, the parent's eventfds get a demoted slot here, which counts
// calls.
void begin_in_child() noexcept;

} // namespace efd::dropin
