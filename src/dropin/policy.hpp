// dropin/policy.hpp: when an eventfd is promoted, and what each profile allows.
//
// Set once from the environment, before the program runs; read by any thread afterwards.
//   strict    promoted on evidence; never in a process that has an io_uring or an AIO context; a value that is not on
//             the caller's own stack goes to the kernel, so that a bad pointer is always EFAULT
//   standard  ("default") promoted on evidence, unless the process has a ring whose requests do not pass by here; a
//   value
//             is looked at where the kernel has read one before
//   eager     as standard, but promoted from the start, as long as the process has no io_uring or AIO context
#pragma once

#include "dropin/raw_call.hpp"
#include "dropin/settings.hpp"
#include "dropin/slot.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::dropin {

// Evidence for a promotion: writes that reached the kernel while it held units, and reads through libc.
inline constexpr std::uint64_t redundant_enough = 16;
inline constexpr std::uint64_t reads_enough = 4;

struct policy {
    profile level = profile::standard;
    const char* allowed = nullptr; // patterns of programs and sites, separated by commas; null: all
    const char* denied = nullptr;
    bool names_sites = false;                   // who made an eventfd is asked for: by the report, or by these
    base::atomic<bool> has_ring{false};         // an io_uring or an AIO context
    base::atomic<bool> has_unseen_ring{false};  // one whose requests do not pass by here
    base::atomic<bool> has_nested_edges{false}; // an epoll within an epoll, for edges
    bool (*sees_all)() noexcept = nullptr;      // asked once more before each promotion
};
extern policy rules;

// EFD_DROPIN, EFD_DROPIN_PROFILE, EFD_DROPIN_ALLOW, EFD_DROPIN_DENY (settings.hpp). False: stay away from this program.
[[nodiscard]] bool read_policy() noexcept;

// Who made it, as symbol+offset and object.
void write_site(slot& made, const void* address) noexcept;

// Of an eventfd that was just made.
void begin_policy(slot& made, unsigned initval) noexcept;

// Evidence: it is read through us, and written while the kernel holds units already.
void weigh_evidence(slot& there) noexcept;

// Pages from which the kernel has read a value of ours, one for each place; 0 is no page that anybody has.
inline constexpr std::size_t page_places = 64;
inline constexpr std::uintptr_t page_size = 4096;
extern base::atomic<std::uintptr_t> readable_pages[page_places];
constexpr std::uintptr_t page_of(std::uintptr_t address) noexcept { return address / page_size; }
constexpr bool within_page(std::uintptr_t address) noexcept {
    return address > 0 && page_of(address) == page_of(address + sizeof(std::uint64_t) - 1);
}
static_assert(!within_page(0) && within_page(page_size) && !within_page(page_size - 1));
inline base::atomic<std::uintptr_t>& place_of(std::uintptr_t address) noexcept {
    return readable_pages[page_of(address) % page_places];
}

// May the value at `address` be looked at here, or must the kernel be asked in case it is not there. Known are the
// caller's own stack and pages from which the kernel has read lately.
[[gnu::always_inline]] inline bool may_touch(std::uintptr_t address) noexcept {
    if (is_on_stack(address)) return true;
    if (rules.level == profile::strict) return false;
    return place_of(address).load(base::relaxed) == page_of(address) && within_page(address);
}
inline void note_readable(std::uintptr_t address) noexcept {
    base::atomic<std::uintptr_t>& known = place_of(address);
    if (known.load(base::relaxed) != page_of(address)) known.store(page_of(address), base::relaxed);
}

} // namespace efd::dropin
