// SPDX-License-Identifier: MIT
// base/order.hpp: tells ThreadSanitizer which order efd makes between threads.
//
// A write releases, a read acquires. In a program that is built with -fsanitize=thread the inline halves of the headers
// are instrumented and show this by themselves; libefd is not, so it says so where the program brings the sanitizer's
// functions. Without them the two are a test of an address each, and in the headers of a user nothing.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#ifdef EFD_TELLS_SANITIZER // set where libefd is built, and not with a sanitizer
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the names are the sanitizer's
extern "C" {
void __tsan_acquire(void* at) noexcept __attribute__((weak));
void __tsan_release(void* at) noexcept __attribute__((weak));
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
#endif

namespace efd::EFD_ABI::base {

#ifdef EFD_TELLS_SANITIZER
// What other threads did before their release of this place happened before what comes now.
inline void order_acquire(const void* at) noexcept {
    if (__tsan_acquire != nullptr) [[unlikely]]
        __tsan_acquire(const_cast<void*>(at));
}
inline void order_release(const void* at) noexcept {
    if (__tsan_release != nullptr) [[unlikely]]
        __tsan_release(const_cast<void*>(at));
}
#else
inline void order_acquire(const void*) noexcept {}
inline void order_release(const void*) noexcept {}
#endif

} // namespace efd::EFD_ABI::base
