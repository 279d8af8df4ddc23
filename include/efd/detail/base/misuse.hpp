// SPDX-License-Identifier: MIT
// base/misuse.hpp: what a program does that no object can answer to, named where a build can afford the look.
//
// Owns nothing. In a build that is not optimised, or that has a sanitizer, the use of a handle that was moved from ends
// the program with a sentence; other builds do not check.
#pragma once

#include <efd/detail/base/export.hpp>

#ifndef EFD_NAMES_MISUSE
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EFD_NAMES_MISUSE 1
#else
#define EFD_NAMES_MISUSE 0
#endif
#endif

namespace efd::EFD_ABI::base {

// Ends the program: "efd: a handle that was moved from is used".
[[noreturn]] EFD_API void stop_for_moved_from() noexcept;

#if EFD_NAMES_MISUSE
inline void must_be_there(const void* behind_a_handle) noexcept {
    if (behind_a_handle == nullptr) [[unlikely]]
        stop_for_moved_from();
}
#else
inline void must_be_there(const void* /*behind_a_handle*/) noexcept {}
#endif

} // namespace efd::EFD_ABI::base
