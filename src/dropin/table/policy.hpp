// SPDX-License-Identifier: MIT
// dropin/table/policy.hpp: what each profile allows, and for which programs and creation sites.
//
// Set once from the environment, before the program runs; read by any thread afterwards.
//   strict    promotes on evidence; never in a process with an io_uring or an AIO context. A value that is not on the
//             caller's own stack goes to the kernel, so a bad pointer is always EFAULT
//   standard  ("default") promotes on evidence, unless the process has a ring whose requests are not seen. A value is
//             also read in a page where the kernel has read one before
//   eager     as standard, but promotes from the start, as long as the process has no io_uring or AIO context
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
    bool (*sees_all)() noexcept = nullptr; // asked before a promotion: is every ring seen?

    [[nodiscard]] bool promotes_at_once() const noexcept {
        return level == profile::eager && !has_ring.load(base::relaxed);
    }
    // May an eventfd with evidence be promoted now?
    [[nodiscard]] bool lets_promote(const fd_slot& slot) const noexcept;
    [[nodiscard]] bool asks_for_sites() const noexcept {
        return is_reported || allowed != nullptr || denied != nullptr;
    }
    [[nodiscard]] bool welcomes(const char* site) const noexcept;
};
extern policy active_policy;

// Reads EFD_DROPIN, EFD_DROPIN_PROFILE, EFD_DROPIN_ALLOW and EFD_DROPIN_DENY (settings.hpp). False: the drop-in is off.
[[nodiscard]] bool read_policy() noexcept;

// The code that made the eventfd, as object!symbol+offset.
void write_site(char (&into)[sizeof(report_record::site)], const void* address) noexcept;

} // namespace efd::dropin
