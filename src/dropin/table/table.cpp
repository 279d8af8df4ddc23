// SPDX-License-Identifier: MIT
// dropin/table/table.cpp: see table.hpp.
//
// DEMOTE_ALL. A thread that demotes all first counts the trigger, and then searches for promoted numbers. A thread that
// promotes first puts the number where the search looks, and then checks whether the count has changed since the
// eventfd was made. At least one of them sees the other.
#include "dropin/table/table.hpp"

#include "dropin/rules/evidence.hpp"
#include "dropin/rules/kernel_side.hpp"
#include "dropin/rules/raw_call.hpp"
#include "dropin/table/policy.hpp"
#include "dropin/table/region.hpp"
#include "os/probe.hpp"

#include <bit>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

extern "C" {
constinit efd::base::atomic<std::uint32_t> efd_created{0};
constinit efd::base::atomic<std::uint32_t> efd_created_demoted{0};
}

namespace efd::dropin {

constinit base::atomic<slot_page*> slot_pages[most_descriptors / slots_per_page];

namespace {

constexpr unsigned pages = most_descriptors / slots_per_page;

constinit base::atomic<bool> is_noting{false};
constinit base::atomic<bool> promotes_nothing{false};
constinit base::atomic<std::uint32_t> demotion_triggers{0}; // triggers that demoted all
constinit base::atomic<std::uint32_t> copies{1};            // copies of the descriptor table, plus one
constinit base::atomic<bool> has_pages{false};              // some number has been noted
constinit base::atomic<reason> demote_all_reason{reason::none};
// A bit for every promoted number, and perhaps for others; so it need not be wiped at a fork.
constinit base::atomic<std::uint64_t> promoted_in_page[pages];
constinit base::atomic<std::uint64_t> promoted_pages[pages / 64];
constinit base::atomic<bool> has_promoted{false}; // for a process that never did
constinit base::atomic<bool> has_epolls{false};   // some epoll has been noted
constinit base::atomic<std::uint32_t> children_being_made{0};

template <class Act>
void for_each_promoted(Act act) noexcept {
    if (!has_promoted.load(base::acquire)) return;
    for (unsigned group = 0; group < pages / 64; ++group) {
        for (std::uint64_t in_group = promoted_pages[group].load(base::acquire); in_group != 0;
             in_group &= in_group - 1) {
            const unsigned page = group * 64 + static_cast<unsigned>(std::countr_zero(in_group));
            std::uint64_t in_page = promoted_in_page[page].load(base::acquire);
            for (; in_page != 0; in_page &= in_page - 1) {
                const auto fd = static_cast<int>(page * 64 + static_cast<unsigned>(std::countr_zero(in_page)));
                if (fd_slot* const slot = slot_of(fd); slot != nullptr) act(fd, *slot);
            }
        }
    }
}

// DEMOTE_ALL, put: the page last.
void add_to_promoted(int fd) noexcept {
    const auto number = static_cast<unsigned>(fd);
    has_promoted.store(true, base::release);
    promoted_in_page[number / 64].fetch_or(std::uint64_t{1} << (number % 64), base::acq_rel);
    promoted_pages[number / 4096].fetch_or(std::uint64_t{1} << (number / 64 % 64), base::acq_rel);
}
// Only after this eventfd can no longer be promoted.
void remove_from_promoted(int fd) noexcept {
    const auto number = static_cast<unsigned>(fd);
    const std::uint64_t mark = std::uint64_t{1} << (number % 64);
    if ((promoted_in_page[number / 64].load(base::relaxed) & mark) != 0)
        promoted_in_page[number / 64].fetch_and(~mark, base::acq_rel); // DEMOTE_ALL, take out
}

slot_page* ensure_page(unsigned number) noexcept {
    slot_page* page = slot_pages[number].load(base::acquire);
    if (page != nullptr) return page;
    constexpr int kind = MAP_PRIVATE | MAP_ANONYMOUS;
    const long at = raw_call(SYS_mmap, nullptr, sizeof(slot_page), PROT_READ | PROT_WRITE, kind, -1, 0);
    if (is_error(at)) return nullptr;
    // Zeroed pages are zeroed atomics. NOLINTNEXTLINE(performance-no-int-to-ptr): a system call's result
    auto* const made = reinterpret_cast<slot_page*>(at);
    if (raw_call(SYS_madvise, at, sizeof(slot_page), MADV_WIPEONFORK) == 0 &&
        slot_pages[number].compare_exchange_strong(page, made, base::acq_rel, base::acquire)) { // pairs with slot_at()
        has_pages.store(true, base::release); // pairs with demote_all_copied()
        return made;
    }
    (void)raw_call(SYS_munmap, at, sizeof(slot_page));
    return page; // another thread's, or null
}

// The slot for a new note; null: the number is not noted.
fd_slot* ensure_slot(int fd) noexcept {
    const auto number = static_cast<unsigned>(fd);
    if (!is_noting.load(base::relaxed) || number < first_noted || number >= most_descriptors) return nullptr;
    slot_page* const page = ensure_page(number / slots_per_page);
    return page == nullptr ? nullptr : &page->slots[number % slots_per_page];
}

cached_word change(fd_slot& slot, cached_word (*step)(cached_word)) noexcept {
    cached_word word = slot.word.load(base::relaxed);
    // CACHED, LONE_READER: the steps of calls on the number are on this word
    while (!slot.word.compare_exchange_weak(word, step(word), base::acq_rel, base::relaxed)) {
    }
    return word;
}

// A number that was closed unseen still has the note of its old eventfd, which is overwritten. If the number is not
// noted, no other thread changes the word.
void write_note(fd_slot& slot, unsigned flags) noexcept {
    const std::uint64_t earlier = slot.incarnation.load(base::relaxed) & UINT32_MAX;
    if (is_anything(slot.word.load(base::relaxed))) (void)change(slot, without_note);
    slot.reader.store(0, base::relaxed);
    slot.record.store(nullptr, base::relaxed);
    slot.incarnation.store(std::uint64_t{copies.load(base::relaxed)} << 32 | (earlier + 1), base::relaxed);
    slot.semaphore.store((flags & EFD_SEMAPHORE) != 0 ? 1 : 0, base::relaxed);
    slot.in_read.store(0, base::relaxed);
    slot.unread.store(0, base::relaxed);
    slot.reads.store(0, base::relaxed);
    slot.useful.store(0, base::relaxed);
    slot.large.store(0, base::relaxed);
    slot.looks.store(0, base::relaxed);
}

bool missed_demote_all(const fd_slot& slot) noexcept {
    return slot.demotion_triggers.load(base::relaxed) !=
           demotion_triggers.fetch_add(0, base::acq_rel); // DEMOTE_ALL, ask
}

// False: it is demoted.
bool promote_noted(fd_slot& slot, int fd) noexcept {
    add_to_promoted(fd); // DEMOTE_ALL, put
    if (!missed_demote_all(slot)) return promote(slot);
    demote(slot, fd, demote_all_reason.load(base::relaxed));
    remove_from_promoted(fd);
    return false;
}

} // namespace

void begin_noting() noexcept { is_noting.store(true, base::relaxed); }
void end_noting() noexcept { is_noting.store(false, base::relaxed); }

std::uint32_t before_making() noexcept {
    const std::uint32_t demoted_before = demotion_triggers.load(base::acquire);
    if (is_noting.load(base::relaxed)) efd_created.fetch_add(1, base::acq_rel); // DEMOTE_ALL, begun
    return demoted_before;
}

void note_eventfd(int fd, unsigned initval, unsigned flags, std::uint32_t demoted_before, const void* site) noexcept {
    fd_slot* const slot = ensure_slot(fd);
    if (slot == nullptr) return;
    write_note(*slot, flags);
    slot->demotion_triggers.store(demoted_before, base::relaxed);
    const bool is_welcome = begin_record(*slot, fd, site);
    slot->word.store(with_note(slot->word.load(base::relaxed)), base::release); // pairs with slot_of()
    if (!is_welcome) return demote(*slot, fd, reason::denied);
    if (!active_policy.promotes_at_once() || promotes_nothing.load(base::relaxed) ||
        children_being_made.load(base::acquire) != 0)
        return;
    if (promote_noted(*slot, fd) && initval > 0) mark_filled(*slot, slot->word.load(base::relaxed));
}

void promote_if_welcome(fd_slot& slot, int fd) noexcept {
    if (promotes_nothing.load(base::relaxed)) return demote(slot, fd, demote_all_reason.load(base::relaxed));
    if (children_being_made.load(base::acquire) != 0) return; // pairs with begin(): not now
    if (!active_policy.lets_promote(slot) || !promote_noted(slot, fd)) return;
    EFD_PROBE(promote, &slot, fd, slot.reads.load(base::relaxed));
    slot.reads.store(0, base::relaxed);
    slot.useful.store(0, base::relaxed);
}

void forget_noted(int fd, fd_slot& slot) noexcept {
    // The caller closes the number next, but a jump may leave the call before that; so the units are flushed here.
    const bool was_promoted = is_promoted(slot.word.load(base::acquire));
    if (was_promoted) demote(slot, fd, reason::none);
    (void)change(slot, without_note); // REUSED_FD, forget
    if (was_promoted) remove_from_promoted(fd);
}

void demote_and_forget(int fd, reason why) noexcept {
    demote_fd(fd, why);
    forget(fd);
}

void forget_range(unsigned first, unsigned last) noexcept {
    for (unsigned page = first / slots_per_page; page < pages && page <= last / slots_per_page; ++page) {
        if (slot_pages[page].load(base::acquire) == nullptr) continue;
        for (unsigned fd = page * slots_per_page; fd < (page + 1) * slots_per_page; ++fd)
            if (fd >= first && fd <= last) forget(static_cast<int>(fd));
    }
}

void before_noted_duplicated(int from, fd_slot& slot) noexcept {
    demote(slot, from, reason::replaced);
    if (is_own_epoll(from)) demote_all_for_good(reason::edge_triggered); // it may be watched by its other number
}

void demote_fd(int fd, reason why) noexcept {
    if (fd_slot* const slot = slot_of(fd); slot != nullptr) demote(*slot, fd, why);
}

void demote_all(reason why) noexcept {
    const std::uint32_t created = efd_created.load(base::acquire);
    if (created == efd_created_demoted.load(base::relaxed)) return;
    demote_all_reason.store(why, base::relaxed);
    demotion_triggers.fetch_add(1, base::acq_rel); // DEMOTE_ALL, count
    for_each_promoted([why](int fd, fd_slot& slot) {
        demote(slot, fd, why);
        remove_from_promoted(fd);
    });
    // Pairs with the stubs of interpose/passed.hpp: all that was created so far is demoted.
    efd_created_demoted.store(created, base::release);
}

void demote_semaphores(reason why) noexcept {
    for_each_promoted([why](int fd, fd_slot& slot) {
        if (is_semaphore(slot)) demote(slot, fd, why);
    });
}

void demote_all_for_good(reason why) noexcept {
    if (!promotes_nothing.load(base::relaxed)) demote_all_reason.store(why, base::relaxed);
    promotes_nothing.store(true, base::relaxed);
    demote_all(why);
}

void demote_all_copied(reason why) noexcept {
    if (!has_pages.load(base::acquire) && efd_created.load(base::acquire) == 0) return; // none noted, none being made
    copies.fetch_add(1, base::acq_rel);                                                 // pairs with is_own_epoll()
    demote_all(why);
}

void demote_all_copied_for_good(reason why) noexcept {
    copies.fetch_add(1, base::acq_rel); // pairs with is_own_epoll()
    demote_all_for_good(why);
}

// DEMOTE_ALL. A promotion that has not seen the count of children is of an eventfd that was made before the trigger,
// and finds that. The second demotion is for epolls that were made meanwhile.
void child_being_made::begin(reason why) noexcept {
    children_being_made.fetch_add(1, base::acq_rel); // pairs with promote_if_welcome()
    (void)efd_created.fetch_add(0, base::acq_rel);   // DEMOTE_ALL, begun: counted before, or made after this
    demote_all_copied(why);
}
void child_being_made::end(reason why) noexcept {
    demote_all_copied(why);
    std::uint32_t made = children_being_made.load(base::relaxed);
    // 0: this is the child of a fork that a handler made meanwhile. Pairs with promote_if_welcome().
    while (made > 0 && !children_being_made.compare_exchange_weak(made, made - 1, base::acq_rel, base::relaxed)) {
    }
}

void show_counts() noexcept {
    for_each_promoted([](int fd, fd_slot& slot) {
        demote(slot, fd, reason::shown);
        remove_from_promoted(fd);
    });
}

bool any_promoted() noexcept {
    bool found = false;
    for_each_promoted([&](int, const fd_slot& slot) { found = found || is_promoted(slot.word.load(base::relaxed)); });
    return found;
}

void note_epoll(int epoll) noexcept {
    fd_slot* const slot = epoll < 0 ? nullptr : ensure_slot(epoll);
    if (slot == nullptr) return;
    has_epolls.store(true, base::relaxed);
    write_note(*slot, 0);
    slot->word.store(with_epoll_note(slot->word.load(base::relaxed)), base::release); // pairs with is_own_epoll()
}
bool is_own_epoll(int epoll) noexcept {
    const fd_slot* const slot = slot_at(epoll);
    return slot != nullptr && is_epoll(slot->word.load(base::acquire)) &&
           slot->incarnation.load(base::relaxed) >> 32 == copies.load(base::acquire);
}

bool any_to_demote() noexcept {
    return any_not_demoted() || (has_epolls.load(base::relaxed) && !promotes_nothing.load(base::relaxed));
}

void begin_in_child() noexcept {
    children_being_made.store(0, base::relaxed);
    if (efd_created.load(base::relaxed) == 0) return;
    efd_created.store(0, base::relaxed);
    efd_created_demoted.store(0, base::relaxed);
    if (!active_policy.is_reported) return;
    for (int fd = 0; fd < static_cast<int>(most_descriptors); ++fd) {
        report_record* const record = record_of(fd);
        fd_slot* const slot = record == nullptr ? nullptr : slot_at(fd); // its page exists, and is wiped
        if (slot == nullptr) continue;
        slot->record.store(record, base::relaxed);
        (void)change(*slot, [](cached_word w) { return with_note(w) | demoted_mark; });
    }
}

} // namespace efd::dropin
