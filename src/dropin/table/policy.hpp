// SPDX-License-Identifier: MIT
// dropin/table/policy.hpp: what each profile allows, and who started the program.
//
// Set once from the environment, before the program runs; read by any thread afterwards.
//   strict    promoted on evidence; never in a process that has an io_uring or an AIO context; a value that is not on
//             the caller's own stack goes to the kernel, so that a bad pointer is always EFAULT
//   standard  ("default") promoted on evidence, unless the process has a ring whose requests do not pass by here; a
//             value is looked at where the kernel has read one before
//   eager     as standard, but promoted from the start, as long as the process has no io_uring or AIO context
#pragma once

#include "dropin/rules/slot.hpp"
#include "dropin/table/settings.hpp"

#include <cstddef>

namespace efd::dropin {

struct policy {
    profile level = profile::standard;
    const char* allowed = nullptr; // patterns of programs and sites, separated by commas; null: all
    const char* denied = nullptr;
    bool is_reported = false;
    base::atomic<bool> has_ring{false};    // an io_uring or an AIO context
    bool (*sees_all)() noexcept = nullptr; // asked before a promotion: has the process no ring that nobody saw

    [[nodiscard]] bool promotes_at_once() const noexcept {
        return level == profile::eager && !has_ring.load(base::relaxed);
    }
    // Now, of an eventfd with evidence.
    [[nodiscard]] bool lets_promote(const slot& there) const noexcept;
    [[nodiscard]] bool asks_for_sites() const noexcept {
        return is_reported || allowed != nullptr || denied != nullptr;
    }
    [[nodiscard]] bool welcomes(const char* site) const noexcept;
};
extern policy rules;

// EFD_DROPIN, EFD_DROPIN_PROFILE, EFD_DROPIN_ALLOW, EFD_DROPIN_DENY (settings.hpp). False: stay away from this program.
[[nodiscard]] bool read_policy() noexcept;

// Who made it, as symbol+offset and object.
void write_site(char (&into)[sizeof(record::site)], const void* address) noexcept;

} // namespace efd::dropin
