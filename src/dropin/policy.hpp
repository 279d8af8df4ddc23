// dropin/policy.hpp: when an eventfd is promoted, and what each profile allows.
//
// Set once from the environment, before the program runs; read by any thread afterwards.
//   strict    promoted on evidence; never in a process that has an io_uring or an AIO context; a value that is not on
//             the caller's own stack goes to the kernel, so that a bad pointer is always EFAULT
//   standard  ("default") promoted on evidence; a value is looked at where the kernel has read one before
//   eager     as standard, but promoted from the start, as long as the process has no io_uring or AIO context
#pragma once

#include "dropin/slot.hpp"

namespace efd::dropin {

enum class profile : unsigned char { strict, standard, eager };

struct policy {
    profile level = profile::standard;
    const char* allowed = nullptr; // patterns of programs and sites, separated by commas; null: all
    const char* denied = nullptr;
    base::atomic<bool> has_ring{false};
};
extern policy rules;

// EFD_DROPIN, EFD_DROPIN_PROFILE, EFD_DROPIN_ALLOW, EFD_DROPIN_DENY. False: stay away from this program.
[[nodiscard]] bool read_policy() noexcept;

// Who made it, as symbol+offset and object.
void write_site(slot& made, const void* address) noexcept;

// Of an eventfd that was just made.
void begin_policy(slot& made, unsigned initval) noexcept;

// Evidence: it is read through us, and written while the kernel holds units already.
void weigh_evidence(slot& there) noexcept;

// May the value at `address` be looked at here, or must the kernel be asked in case it is not there. Known are the
// caller's own stack and pages from which the kernel has read lately.
[[nodiscard]] bool may_touch(std::uintptr_t address) noexcept;
[[nodiscard]] bool is_on_stack(std::uintptr_t address) noexcept;
void note_readable(std::uintptr_t address) noexcept;

} // namespace efd::dropin
