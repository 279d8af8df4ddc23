// dropin/region.hpp: the memory in which slots live, shared by all processes of one run.
//
// `efd run --report` makes it as a file and reads it at the end, however its processes ended; without, it is anonymous
// and shared by fork alone. Slots are given out in order; one is given out again only if the memory is full, its last
// descriptor was closed and no process has forked since it was made. Any thread.
#pragma once

#include "dropin/slot.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::dropin {

inline constexpr std::uint32_t region_magic = 0x64'66'65'31;
inline constexpr std::uint32_t most_slots = 16'383;

struct alignas(64) region_header {
    base::atomic<std::uint32_t> magic{0};
    base::atomic<std::uint32_t> given_out{0}; // slots 1 to this one were ever used
    base::atomic<std::uint32_t> untracked{0}; // eventfds for which there was no slot
    base::atomic<std::uint32_t> processes{0};
    base::atomic<std::uint32_t> reused{0};
    tally earlier; // of slots that were given out again
};

struct region {
    region_header header;
    slot slots[most_slots + 1]; // slots[0] is nobody's
};

// The file named, or anonymous memory; null if there is none.
[[nodiscard]] region* map_region(const char* path) noexcept;
void unmap_region(region& all) noexcept;

// A fresh slot's number, or 0.
[[nodiscard]] std::uint32_t take_slot(region& all) noexcept;

// One descriptor fewer.
void let_go_of_slot(slot& there) noexcept;

} // namespace efd::dropin
