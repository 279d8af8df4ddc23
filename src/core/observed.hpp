// SPDX-License-Identifier: MIT
// core/observed.hpp: the memory in which an observed process says what happens to its objects; `efd ls` and `efd top`
// read it.
//
// One file of memory (memfd "efd-observed") for each process that opted in: a header, a row for each private object by
// its id, rows for objects of arenas, and a slot for each thread that sleeps. The process writes, and never reads back
// what it relies on; a reader believes no byte of it. Every field is a word of its own, written without order: the
// words of a row may be of different moments.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace efd::EFD_ABI::core {

inline constexpr std::string_view observed_file_name = "efd-observed";
inline constexpr std::array<char, 8> observed_magic{'e', 'f', 'd', '-', 'o', 'b', 's', '\n'};
inline constexpr std::uint32_t observed_version = 1;

inline constexpr std::uint32_t observed_private_rows = 8192; // row i: the private object with id i
inline constexpr std::uint32_t observed_shared_rows = 1024;  // behind them, found by the address of the object
inline constexpr std::uint32_t observed_rows = observed_private_rows + observed_shared_rows;
inline constexpr std::uint32_t observed_sleepers = 512;

// What a row says of its object; zero: the row is empty.
inline constexpr std::uint32_t row_lives = 1U << 0;
inline constexpr std::uint32_t row_is_semaphore = 1U << 1;
inline constexpr std::uint32_t row_is_shared = 1U << 2;    // of an arena, or with flags::shared
inline constexpr std::uint32_t row_is_whole = 1U << 3;     // every signal and take is counted
inline constexpr std::uint32_t row_has_doorbell = 1U << 4; // a descriptor watches it
inline constexpr std::uint32_t row_is_inherited = 1U << 5; // a parent made it before a fork
inline constexpr std::uint32_t row_was_sealed = 1U << 6;

struct observed_header {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t rows;
    std::uint32_t sleepers;
    std::uint32_t pid; // as the process itself sees it
    std::int64_t begun_ns;
    base::atomic<std::uint32_t> is_on;
    base::atomic<std::uint32_t> private_rows_used; // rows from here to the shared ones are empty
    base::atomic<std::uint64_t> without_row;       // events of objects for which no row was free
    std::array<std::byte, 64> unused;
};
static_assert(sizeof(observed_header) == 112);

struct observed_row {
    base::atomic<std::uint32_t> flags;
    base::atomic<std::uint32_t> made_by; // the thread
    base::atomic<std::uint64_t> id;
    base::atomic<std::uint64_t> object;  // its address in the process; of a shared row the key
    base::atomic<std::uint64_t> made_at; // where its creation was called; zero: not known
    base::atomic<std::uint64_t> count;
    base::atomic<std::uint64_t> signals; // adds, of whatever value
    base::atomic<std::uint64_t> takes;
    base::atomic<std::uint64_t> sleeps;
    base::atomic<std::uint64_t> wakes; // calls that woke
    base::atomic<std::uint64_t> rings; // of its descriptor
    base::atomic<std::int64_t> made_ns;
    base::atomic<std::int64_t> signalled_ns;
    base::atomic<std::int64_t> above_zero_ns; // since when the count is above zero; zero: it is not
    base::atomic<std::int64_t> beside_ns;     // the longest that a reader slept while the count was above zero
    base::atomic<std::uint32_t> signaller;    // the thread that signalled last
    base::atomic<std::uint32_t> asleep;
    base::atomic<std::uint32_t> sets; // that watch it
    base::atomic<std::uint32_t> callbacks;
    std::array<base::atomic<char>, 48> name; // of an arena's object, its beginning
};
static_assert(sizeof(observed_row) == 176);

struct observed_sleeper {
    base::atomic<std::uint32_t> thread; // zero: free
    base::atomic<std::uint32_t> row;
    base::atomic<std::int64_t> since_ns;
    base::atomic<std::uint32_t> is_writer; // it waits for room
    std::uint32_t unused;
};
static_assert(sizeof(observed_sleeper) == 24);

struct observed_file {
    observed_header header;
    std::array<observed_sleeper, observed_sleepers> sleepers;
    std::array<observed_row, observed_rows> rows;
};

} // namespace efd::EFD_ABI::core
