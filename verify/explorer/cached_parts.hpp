// SPDX-License-Identifier: MIT
// cached_parts.hpp: the plain memory of a scenario of the drop-in, for the files that make it: cached_world.cpp and
// cached_kernel.cpp.
#pragma once

#include "explorer/doorbells.hpp"
#include "explorer/machine.hpp"
#include "explorer/world.hpp"

#include "dropin/rules/slot.hpp"

#include <array>
#include <cstdint>
#include <sys/types.h>

namespace explore {

constexpr int most_writes_here = 8;
constexpr int most_reads_here = 6;
constexpr int the_fd = 0;
// The private duplicate of a flush: of the eventfd, or of another file that has its number by then.
constexpr int dup_of_eventfd = 10;
constexpr int dup_of_file = 11;

using call_set = std::uint8_t;
constexpr call_set only(int number) noexcept { return static_cast<call_set>(1U << number); }

enum class course : std::uint8_t { never, runs, took, empty };

struct read_note {
    course is = course::never;
    call_set took = 0;          // writes
    call_set writes_before = 0; // that had ended when it began
    call_set reads_before = 0;
    call_set begun_before_end = 0; // reads that had begun when it ended
    bool beside_demotion = false;  // a demotion ran meanwhile, and may have held units
};

struct cached_world {
    efd::dropin::fd_slot slot;
    bool is_one_thread = false;
    bool semaphore = false;
    bool closed = false; // the number is another file's by now
    bool publishes = false;
    bool stolen = false; // an unseen party has read
    call_set writes_done = 0;
    call_set reads_done = 0;
    call_set reads_begun = 0;
    int demotions_begun = 0;
    int demotions_ended = 0;
    std::uint64_t given = 0;
    std::uint64_t taken = 0;
    std::array<call_set, most_writes_here> before_write{};
    std::array<read_note, most_reads_here> reads{};
    std::array<std::uint64_t, max_threads> from_kernel{}; // what a call in progress has taken from the kernel
    std::array<std::uint8_t, max_threads> calls{};        // calls in progress: handlers nest
    std::array<int, max_threads> nested{};                // the read that a handler makes after the next kernel call
    std::array<int, max_threads> nested_before{};         // and before it
    efd::base::atomic<std::uint64_t> payload[2];
};
// The one of the running scenario.
extern cached_world* cached;

inline std::size_t running() noexcept { return static_cast<std::size_t>(the_machine().running()); }
// Eight bytes, or -1 with EAGAIN in errno.
ssize_t ask_to_read(void* buffer, bool sleeps) noexcept;

} // namespace explore
