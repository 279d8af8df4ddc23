// dropin/parked_count.cpp: see parked_count.hpp.
//
// PARKED. A unit is parked in the step that shows `filled`; a reader clears `filled` before it asks the kernel.
//
//     may happen                                     must not happen
//     W1 kernel: 1; word: filled                     W1 kernel: 1
//     W2 word: filled, parks 1                       R  kernel: takes 1
//     R  word: claims; kernel: takes 1; takes 1      W1 word: filled
//                                                    W2 word: filled, parks 1: nobody is told, R sleeps on
//
// The second is impossible: a reader counts itself in before it asks the kernel and out after it, and enters a new era;
// W1 marks only the very word that it saw before its own write, with no reader in it.
//
// TOGETHER. With units parked, one reader at a time takes: it claims, which freezes the units, reads the kernel's
// without sleeping (there are some), and releases. So no two readers divide what was one count between them, and that
// of a reader's kernel call is the moment at which it took all. Whoever waits for the end of such a section gives up on
// a dead or long stopped owner, and takes the claim over; the owner finds out in its last step.
#include "dropin/parked_count.hpp"

#include "dropin/kernel_calls.hpp"

namespace efd::dropin {
namespace {

// Where this thread hands units back, for a handler that interrupts it there: to wait for itself would be for ever.
[[gnu::tls_model("initial-exec")]] constinit thread_local base::atomic<const slot*> handing_here{nullptr};

bool inside_my_handing(const slot& there, parked_word seen) noexcept {
    return is_handing(seen) && handing_here.load(base::relaxed) == &there;
}

// Calls of this thread between begin_asking and end_asking; handlers come and go within.
[[gnu::tls_model("initial-exec")]] constinit thread_local base::atomic<asking_call*> asking_here{nullptr};

constexpr std::int64_t patience_ns = 100'000'000;
constexpr std::int64_t short_patience_ns = 2'000'000; // where nothing is taken over

void add(base::atomic<std::uint64_t>& count, std::uint64_t n) noexcept {
    if (n > 0) count.fetch_add(n, base::relaxed);
}

// May the claim of `owner` be taken over. Units in the midst of being handed back may be in the kernel already: not
// while he lives, who will go on there.
bool given_up(parked_word seen, std::uint64_t owner, std::int64_t waited_ns) noexcept {
    if (owner == myself() && !is_handing(seen)) return true; // a handler, inside of its own thread's claim
    if (is_handing(seen)) return waited_ns >= short_patience_ns && process_is_gone(owner);
    return waited_ns >= patience_ns;
}

enum class awaited : unsigned char { over, given_up, busy };

// Waits while somebody is in the section.
awaited await_release(const slot& there, parked_word seen) noexcept {
    short_wait wait;
    while (!wait.sees_change(there.state, seen)) {
        if (given_up(seen, there.owner.load(base::relaxed), wait.ns())) return awaited::given_up;
        if (is_handing(seen) && wait.ns() >= short_patience_ns && process_is_stopped(there.owner.load(base::relaxed)))
            return awaited::busy;
    }
    return awaited::over;
}

enum class step : unsigned char { mine, again, busy };

// One step towards a claim: `seen` is the claim, or worth another look.
step claim(slot& there, parked_word& seen) noexcept {
    if (is_taking(seen)) {
        const awaited how = await_release(there, seen);
        if (how == awaited::busy) return step::busy;
        if (how == awaited::over) {
            seen = there.state.load(base::acquire);
            return step::again;
        }
    }
    const parked_word mine = claimed(seen);
    if (!there.state.compare_exchange_strong(seen, mine, base::acq_rel, base::acquire)) // TOGETHER, claim
        return step::again;
    there.owner.store(myself(), base::relaxed);
    seen = mine;
    return step::mine;
}

// The end of a claim; false: it was somebody else's by then.
bool release(slot& there, parked_word mine, parked_word after) noexcept {
    const bool still_mine =
        there.state.compare_exchange_strong(mine, after, base::acq_rel, base::relaxed); // TOGETHER, release
    std::uint64_t me = myself();
    (void)there.owner.compare_exchange_strong(me, 0, base::relaxed, base::relaxed); // or it is the next one's by now
    return still_mine;
}

} // namespace

constinit look_at_note is_noted = nullptr;

void note_filled(slot& there, parked_word before) noexcept {
    if (may_fill(before))
        there.state.compare_exchange_strong(before, filled(before), base::acq_rel, base::relaxed); // PARKED, fill
}

bool begin_asking(slot& there, int fd) noexcept {
    parked_word seen = there.state.load(base::acquire);
    for (;;) {
        if (is_demoted(seen) || inside_my_handing(there, seen)) return false;
        if (may_begin(seen)) {
            if (!there.state.compare_exchange_weak(seen, begun(seen), base::acq_rel, base::acquire)) continue; // begin
            add(there.counted.parked_writes, writes_of(seen));
            return true;
        }
        if (units_of(seen) == 0 && !is_taking(seen))
            demote(there, fd, reason::crowded);
        else if (!hand_back(there, fd) && !is_handing(there.state.load(base::relaxed)))
            return false;
        seen = there.state.load(base::acquire);
    }
}

void end_asking(slot& there) noexcept { there.state.fetch_sub(one_reader, base::acq_rel); }

void enter_asking(asking_call& mine) noexcept {
    mine.outer = asking_here.load(base::relaxed);
    asking_here.store(&mine, base::relaxed);
}
void leave_asking(const asking_call& mine) noexcept { asking_here.store(mine.outer, base::relaxed); }
void count_asking_again() noexcept {
    for (const asking_call* one = asking_here.load(base::relaxed); one != nullptr; one = one->outer)
        one->there->state.fetch_add(one_reader, base::acq_rel);
}

read_ticket begin_reading(slot& there, int fd) noexcept {
    parked_word seen = there.state.load(base::acquire);
    for (;;) {
        if (is_demoted(seen) || inside_my_handing(there, seen)) return {read_way::demoted, 0};
        if (units_of(seen) == 0 && !is_taking(seen)) {
            return {begin_asking(there, fd) ? read_way::ask : read_way::demoted, 0};
        }
        if (there.semaphore.load(base::relaxed) == 0) {
            const step how = claim(there, seen);
            if (how == step::mine) return {read_way::together, seen};
            if (how == step::busy) return {read_way::busy, 0};
        } else if (is_taking(seen)) {
            if (!hand_back(there, fd)) return {read_way::busy, 0};
            seen = there.state.load(base::acquire);
        } else if (there.state.compare_exchange_weak(seen, with_one_taken(seen), base::acq_rel, base::acquire)) {
            return {read_way::one_unit, 0};
        }
    }
}

bool end_together(slot& there, parked_word mine) noexcept {
    if (!release(there, mine, released(mine))) return false;
    add(there.counted.parked_writes, writes_of(mine));
    return true;
}
void leave_together(slot& there, parked_word mine) noexcept { (void)release(there, mine, kept(mine)); }

bool hand_back(slot& there, int fd) noexcept {
    parked_word seen = there.state.load(base::acquire);
    for (;;) {
        if (inside_my_handing(there, seen) || (units_of(seen) == 0 && !is_taking(seen))) return true;
        const step how = claim(there, seen);
        if (how == step::busy) return false;
        if (how == step::again) continue;
        const parked_word mine = handing(seen);
        const slot* const outer = handing_here.exchange(&there, base::relaxed);
        const bool still_mine =
            there.state.compare_exchange_strong(seen, mine, base::acq_rel, base::acquire); // NOTED, hand
        const bool noted = still_noted(fd, there);
        bool came = false;
        if (still_mine && noted && add_units(fd, units_of(mine)) == static_cast<long>(sizeof(std::uint64_t))) {
            came = true;
            add(there.counted.handed_back, 1);
            (void)end_together(there, mine);
        } else if (still_mine) {
            leave_together(there, mine);
        }
        handing_here.store(outer, base::relaxed);
        if (still_mine) return came;
    }
}

void await_handed_back(const slot& there) noexcept {
    const parked_word seen = there.state.load(base::acquire); // NOTED, look
    if (is_handing(seen) && !inside_my_handing(there, seen)) (void)await_release(there, seen);
}

void promote(slot& there) noexcept {
    parked_word seen = there.state.load(base::relaxed);
    while (!is_demoted(seen) && !is_promoted(seen)) {
        if (there.state.compare_exchange_weak(seen, promoted(seen), base::acq_rel, base::relaxed)) {
            there.was_promoted.store(1, base::relaxed);
            return;
        }
    }
}

void doubt(slot& there, int fd) noexcept {
    parked_word seen = there.state.load(base::acquire);
    while (is_promoted(seen)) {
        if (inside_my_handing(there, seen)) return;
        if (units_of(seen) > 0 || is_taking(seen)) {
            if (!hand_back(there, fd)) return;
            seen = there.state.load(base::acquire);
        } else if (there.state.compare_exchange_weak(seen, seen & ~promoted_mark, base::acq_rel, base::acquire)) {
            there.counted.redundant.store(0, base::relaxed);
        }
    }
}

void demote(slot& there, int fd, reason why) noexcept {
    parked_word seen = there.state.load(base::acquire);
    while (!is_demoted(seen)) {
        if (inside_my_handing(there, seen)) return;
        if (units_of(seen) > 0 || is_taking(seen)) {
            if (!hand_back(there, fd)) return;
            seen = there.state.load(base::acquire);
            continue;
        }
        if (!there.state.compare_exchange_weak(seen, demoted(seen), base::acq_rel, base::acquire)) continue;
        there.demoted_for.store(why, base::relaxed);
        add(there.counted.parked_writes, writes_of(seen));
    }
}

} // namespace efd::dropin
