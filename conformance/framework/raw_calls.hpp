// SPDX-License-Identifier: MIT
// conformance/framework/raw_calls.hpp: checks of the answer to a call on a number, and addresses that the call must
// refuse.
//
// Owns nothing; mappings stay until the claim's process ends.
#pragma once

#include "conformance/framework/claim.hpp"
#include "conformance/framework/number_calls.hpp"

#include <cstddef>
#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

namespace efd::claims {

// The call must have succeeded with this result.
inline void expect_result(trial& asked, answer found, long claimed, std::string_view what) {
    asked.expect_error(found.error, 0, what);
    if (found.error == 0) asked.expect_equal(found.result, claimed, what);
}

// An address of the kernel, which is refused before anything else is checked.
inline void* kernel_address() { return reinterpret_cast<void*>(~std::uintptr_t{0} << 12 << 1); }

// The border between a writable page and an unmapped one.
inline unsigned char* edge_of_memory(trial& asked) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* const both = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (both == MAP_FAILED) asked.not_here("no memory for a page with nothing behind it");
    auto* const edge = static_cast<unsigned char*>(both) + page;
    ::mprotect(edge, page, PROT_NONE);
    return edge;
}

} // namespace efd::claims
