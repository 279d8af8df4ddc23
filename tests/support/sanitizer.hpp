// SPDX-License-Identifier: MIT
// tests/support/sanitizer.hpp: which sanitizer the build has, and whether it is for an emulator (qemu-user,
// scripts/cross), which is slow and has neither seccomp nor futex_waitv; for tests that must do less then, or be
// skipped.
#pragma once

namespace efd::tests {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool under_tsan = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool under_tsan = true;
#else
inline constexpr bool under_tsan = false;
#endif
#else
inline constexpr bool under_tsan = false;
#endif

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool under_asan = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool under_asan = true;
#else
inline constexpr bool under_asan = false;
#endif
#else
inline constexpr bool under_asan = false;
#endif

inline constexpr bool under_sanitizer = under_tsan || under_asan;

#ifdef EFD_UNDER_EMULATOR
inline constexpr bool under_emulator = true;
#else
inline constexpr bool under_emulator = false;
#endif

// An emulated program cannot be executed anew by its file.
inline constexpr const char* death_test_style = under_emulator ? "fast" : "threadsafe";

} // namespace efd::tests
