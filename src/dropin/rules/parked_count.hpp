// SPDX-License-Identifier: MIT
// dropin/rules/parked_count.hpp: parking units beside a kernel's eventfd, taking them, handing them back.
//
// No call waits for another thread or asks whether it lives: each step is one step on the word, after which everybody
// else can go on, wherever the one who made it is stopped. Who takes units does it in one step, and they are his.
// The races are PARKED, TOGETHER and NUMBERED (docs/races.md). Any thread; also in signal handlers. errno stays as it
// was.
#pragma once

#include <efd/detail/base/check.hpp>

#include "dropin/rules/slot.hpp"

namespace efd::dropin {

// Parks a write of n, or says that it must go to the kernel. No system call either way. `seen`: the word.
[[nodiscard]] inline bool try_park(slot& there, parked_word& seen, std::uint64_t n) noexcept {
    while (may_park(seen, n)) {
        EFD_CHECK(is_consistent(with_parked(seen, n)) && units_of(with_parked(seen, n)) == units_of(seen) + n);
        if (there.word.compare_exchange_weak(seen, with_parked(seen, n), base::acq_rel, base::acquire)) // PARKED, park
            return true;
    }
    return false;
}

// After a write of n > 0 has reached the kernel: `before` is what the word was when it began.
inline void note_filled(slot& there, parked_word before) noexcept {
    EFD_CHECK(is_consistent(before));
    if (may_fill(before))
        (void)there.word.compare_exchange_strong(before, filled(before), base::acq_rel, base::relaxed); // PARKED, fill
}

// How a read begins.
enum class read_way : unsigned char {
    kernel,   // the caller reads; nothing is parked here
    counted,  // the caller reads, and then calls end_reading
    one_unit, // semaphore mode: one of the parked was taken; done
    together, // the caller reads without sleeping, and then calls take_parked, take_beside_nothing or end_reading
};
struct read_ticket {
    read_way way = read_way::kernel;
    parked_word mine = 0;   // the word as the caller made it
    std::uint64_t born = 0; // of the eventfd among whose readers the caller is counted
    std::uintptr_t me = 0;
};
// `me`: the calling thread.
[[nodiscard]] read_ticket begin_reading(slot& there, std::uintptr_t me) noexcept;
// Nothing more is taken. Whoever is left by a jump, or ended, before this stays counted, which keeps units from being
// parked until the next read demotes.
void end_reading(slot& there, const read_ticket& mine) noexcept;
// Who has consumed what the kernel had takes what is parked. The caller is no reader any more; 0: there is nothing.
[[nodiscard]] std::uint64_t take_parked(slot& there, const read_ticket& mine) noexcept;
// The kernel had nothing: another reader has consumed it, whose the parked are, or will be; then 0. Where there is no
// other, somebody has whom nobody sees; where the other is a call of the caller's own, a jump has left it, or it goes
// on behind him: they are the caller's, and it is the kernel's for good.
[[nodiscard]] std::uint64_t take_beside_nothing(slot& there, const read_ticket& mine) noexcept;

// No reader but such as are counted may be in a call, now or later (evidence.hpp). False: demoted, or promoted already.
bool promote(slot& there) noexcept;
// Not promoted for the time being; by whoever is about to read. False: there are units, or somebody reads.
bool rest(slot& there) noexcept;
// Nothing is parked here ever again; what is parked goes to the kernel by `fd`, unless that is another's by now, or a
// reader takes it first. Nothing is said of it in the report where there is no reason.
void demote(slot& there, int fd, reason why) noexcept;

} // namespace efd::dropin
