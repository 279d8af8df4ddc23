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

// SHARED_RINGER. The bell has been rung by `fresh`, which no other thread knows. One thread at a time puts its file
// behind the number that all use, and only while it belongs to the newest bell that the entry has: so a thread that was
// held up never puts a former bell there. The program may have closed the number without efd.
void keep(set_bell& bell, const set_entry& entry, std::uint64_t inode, int fresh) noexcept {
    if (bell.is_changing.exchange(1, base::acq_rel) != 0) return os::close_ringer(fresh); // SHARED_RINGER, come
    const int known = bell.ringer.get();
    if (entry.bell_inode.load(base::acquire) != inode) // SHARED_RINGER, look
        os::close_ringer(fresh);
    else if (known < 0 || !os::replace_ringer(fresh, known)) // SHARED_RINGER, replace
        (void)bell.ringer.swap_in(fresh);
    bell.is_changing.store(0, base::release); // SHARED_RINGER, go
}

// While the arena lives, efd does not close the number that all use; it only makes it name another bell. So a thread
// that is about to write to it writes to a bell in any case. False: this bell cannot be rung.
bool ring(set_bell& bell, const set_entry& entry) noexcept {
    const std::uint64_t at = entry.bell_at.load(base::acquire); // pairs with publish_bell()
    const std::uint64_t inode = entry.bell_inode.load(base::acquire);
    if (const int known = bell.ringer.get(); os::is_bell(known, inode)) {
        os::ring_bell(known); // SHARED_BELL, byte
        return true;
    }
    if (at == 0 || bell.refused.load(base::relaxed) == inode) return false;
    const int fresh = os::open_bell(pid_of_bell(at), number_of_bell(at), inode);
    if (fresh >= 0) {
        os::ring_bell(fresh); // SHARED_BELL, byte
        keep(bell, entry, inode, fresh);
        return true;
    }
    const bool may_do_later = fresh == -EMFILE || fresh == -ENFILE || fresh == -ENOMEM;
    if (!may_do_later && entry.bell_at.load(base::relaxed) == at) bell.refused.store(inode, base::relaxed);
    return false;
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
    if (is_changing.load(base::relaxed) != 0) is_changing.store(0, base::relaxed); // in the child of a fork
}

void ring_if_armed(const shared_sets& sets, std::uint32_t set) noexcept {
    set_entry& entry = sets.entries[set];
    std::uint64_t armed = entry.armed.load(base::acquire); // SHARED_BELL, the marker's look
    if (bits_of(armed) == 0) return;
    set_bell& bell = sets.bells[set];
    own_bell* const own = bell.own.load(base::acquire);
    if (own != nullptr && bell.own_since.load(base::relaxed) == os::process_number()) return own->on_own_signal(*own);
    if (!ring(bell, entry)) return;
    (void)entry.armed.compare_exchange_strong(armed, without_bits(armed), base::acq_rel,
                                              base::relaxed); // SHARED_BELL, rung
}

} // namespace efd::EFD_ABI::core
