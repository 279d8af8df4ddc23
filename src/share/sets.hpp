// SPDX-License-Identifier: MIT
// share/sets.hpp: the sets of an arena, as processes claim them and give them back.
//
// Owns only pointers. A set belongs to the process whose index stands in its entry; the word is changed
// by comparing, from free to owned and back. Who has the lock of a dead process's index frees the sets that were its
// (LIFE_LINE), and moves the number of deaths first: an owner that finds it moved looks at every member of its sets
// (SHARED_DEATH in docs/races.md). A reaper may die at any step, and the next one does it again. Any thread.
#pragma once

#include "core/shared_slots.hpp"
#include "share/layout.hpp"
#include "share/slots.hpp"

#include <cstdint>

namespace efd::share {

class sets {
  public:
    sets() noexcept = default;
    sets& operator=(sets&&) = delete; // neither copied nor moved

    void begin(const arena_parts& parts, core::shared_slots& mapped) noexcept;
    // For the process of that index; false: every set has a living owner, as far as anybody knows.
    [[nodiscard]] bool claim(std::uint32_t process, core::set_claim& made) noexcept;
    void give_back(const core::set_claim& claim) noexcept;
    // Call with the lock of the index of a dead process.
    void note_death(std::uint32_t process) noexcept;
    // What this process, or the parent whose child it is, has of the sets' bells.
    void close_bells() noexcept;

  private:
    void begin_set(std::uint32_t set) noexcept;

    core::shared_slots* mapped_ = nullptr;
};

} // namespace efd::share
