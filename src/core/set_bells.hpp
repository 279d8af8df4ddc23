// SPDX-License-Identifier: MIT
// core/set_bells.hpp: the bells of an arena's sets: a pipe for each set that an event loop watches.
//
// The owner of a set publishes its pid, a descriptor number and the pipe's inode in the set's entry, and arms the set.
// A thread that marks a member of an armed set rings: it writes a byte, then disarms. Only the owner empties the pipe
// and arms again (watch/set_bell.cpp). A ringer opens the pipe once, through /proc, and keeps that open file, which no
// other process has: so the pipe hangs up when the last ringer dies. Owns the ringer's files, and both ends of an
// owner's pipe. The entry is untrusted: a file is checked before it is opened (os/bell_pipe.hpp). Any thread and
// signal handlers; nothing here waits.
//
//     word      value                     set by                         wrongly set        wrongly clear
//     armed     the next mark must ring   the owner, before its look     a byte too many    while the pipe has a byte,
//                                                                                           or the owner is to look
#pragma once

#include <efd/detail/base/atomic.hpp>

#include "core/shared_sets.hpp"

#include <cstdint>

namespace efd::EFD_ABI::core {

// A word of the entry. The upper half is the pid, the lower half the descriptor number plus one; 0: no bell.
constexpr std::uint64_t bell_at(std::uint32_t pid, int number) noexcept {
    return std::uint64_t{pid} << 32 | (static_cast<std::uint32_t>(number) + 1);
}
constexpr std::uint32_t pid_of_bell(std::uint64_t at) noexcept { return static_cast<std::uint32_t>(at >> 32); }
constexpr std::uint32_t number_of_bell(std::uint64_t at) noexcept { return static_cast<std::uint32_t>(at) - 1; }
static_assert(pid_of_bell(bell_at(7, 0)) == 7 && number_of_bell(bell_at(7, 0)) == 0 && bell_at(7, 3) != 0);

// The owner's own threads call this in place of a write to the pipe. It may be called after the set has ended: its
// memory is never freed.
struct own_bell {
    void (*on_own_signal)(own_bell& bell) noexcept = nullptr;
};

// A descriptor number, or none; zeroed memory is none.
class kept_number {
  public:
    [[nodiscard]] int get() const noexcept { return static_cast<int>(value_.load(base::acquire)) - 1; }
    // Returns the number that was there.
    int swap_in(int number) noexcept {
        return static_cast<int>(value_.exchange(static_cast<std::uint32_t>(number + 1), base::acq_rel)) -
               1; // pairs with get()
    }
    // An end of the bell with this inode; the file of a ringer.
    void close_end(std::uint64_t inode) noexcept;
    void close_ringer() noexcept;

  private:
    base::atomic<std::uint32_t> value_{0};
};

// What this process keeps for the bell of one set. Zeroed memory has nothing.
struct set_bell {
    kept_number ringer;                      // its open file of the bell that it rang last
    base::atomic<std::uint32_t> is_changing; // a thread changes what `ringer` names
    base::atomic<std::uint64_t> refused;     // the inode of a bell that this process cannot open
    base::atomic<own_bell*> own;             // if the set is of this process
    base::atomic<std::uint32_t> own_since;   // process_number() of the process that stored `own`
    kept_number read_end;
    kept_number write_end;
    base::atomic<std::uint64_t> inode; // of the pipe of these two ends

    void close_ends() noexcept;
    void close_all() noexcept;
};

// SHARED_BELL. The caller has just marked a member of the set.
void ring_if_armed(const shared_sets& sets, std::uint32_t set) noexcept;

} // namespace efd::EFD_ABI::core
