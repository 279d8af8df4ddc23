// SPDX-License-Identifier: MIT
// share/family.hpp: objects that a process has in common with the children of its forks: EFD_SHARED.
//
// Owns a chain of anonymous arenas, made when they are needed and kept as long as the process lives. A child of fork
// has its parent's arenas, as every arena's child has, and both go on to make arenas of their own behind them. Made
// from any thread, without a lock of its own (FAMILY in docs/races.md); not in signal handlers.
#pragma once

#include "share/refusal.hpp"

#include <efd/detail/core/context.hpp>

#include <cstdint>

namespace efd::share {

inline constexpr std::uint32_t family_slots = 16384; // of each arena
inline constexpr std::uint32_t family_arenas = 64;

// A new object with one reference of this process. initval and flags: as core::may_create allows. What is refused is
// what is refused of a new arena; and ENOSPC as refusal::system: all arenas are full.
[[nodiscard]] outcome make_in_family(std::uint64_t initval, unsigned flags, core::context*& made) noexcept;

} // namespace efd::share
