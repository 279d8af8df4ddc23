// SPDX-License-Identifier: MIT
// dropin/table/region.hpp: the shared memory that `efd run --report` reads at the end, however the processes ended.
//
// It holds a record with counts for each eventfd; no decision depends on it. `efd run` makes it as a file; otherwise
// there is none. Records are given out in order; the eventfds for which none is left share one. Any thread.
#pragma once

#include "dropin/rules/slot.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::dropin {

inline constexpr std::uint32_t region_magic = 0x64'66'65'32;
inline constexpr std::uint32_t most_records = 16'383;

struct alignas(64) region_header {
    base::atomic<std::uint32_t> magic{0};
    base::atomic<std::uint32_t> given_out{0}; // records 1 to this one have been used
    base::atomic<std::uint32_t> untracked{0}; // eventfds without a record
    base::atomic<std::uint32_t> processes{0};
};

struct region {
    region_header header;
    report_record records[most_records + 1]; // records[0] counts for all that are untracked
};

// Maps the named file. False: it is not a region.
bool open_region(const char* path) noexcept;

// Begins the record of a new eventfd. False: allow and deny forbid to promote it.
[[nodiscard]] bool begin_record(fd_slot& made, int fd, const void* site) noexcept;
// The record of a number, in this process and its children; null: there is none.
[[nodiscard]] report_record* record_of(int fd) noexcept;

} // namespace efd::dropin
