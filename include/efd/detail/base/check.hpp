// SPDX-License-Identifier: MIT
// base/check.hpp: what a comment calls an invariant, looked at while the program runs.
//
// Owns nothing. EFD_CHECK(condition) stops the program where the condition does not hold, and says the place and the
// condition. It is on in builds of efd that are not optimised or have a sanitizer, and in the explorer, where a check
// that fails is a failure of that schedule. Elsewhere, and so in every program of a user, the condition is not
// evaluated. A condition has no side effects and no step on an atomic: it looks at values that the code has read
// already. So the steps that a schedule is made of, and the code of a release, are the same with and without it.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#ifndef EFD_CHECKS
#define EFD_CHECKS 0
#endif

#if EFD_CHECKS

namespace efd::EFD_ABI::base {

[[noreturn]] void stop(const char* sentence) noexcept; // base/stop.hpp

} // namespace efd::EFD_ABI::base

#define EFD_CHECK_TEXT_OF(line) #line
#define EFD_CHECK_TEXT(line) EFD_CHECK_TEXT_OF(line)
#define EFD_CHECK(...)                                                                                                 \
    ((__VA_ARGS__) ? static_cast<void>(0)                                                                              \
                   : ::efd::base::stop(__FILE__ ":" EFD_CHECK_TEXT(__LINE__) ": this does not hold: " #__VA_ARGS__))

#else

// The condition is compiled, so that what it names stays in use, and never evaluated.
#define EFD_CHECK(...) static_cast<void>(sizeof((__VA_ARGS__) ? 1 : 0))

#endif
