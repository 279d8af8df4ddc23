// SPDX-License-Identifier: MIT
// core/set_bells.cpp: see set_bells.hpp. How a signal rings.
//
// SHARED_BELL, drawn in docs/races.md. The byte is written before the arming is taken away: who is killed between the
// two leaves both, and who is killed before leaves it armed for the next. The arming is taken away by comparing: a
// ringer that comes late, after the owner has taken its byte and armed anew, leaves that one.
#include "core/set_bells.hpp"

#include "os/bell_pipe.hpp"
#include "os/process.hpp"

#include <cerrno>

namespace efd::EFD_ABI::core {
namespace {

// The number that a ringer had was closed without efd if it names no ringer's file any more.
int keep(set_bell& bell, int known, int fresh) noexcept {
    if (known >= 0 && os::replace_ringer(fresh, known)) return known;
    if (bell.ringer.replace(known, fresh)) return fresh;
    os::close_bell_end(fresh); // another thread was first
    return bell.ringer.get();
}

// SHARED_RINGER. A number that stands here is never closed while the arena lives, only made to name another bell: so a
// thread that is about to write to it rings a bell in any case. Below zero: not to be rung.
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

// Memory that was never in use is not touched.
void kept_number::close() noexcept {
    if (get() >= 0) os::close_bell_end(swap_in(-1));
}

void set_bell::close_ends() noexcept {
    if (own.load(base::relaxed) != nullptr) own.store(nullptr, base::release); // pairs with ring_if_armed()
    read_end.close();
    write_end.close();
}

void set_bell::close_all() noexcept {
    close_ends();
    ringer.close();
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
