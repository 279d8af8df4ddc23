// SPDX-License-Identifier: MIT
// dropin/rules/known_pages.hpp: which memory of the program may be touched here. Other memory is left to the kernel,
// which returns EFAULT if nothing is mapped.
//
// Known memory is the caller's own stack, and pages that the kernel has read or written for the program (never in the
// strict profile). An access to a known page that was unmapped since then is SIGSEGV. Any thread.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include "dropin/rules/raw_call.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace efd::dropin {

inline constexpr std::size_t page_places = 64;
inline constexpr std::uintptr_t page_size = 4096;
constexpr std::uintptr_t page_of(std::uintptr_t address) noexcept { return address / page_size; }
[[nodiscard]] inline std::uintptr_t address_of(const void* at) noexcept { return reinterpret_cast<std::uintptr_t>(at); }

class known_pages {
  public:
    // Is the whole range in one known page? Page 0 is never known, because 0 marks an empty place.
    [[nodiscard]] bool has(std::uintptr_t address, std::size_t length = sizeof(std::uint64_t)) const noexcept {
        const std::uintptr_t page = page_of(address);
        return places_[page % page_places].load(base::relaxed) == page && page != 0 &&
               page == page_of(address + length - 1);
    }
    void note(std::uintptr_t address) noexcept {
        base::atomic<std::uintptr_t>& known = places_[page_of(address) % page_places];
        if (known.load(base::relaxed) != page_of(address)) known.store(page_of(address), base::relaxed);
    }

  private:
    base::atomic<std::uintptr_t> places_[page_places]{};
};

extern known_pages readable_pages;
extern known_pages writable_pages;
extern bool trusts_pages;                 // not in the strict profile
extern base::atomic<bool> may_ask_kernel; // false: a filter of system calls may end the process for it

[[gnu::always_inline]] inline bool may_read_value(const void* from) noexcept {
    return is_on_stack(address_of(from)) || (trusts_pages && readable_pages.has(address_of(from)));
}

// Copies `length` bytes, through the kernel if the page is not known. False: the kernel would return EFAULT, or the
// memory is of a kind that only read(2) and write(2) reach (memfd_secret, devices).
[[nodiscard]] bool look_at(void* to, const void* from, std::size_t length) noexcept;
// Writes n. False: as above.
[[nodiscard]] bool store_value(void* to, std::uint64_t n) noexcept;

// May the range leave user space? The kernel refuses that before anything else (K-024, K-159). The end of user space
// differs between kernels, so a range that is not surely inside goes to the kernel.
[[nodiscard]] inline bool may_leave_user_space(const void* from, std::size_t length) noexcept {
#if defined(__x86_64__)
    constexpr std::uintptr_t most = (std::uintptr_t{1} << 47) - page_size;
#else
    constexpr std::uintptr_t most = std::uintptr_t{1} << 48;
#endif
    return address_of(from) > most || length > most - address_of(from);
}

} // namespace efd::dropin
