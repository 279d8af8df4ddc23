// SPDX-License-Identifier: MIT
// dropin/table/region.hpp: the memory that `efd run --report` reads at the end, however the processes of the run ended.
//
// It holds counts and what is said of each eventfd; nothing of it decides anything. Made as a file by `efd run`;
// without it there is none. Records are given out in order; the eventfds for which none is left share one. Any thread.
#pragma once

#include "dropin/rules/slot.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::dropin {

inline constexpr std::uint32_t region_magic = 0x64'66'65'32;
inline constexpr std::uint32_t most_records = 16'383;

struct alignas(64) region_header {
    base::atomic<std::uint32_t> magic{0};
    base::atomic<std::uint32_t> given_out{0}; // records 1 to this one were ever used
    base::atomic<std::uint32_t> untracked{0}; // eventfds for which there was no record
    base::atomic<std::uint32_t> processes{0};
};

struct region {
    region_header header;
    record records[most_records + 1]; // records[0]: of all that are untracked
};

// The file named, from now on; false: it is none.
bool open_region(const char* path) noexcept;

// Begins what is said of a new eventfd; false: it is to stay the kernel's, by the rules of who started the program.
[[nodiscard]] bool begin_record(slot& made, int fd, const void* site) noexcept;
// What is said of a number, in this process and its children; null: nothing.
[[nodiscard]] record* record_of(int fd) noexcept;

} // namespace efd::dropin
