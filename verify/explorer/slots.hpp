// SPDX-License-Identifier: MIT
// The model's pages for private contexts, and for sets.
//
// Owns nothing. A scenario that makes contexts through the table names these bytes to the machine as plain memory.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include "explorer/machine.hpp"

#include <array>
#include <cstdint>

namespace explore {

region first_slots(std::size_t bytes) noexcept;

// In a set_up, before it makes sets: the pages of the scenario before are free again.
void forget_pages() noexcept;

// The bytes in the pipe of the arena's set (set_world.cpp); a scenario without a bell does not ask.
efd::base::atomic<std::uint32_t>& pipe_bytes() noexcept;

// What the descriptor numbers of a process that rings name: none, a bell by its inode, or a file of the program's. The
// program opens a file at once wherever a number is closed.
struct ringer_numbers {
    static constexpr std::uint64_t none = 0;
    static constexpr std::uint64_t of_program = UINT64_MAX;

    std::array<efd::base::atomic<std::uint64_t>, 4> file;
    std::array<efd::base::atomic<std::uint64_t>, 4> rung; // by inode
    efd::base::atomic<std::uint64_t> of_owner;            // what the owner's number names
};
// Null in scenarios without: each number above zero names the bell, and nothing is opened.
inline ringer_numbers* numbers_of_ringer = nullptr;

} // namespace explore
