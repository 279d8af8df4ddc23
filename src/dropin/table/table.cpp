// SPDX-License-Identifier: MIT
// dropin/table/table.cpp: see table.hpp.
//
// ESCAPE. Whoever lets all escape counts that first and then looks for promoted ones; whoever promotes puts the number
// where it will be looked for, and then asks whether that count has changed since the eventfd was made. One of them
// sees the other.
//
// DUPLICATED. A number may be duplicated by somebody who guesses it, before it is noted. Whoever makes an eventfd is
// counted from before the call until it is noted. Whoever has duplicated a number looks whether somebody is counted:
// duplicating what another has just made, he has the kernel's word that it was made, and sees that count or a later
// one. If so he marks it, which who is counted sees as he leaves; else he sees the note.
#include "dropin/table/table.hpp"

#include "dropin/rules/evidence.hpp"
#include "dropin/rules/kernel_side.hpp"
#include "dropin/rules/raw_call.hpp"
#include "dropin/table/policy.hpp"
#include "dropin/table/region.hpp"

#include <bit>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

extern "C" {
constinit efd::base::atomic<std::uint64_t> efd_births{0};
constinit efd::base::atomic<std::uint32_t> efd_births_escaped{0};
constinit efd::base::atomic<std::uint32_t> efd_promotions{0};
}

namespace efd::dropin {

constinit base::atomic<slot_page*> slot_pages[most_descriptors / slots_together];

namespace {

constexpr unsigned pages = most_descriptors / slots_together;

constinit base::atomic<bool> is_noting{false};
constinit base::atomic<bool> promotes_nothing{false};
constinit base::atomic<std::uint32_t> escapes{0}; // so often all have escaped
constinit base::atomic<std::uint32_t> copies{1};  // of the numbers
constinit base::atomic<bool> has_pages{false};    // something was ever noted
constinit base::atomic<reason> escaped_for{reason::none};
// Where promoted ones are looked for: none of them is elsewhere. Not wiped, as it may name too many.
constinit base::atomic<std::uint64_t> promoted_in_page[pages];
constinit base::atomic<std::uint64_t> promoted_pages[pages / 64];

template <class Act>
void for_each_promoted(Act act) noexcept {
    for (unsigned group = 0; group < pages / 64; ++group) {
        for (std::uint64_t in_group = promoted_pages[group].load(base::acquire); in_group != 0;
             in_group &= in_group - 1) {
            const unsigned page = group * 64 + static_cast<unsigned>(std::countr_zero(in_group));
            std::uint64_t in_page = promoted_in_page[page].load(base::acquire);
            for (; in_page != 0; in_page &= in_page - 1) {
                const auto fd = static_cast<int>(page * 64 + static_cast<unsigned>(std::countr_zero(in_page)));
                if (slot* const there = slot_of(fd); there != nullptr) act(fd, *there);
            }
        }
    }
}

void look_here(int fd) noexcept {
    const auto number = static_cast<unsigned>(fd);
    efd_promotions.fetch_add(1, base::acq_rel);
    promoted_in_page[number / 64].fetch_or(std::uint64_t{1} << (number % 64), base::acq_rel);
    promoted_pages[number / 4096].fetch_or(std::uint64_t{1} << (number / 64 % 64), base::acq_rel);
}
// Only once it can be promoted no more, as what it was.
void look_no_more(int fd) noexcept {
    const auto number = static_cast<unsigned>(fd);
    const std::uint64_t mark = std::uint64_t{1} << (number % 64);
    if ((promoted_in_page[number / 64].load(base::relaxed) & mark) != 0)
        promoted_in_page[number / 64].fetch_and(~mark, base::acq_rel);
}

slot_page* page_made(unsigned number) noexcept {
    slot_page* there = slot_pages[number].load(base::acquire);
    if (there != nullptr) return there;
    constexpr int kind = MAP_PRIVATE | MAP_ANONYMOUS;
    const long at = raw_call(SYS_mmap, nullptr, sizeof(slot_page), PROT_READ | PROT_WRITE, kind, -1, 0);
    if (is_error(at)) return nullptr;
    // Zeroed pages are zeroed atomics. NOLINTNEXTLINE(performance-no-int-to-ptr): a system call's result
    auto* const mine = reinterpret_cast<slot_page*>(at);
    if (raw_call(SYS_madvise, at, sizeof(slot_page), MADV_WIPEONFORK) == 0 &&
        slot_pages[number].compare_exchange_strong(there, mine, base::acq_rel, base::acquire)) {
        has_pages.store(true, base::release);
        return mine;
    }
    (void)raw_call(SYS_munmap, at, sizeof(slot_page));
    return there; // another's, or none
}

// Where a number is to be noted; null: nowhere.
slot* place_made(int fd) noexcept {
    const auto number = static_cast<unsigned>(fd);
    if (!is_noting.load(base::relaxed) || number < first_noted || number >= most_descriptors) return nullptr;
    slot_page* const page = page_made(number / slots_together);
    return page == nullptr ? nullptr : &page->slots[number % slots_together];
}

parked_word change(slot& there, parked_word (*step)(parked_word)) noexcept {
    parked_word seen = there.word.load(base::relaxed);
    while (!there.word.compare_exchange_weak(seen, step(seen), base::acq_rel, base::relaxed)) {
    }
    return seen;
}

// A number that was closed unseen has a note still: what it says is of nobody. Where there is none nobody but the
// caller changes the word.
void write_note(slot& there, unsigned flags) noexcept {
    const std::uint64_t earlier = there.born.load(base::relaxed) & UINT32_MAX;
    if (is_anything(there.word.load(base::relaxed))) (void)change(there, forgotten);
    there.reader.store(0, base::relaxed);
    there.told.store(nullptr, base::relaxed);
    there.born.store(std::uint64_t{copies.load(base::relaxed)} << 32 | (earlier + 1), base::relaxed);
    there.semaphore.store((flags & EFD_SEMAPHORE) != 0 ? 1 : 0, base::relaxed);
    there.asking.store(0, base::relaxed);
    there.unread.store(0, base::relaxed);
    there.reads.store(0, base::relaxed);
    there.useful.store(0, base::relaxed);
    there.large.store(0, base::relaxed);
    there.looks.store(0, base::relaxed);
}

bool has_escaped(const slot& there) noexcept {
    return there.escapes.load(base::relaxed) != escapes.fetch_add(0, base::acq_rel); // ESCAPE, ask
}

// False: it cannot be, ever.
bool promote_noted(slot& there, int fd) noexcept {
    look_here(fd); // ESCAPE, put
    if (!has_escaped(there)) return promote(there);
    demote(there, fd, escaped_for.load(base::relaxed));
    look_no_more(fd);
    return false;
}

} // namespace

void begin_noting() noexcept { is_noting.store(true, base::relaxed); }
void end_noting() noexcept { is_noting.store(false, base::relaxed); }

birth::birth() noexcept : escapes_(escapes.load(base::acquire)), is_over_(!is_noting.load(base::relaxed)) {
    if (!is_over_) efd_births.fetch_add(one_being_made + 1, base::acq_rel); // DUPLICATED, begin
}

bool birth::end() noexcept {
    if (is_over_) return false;
    is_over_ = true;
    std::uint64_t seen = efd_births.load(base::relaxed);
    for (;;) {
        if (seen < one_being_made) return false; // a handler has forked, and this is the child
        std::uint64_t after = seen - one_being_made;
        if (after < one_being_made) after &= ~duplicated_meanwhile;
        if (efd_births.compare_exchange_weak(seen, after, base::acq_rel, base::relaxed)) // DUPLICATED, end
            return (seen & duplicated_meanwhile) != 0;
    }
}

void birth::made(int fd, unsigned initval, unsigned flags, const void* site) noexcept {
    slot* const there = place_made(fd);
    if (there == nullptr) return;
    write_note(*there, flags);
    there->escapes.store(escapes_, base::relaxed);
    const bool is_welcome = begin_record(*there, fd, site);
    there->word.store(noted(there->word.load(base::relaxed)), base::release);
    if (end()) return demote(*there, fd, reason::replaced);
    if (!is_welcome) return demote(*there, fd, reason::denied);
    if (!rules.promotes_at_once() || promotes_nothing.load(base::relaxed)) return;
    if (promote_noted(*there, fd) && initval > 0) note_filled(*there, there->word.load(base::relaxed));
}

void promote_if_welcome(slot& there, int fd) noexcept {
    if (promotes_nothing.load(base::relaxed)) return demote(there, fd, escaped_for.load(base::relaxed));
    if (!rules.lets_promote(there) || !promote_noted(there, fd)) return;
    there.reads.store(0, base::relaxed);
    there.useful.store(0, base::relaxed);
}

void forget_noted(int fd, slot& there) noexcept {
    // It is closed by the caller's next step, from which a jump may keep him.
    const bool was_promoted = is_promoted(there.word.load(base::acquire));
    if (was_promoted) demote(there, fd, reason::none);
    (void)change(there, forgotten); // NUMBERED, forget
    if (was_promoted) look_no_more(fd);
}

void let_go(int fd, reason why) noexcept {
    escape(fd, why);
    forget(fd);
}

void forget_range(unsigned first, unsigned last) noexcept {
    for (unsigned page = first / slots_together; page < pages && page <= last / slots_together; ++page) {
        if (slot_pages[page].load(base::acquire) == nullptr) continue;
        for (unsigned fd = page * slots_together; fd < (page + 1) * slots_together; ++fd)
            if (fd >= first && fd <= last) forget(static_cast<int>(fd));
    }
}

void before_noted_duplicated(int from, slot& there) noexcept {
    demote(there, from, reason::replaced);
    if (is_own_epoll(from)) all_escape_for_good(reason::edge_triggered); // by its other number it may be watched
}
void note_duplication() noexcept {
    std::uint64_t seen = efd_births.load(base::acquire);
    while (seen >= one_being_made && (seen & duplicated_meanwhile) == 0 &&
           !efd_births.compare_exchange_weak(seen, seen | duplicated_meanwhile, base::acq_rel, base::acquire)) {
    } // DUPLICATED, mark
}

void escape(int fd, reason why) noexcept {
    if (slot* const there = slot_of(fd); there != nullptr) demote(*there, fd, why);
}

void all_escape(reason why) noexcept {
    const auto births = static_cast<std::uint32_t>(efd_births.load(base::acquire));
    if (births == efd_births_escaped.load(base::relaxed)) return;
    escaped_for.store(why, base::relaxed);
    escapes.fetch_add(1, base::acq_rel); // ESCAPE, count
    for_each_promoted([why](int fd, slot& there) {
        demote(there, fd, why);
        look_no_more(fd);
    });
    efd_births_escaped.store(births, base::release);
}

void semaphores_escape(reason why) noexcept {
    for_each_promoted([why](int fd, slot& there) {
        if (is_semaphore(there)) demote(there, fd, why);
    });
}

void all_escape_for_good(reason why) noexcept {
    if (!promotes_nothing.load(base::relaxed)) escaped_for.store(why, base::relaxed);
    promotes_nothing.store(true, base::relaxed);
    all_escape(why);
}

void all_are_copied() noexcept {
    if (!has_pages.load(base::acquire)) return;
    copies.fetch_add(1, base::acq_rel);
    all_escape(reason::forked);
}

void numbers_differ_for_a_while() noexcept {
    copies.fetch_add(1, base::acq_rel);
    all_escape_for_good(reason::executed);
}

void show_counts() noexcept {
    for_each_promoted([](int fd, slot& there) {
        demote(there, fd, reason::shown);
        look_no_more(fd);
    });
}

bool any_promoted() noexcept {
    bool found = false;
    for_each_promoted([&](int, const slot& there) { found = found || is_promoted(there.word.load(base::relaxed)); });
    return found;
}

void note_epoll(int epoll) noexcept {
    slot* const there = epoll < 0 ? nullptr : place_made(epoll);
    if (there == nullptr) return;
    write_note(*there, 0);
    there->word.store(noted_epoll(there->word.load(base::relaxed)), base::release);
}
bool is_own_epoll(int epoll) noexcept {
    const slot* const there = place_of(epoll);
    return there != nullptr && is_epoll(there->word.load(base::acquire)) &&
           there->born.load(base::relaxed) >> 32 == copies.load(base::acquire);
}

void begin_in_child() noexcept {
    if (efd_births.load(base::relaxed) == 0) return;
    efd_births.store(0, base::relaxed);
    efd_births_escaped.store(0, base::relaxed);
    if (!rules.is_reported) return;
    for (int fd = 0; fd < static_cast<int>(most_descriptors); ++fd) {
        record* const told = record_of(fd);
        slot* const there = told == nullptr ? nullptr : place_of(fd); // its page is there, and wiped
        if (there == nullptr) continue;
        there->told.store(told, base::relaxed);
        (void)change(*there, [](parked_word w) { return noted(w) | demoted_mark; });
    }
}

} // namespace efd::dropin
