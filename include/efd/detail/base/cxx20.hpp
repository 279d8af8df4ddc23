// SPDX-License-Identifier: MIT
// base/cxx20.hpp: what a compiler says that is not asked for C++20, before anything else, and the namespace of the
// version. Every header of efd includes it, or another one that does, first. g++ 10 says 201709L with -std=c++20.
#pragma once

#if __cplusplus < 201709L
#error "efd needs C++20: compile with -std=c++20 (g++ 10 or clang 11, or later)"
#endif

#include <efd/version.h>

// Code of two versions of efd in one process has two sets of names: efd::EFD_ABI::eventfd is efd::v0_3::eventfd, an
// inline namespace. What users name, and what the inline halves need, stands in it.
#define EFD_DETAIL_JOIN_OF(a, b) a##b
#define EFD_DETAIL_JOIN(a, b) EFD_DETAIL_JOIN_OF(a, b)
#if EFD_VERSION_MAJOR == 0
#define EFD_ABI inline EFD_DETAIL_JOIN(v0_, EFD_VERSION_MINOR)
#else
#define EFD_ABI inline EFD_DETAIL_JOIN(v, EFD_VERSION_MAJOR)
#endif
