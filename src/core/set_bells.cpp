// SPDX-License-Identifier: MIT
// core/set_bells.cpp: see set_bells.hpp. How a signal rings.
//
// SHARED_BELL, drawn in docs/races.md. A ringer writes the byte first, then disarms the set. If it is killed before the
// byte, or between the two, the set stays armed, and the next signal rings. It disarms by compare-and-swap: if the
// owner has read the byte and armed the set again meanwhile, a late ringer does not undo the new arming.
#include "core/set_bells.hpp"

#include "os/bell_pipe.hpp"
#include "os/process.hpp"

#include <cerrno>

namespace efd::EFD_ABI::core {
namespace {

// If `known` names no ringer's file any more, the program has closed it without efd, and `fresh` takes its place.
int keep(set_bell& bell, int known, int fresh) noexcept {
    if (known >= 0 && os::replace_ringer(fresh, known)) return known;
    if (bell.ringer.replace(known, fresh)) return fresh;
    os::close_ringer(fresh); // another thread was first
    return bell.ringer.get();
}

// SHARED_RINGER. While the arena lives, efd does not close this number; it only makes it name another bell. So a thread
// that is about to write to it writes to a bell in any case. Below zero: this bell cannot be rung.
int ringer_for(set_bell& bell, const set_entry& entry) noexcept {
    const std::uint64_t at = entry.bell_at.load(base::acquire); // pairs with publish_bell()
    const std::uint64_t inode = entry.bell_inode.load(base::acquire);
    const int known = bell.ringer.get();
    if (os::is_bell(known, inode)) return known;
    if (at == 0 || bell.refused.load(base::relaxed) == inode) return -1;
    const int fresh = os::open_bell(pid_of_bell(at), number_of_bell(at), inode);
    if (fresh >= 0) return keep(bell, known, fresh);
    const bool may_do_later = fresh == -EMFILE || fresh == -ENFILE || fresh == -ENOMEM;
    if (!may_do_later && entry.bell_at.load(base::relaxed) == at) bell.refused.store(inode, base::relaxed);
    return -1;
}

} // namespace

// Writes only if there is a number, so that memory that was never used stays untouched.
void kept_number::close_end(std::uint64_t inode) noexcept {
    if (get() >= 0) os::close_bell_end(swap_in(-1), inode);
}
void kept_number::close_ringer() noexcept {
    if (get() >= 0) os::close_ringer(swap_in(-1));
}

void set_bell::close_ends() noexcept {
    if (own.load(base::relaxed) != nullptr) own.store(nullptr, base::release); // pairs with ring_if_armed()
    const std::uint64_t of_both = inode.load(base::relaxed);
    read_end.close_end(of_both);
    write_end.close_end(of_both);
}

void set_bell::close_all() noexcept {
    close_ends();
    ringer.close_ringer();
}

void ring_if_armed(const shared_sets& sets, std::uint32_t set) noexcept {
    set_entry& entry = sets.entries[set];
    std::uint64_t armed = entry.armed.load(base::acquire); // SHARED_BELL, the marker's look
    if (bits_of(armed) == 0) return;
    set_bell& bell = sets.bells[set];
    own_bell* const own = bell.own.load(base::acquire);
    if (own != nullptr && bell.own_since.load(base::relaxed) == os::process_number()) return own->on_own_signal(*own);
    const int number = ringer_for(bell, entry);
    if (number < 0) return;
    os::ring_bell(number); // SHARED_BELL, byte
    (void)entry.armed.compare_exchange_strong(armed, without_bits(armed), base::acq_rel,
                                              base::relaxed); // SHARED_BELL, rung
}

} // namespace efd::EFD_ABI::core
