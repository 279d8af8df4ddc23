// SPDX-License-Identifier: MIT
// control.hpp: what the processes of a run share beside the arena: when to stop, what was done, how late a call was.
#pragma once

#include <efd/arena.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <ctime>

namespace efd::hostile {

inline constexpr std::uint32_t slots = 64;
inline constexpr std::uint32_t processes = 8;
inline constexpr std::uint32_t names = 32;
inline constexpr std::uint32_t sets = 8;
inline constexpr int callers = 2;

// One for each value, in order.
template <class Enum, class... Texts>
constexpr auto names_of(Texts... texts) {
    static_assert(sizeof...(texts) == static_cast<std::size_t>(Enum::number));
    return std::array<const char*, sizeof...(texts)>{texts...};
}

enum class pattern : unsigned {
    random_word,
    marks,
    huge_count,
    park_words,
    one_bit,
    storm, // one state word, changed as fast as can be
    zero_slot,
    tenants,
    rows,
    entries,
    names_of,
    set_entries,
    bells_of,
    cells,
    bitmaps,
    beds,
    header,
    page,
    hole,
    lock,
    wake,
    requeue,
    restored, // an honest header, and free slots
    number
};
inline constexpr auto pattern_names = names_of<pattern>(
    "random words", "marks", "huge counts", "park words", "single bits", "storms", "zeroed slots", "tenants", "rows",
    "processes", "names", "sets", "bells of sets", "cells of objects", "marks of sets", "beds", "headers",
    "pages of anything", "holes", "locks kept", "wakes", "requeues", "restored");

enum class call : unsigned {
    signal,
    write,
    try_write,
    timed_write,
    read,
    try_read,
    timed_read,
    timed_read_some,
    orphan_read,
    stopped_read,
    count,
    make,
    make_named,
    find,
    at,
    remove,
    list,
    reap,
    drop,
    attach,
    set_make,
    set_add,
    set_remove,
    set_try,
    set_wait,
    set_look,
    set_fd,
    set_add_fd,
    fork,
    number
};
inline constexpr auto call_names = names_of<call>(
    "signal", "write", "try_write", "write_for", "read", "try_read", "read_for", "read_some_for", "orphan read",
    "stopped read", "count", "make", "make name", "find", "at", "remove", "list", "reap", "drop", "attach", "make_set",
    "set add", "set remove", "set try_any", "set wait_any_for", "set wait_ready_for", "set fd", "set add fd", "fork");

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::int64_t hangs_after_ns = 20 * ns_per_s;
constexpr std::int64_t late_after_ns = 2 * ns_per_s; // by the clock
#if defined(__SANITIZE_ADDRESS__) || defined(EFD_SANITIZED)
constexpr std::int64_t busy_after_ns = 100'000'000;
#else
constexpr std::int64_t busy_after_ns = 10'000'000;
#endif

struct call_record {
    std::atomic<std::uint64_t> made{0};
    std::atomic<std::uint64_t> done{0};         // that ended as they would beside a friend
    std::atomic<std::int64_t> worst_late_ns{0}; // after its deadline, by the clock
    std::atomic<std::int64_t> worst_busy_ns{0}; // of a processor, beyond the time that it may take
    std::atomic<std::uint64_t> late{0};         // how many were later than late_after_ns
    std::atomic<std::uint64_t> busy{0};         // how many were busy for longer than busy_after_ns
};

struct control {
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> patterns[static_cast<std::size_t>(pattern::number)];
    std::atomic<std::uint64_t> ids[16]; // of objects, as programs pass them on
    struct caller {
        call_record calls[static_cast<std::size_t>(call::number)];
        std::atomic<std::uint32_t> now{0};
        std::atomic<std::int64_t> began_ns{0}; // of the call that goes on; 0: none
    } by[callers];
};

inline std::int64_t clock_ns(clockid_t which) {
    timespec now{};
    ::clock_gettime(which, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// The arena's processes. All end when told to.
void scribble(int descriptor, control& all, std::uint64_t seed);
// Keeps the lock of names for four seconds.
void keep_names(int descriptor, control& all);
void make_calls(arena& shared, control& all, int number, std::uint64_t seed);

} // namespace efd::hostile
