// SPDX-License-Identifier: MIT
// core/shared_slots.hpp: objects in memory that other processes map, too; found by their address.
//
// All such memory is mapped into one range of addresses (share/range.cpp reserves it and fills in this table). What a
// process alone knows of an object (references, flags, how it lingers) is in memory of its own, beside the mapping: a
// peer can write any byte of the slot, and none of that. Written while no object of the window exists; read from any
// thread and from signal handlers.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/context.hpp>

#include <cstddef>
#include <cstdint>

namespace efd::EFD_ABI::core {

inline constexpr unsigned window_shift = 20; // a window is 1 MiB of addresses, 16384 slots

// The slots of one arena, as this process has mapped them.
struct shared_slots {
    std::uintptr_t first_slot = 0;
    std::uint32_t number = 0;
    // What a sleeper beside these slots does, in case a peer was killed between its add and its wake: it looks again
    // after first_look_ns, then after twice as long, up to last_look_ns; 0: never.
    std::int64_t first_look_ns = 0;
    std::int64_t last_look_ns = 0;
};

// The range: nothing is in it until the first arena reserves it.
struct shared_range {
    base::atomic<std::uintptr_t> base{0};
    base::atomic<std::uintptr_t> bytes{0};
    base::atomic<base::atomic<shared_slots*>*> windows{nullptr}; // one for each window of the range; null: not mapped
};
extern constinit shared_range range;

} // namespace efd::EFD_ABI::core
