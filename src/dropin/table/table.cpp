// SPDX-License-Identifier: MIT
// dropin/table/table.cpp: see table.hpp.
//
// ESCAPE. Whoever lets all escape counts that first and then looks for promoted ones; whoever promotes puts the number
// where it will be looked for, and then asks whether that count has changed since the eventfd was made. One of them
// sees the other.
//
// DUPLICATED. Whoever has duplicated a number counts that and then looks what is noted of it; whoever notes a new
// eventfd then asks whether the count has changed since before it was made. One of them sees the other.
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
constinit base::atomic<std::uint32_t> escapes{0};    // so often all have escaped
constinit base::atomic<std::uint32_t> executions{0}; // so often those that are not closed on exec
constinit base::atomic<std::uint32_t> copies{1};     // of the numbers
constinit base::atomic<reason> escaped_for{reason::none};
constinit base::atomic<unsigned> epolls_end{0}; // from here on no number was ever an epoll's
// Where promoted ones are looked for: none of them is elsewhere. Not wiped, as it may name too many.
constinit base::atomic<std::uint64_t> promoted_in_page[pages];
constinit base::atomic<std::uint64_t> promoted_pages[pages / 64];
constinit base::atomic<std::uint32_t> epolls[most_descriptors]; // what `copies` was when it was made

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
        slot_pages[number].compare_exchange_strong(there, mine, base::acq_rel, base::acquire))
        return mine;
    (void)raw_call(SYS_munmap, at, sizeof(slot_page));
    return there; // another's, or none
}

constexpr std::uint64_t one_duplication = std::uint64_t{1} << 32;
std::uint32_t duplications_in(std::uint64_t births) noexcept { return static_cast<std::uint32_t>(births >> 32); }

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
    if (is_noted(there.word.load(base::relaxed))) (void)change(there, forgotten);
    there.reader.store(0, base::relaxed);
    there.told.store(nullptr, base::relaxed);
    there.born.store(std::uint64_t{copies.load(base::relaxed)} << 32 | (earlier + 1), base::relaxed);
    there.semaphore.store((flags & EFD_SEMAPHORE) != 0 ? 1 : 0, base::relaxed);
    there.inherited.store((flags & EFD_CLOEXEC) != 0 ? 0 : 1, base::relaxed);
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
bool was_executed(const slot& there) noexcept {
    return there.inherited.load(base::relaxed) != 0 &&
           there.executions.load(base::relaxed) != executions.fetch_add(0, base::acq_rel);
}

// False: it cannot be, ever.
bool promote_noted(slot& there, int fd) noexcept {
    look_here(fd); // ESCAPE, put
    if (has_escaped(there))
        demote(there, fd, escaped_for.load(base::relaxed));
    else if (was_executed(there))
        demote(there, fd, reason::executed);
    else
        return promote(there);
    look_no_more(fd);
    return false;
}

} // namespace

void begin_noting() noexcept { is_noting.store(true, base::relaxed); }
void end_noting() noexcept { is_noting.store(false, base::relaxed); }

birth::birth() noexcept
    : escapes_(escapes.load(base::acquire)), executions_(executions.load(base::acquire)),
      duplications_(duplications_in(efd_births.load(base::acquire))) {}

void birth::made(int fd, unsigned initval, unsigned flags, const void* site) const noexcept {
    const auto number = static_cast<unsigned>(fd);
    if (!is_noting.load(base::relaxed) || number < first_noted || number >= most_descriptors) return;
    slot_page* const page = page_made(number / slots_together);
    if (page == nullptr) return;
    slot& there = page->slots[number % slots_together];
    write_note(there, flags);
    there.escapes.store(escapes_, base::relaxed);
    there.executions.store(executions_, base::relaxed);
    const bool is_welcome = begin_record(there, fd, site);
    there.word.store(noted(there.word.load(base::relaxed)), base::release);
    const std::uint64_t births = efd_births.fetch_add(1, base::acq_rel); // DUPLICATED, ask
    if (!is_welcome) return demote(there, fd, reason::denied);
    if (duplications_in(births) != duplications_) return demote(there, fd, reason::replaced);
    if (!rules.promotes_at_once() || promotes_nothing.load(base::relaxed)) return;
    if (promote_noted(there, fd) && initval > 0) note_filled(there, there.word.load(base::relaxed));
}

void promote_if_welcome(slot& there, int fd) noexcept {
    if (promotes_nothing.load(base::relaxed)) return demote(there, fd, escaped_for.load(base::relaxed));
    if (!rules.lets_promote(there) || !promote_noted(there, fd)) return;
    there.reads.store(0, base::relaxed);
    there.useful.store(0, base::relaxed);
}

void forget(int fd) noexcept {
    slot* const there = slot_of(fd);
    if (there == nullptr) return;
    // It is closed by the caller's next step, from which a jump may keep him.
    const bool was_promoted = is_promoted(there->word.load(base::acquire));
    if (was_promoted) demote(*there, fd, reason::none);
    (void)change(*there, forgotten); // NUMBERED, forget
    if (was_promoted) look_no_more(fd);
    if (there->told.load(base::relaxed) != nullptr)
        end_record(*there, there->escapes.load(base::relaxed) != escapes.load(base::relaxed));
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
    const unsigned end = epolls_end.load(base::relaxed);
    for (unsigned fd = first; fd <= last && fd < end; ++fd) forget_epoll(static_cast<int>(fd));
}

void before_duplicated(int from) noexcept {
    escape(from, reason::replaced);
    if (is_own_epoll(from)) all_escape_for_good(reason::edge_triggered); // by its other number it may be watched
}
void after_duplicated(int from) noexcept {
    if (efd_births.load(base::relaxed) == 0) return;
    efd_births.fetch_add(one_duplication, base::acq_rel); // DUPLICATED, count
    escape(from, reason::replaced);
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

void all_executed() noexcept {
    if (!any_at_stake()) return;
    executions.fetch_add(1, base::acq_rel);
    for_each_promoted([](int fd, slot& there) {
        if (there.inherited.load(base::relaxed) != 0) demote(there, fd, reason::executed);
    });
}

void semaphores_escape(reason why) noexcept {
    for_each_promoted([why](int fd, slot& there) {
        if (is_semaphore(there)) demote(there, fd, why);
    });
}

void set_inherited(int fd, bool is_inherited) noexcept {
    slot* const there = slot_of(fd);
    if (there == nullptr) return;
    // A program that was started before may have it.
    if (is_inherited || there->executions.load(base::relaxed) == executions.load(base::acquire))
        there->inherited.store(is_inherited ? 1 : 0, base::relaxed);
}

void all_escape_for_good(reason why) noexcept {
    if (!promotes_nothing.load(base::relaxed)) escaped_for.store(why, base::relaxed);
    promotes_nothing.store(true, base::relaxed);
    all_escape(why);
}

void all_are_copied() noexcept {
    if (efd_births.load(base::relaxed) == 0 && epolls_end.load(base::relaxed) == 0) return;
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
    if (static_cast<unsigned>(epoll) >= most_descriptors) return;
    epolls[epoll].store(copies.load(base::acquire), base::relaxed);
    const unsigned end = static_cast<unsigned>(epoll) + 1;
    unsigned seen = epolls_end.load(base::relaxed);
    while (seen < end && !epolls_end.compare_exchange_weak(seen, end, base::acq_rel, base::relaxed)) {
    }
}
bool is_own_epoll(int epoll) noexcept {
    return static_cast<unsigned>(epoll) < epolls_end.load(base::acquire) &&
           epolls[epoll].load(base::relaxed) == copies.load(base::acquire);
}
void forget_epoll(int epoll) noexcept {
    if (static_cast<unsigned>(epoll) < epolls_end.load(base::relaxed) && epolls[epoll].load(base::relaxed) != 0)
        epolls[epoll].store(0, base::relaxed);
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
