// SPDX-License-Identifier: MIT
// ledger.hpp: what each process of a run has added and taken, in memory that outlives it.
//
// A process notes what it is about to do, does it, adds it to its sums, and takes the note away. So of one that was
// killed all is known but whether its last call took effect.
#pragma once

#include <efd/arena.hpp>
#include <efd/wait_set.hpp>

#include <array>
#include <atomic>
#include <cstdint>

namespace efd::conserve {

inline constexpr std::uint32_t slots = 48;
inline constexpr std::uint32_t processes = 32;
inline constexpr std::size_t lasting = 4; // objects that live as long as the run
inline constexpr std::size_t pages = 1U << 16;
inline constexpr std::uint64_t much = std::uint64_t{1} << 40; // in the last of them from the beginning
inline constexpr std::uint64_t most_taken = 3;                // by one call

// Of one process.
struct alignas(64) page {
    struct sum {
        std::atomic<std::uint64_t> added{0};
        std::atomic<std::uint64_t> taken{0};
    };
    std::array<sum, lasting> sums;
    std::atomic<std::uint32_t> about_to_add{0};  // object + 1, and the amount above; 0: nothing
    std::atomic<std::uint32_t> about_to_take{0}; // object + 1
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> found{0}; // objects that another process has made
};

struct ledger {
    std::atomic<bool> stop{false};
    std::atomic<std::uint32_t> used{0}; // pages
    std::atomic<std::uint64_t> forks{0};
    std::array<std::atomic<std::uint64_t>, 32> ids; // of objects that do not last
    std::array<page, pages> of;
};

// The count of an object that does not last, once its maker has told its id.
inline std::uint64_t mark_of(std::uint64_t id) {
    constexpr std::uint64_t mix = 0x9e37'79b9'7f4a'7c15;
    constexpr int keep_shift = 44;
    return (id * mix >> keep_shift) + 1;
}

inline const char* lasting_name(std::size_t which) {
    static constexpr std::array<const char*, lasting> names{"plain", "semaphore", "busy", "huge"};
    return names[which];
}

// Exit statuses: what a process has seen.
enum class end : int { well = 0, other_object = 11, other_name = 12, wrong_value = 13, call_failed = 14, no_page = 15 };

// Makes calls until told to stop, or so many.
end work(arena& shared, ledger& all, std::uint64_t seed, std::uint64_t calls);

} // namespace efd::conserve
