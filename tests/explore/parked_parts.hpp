// parked_parts.hpp: the plain memory of a scenario of the drop-in, for the files that make it: parked_world.cpp and
// parked_kernel.cpp.
#pragma once

#include "explore/bells.hpp"
#include "explore/machine.hpp"
#include "explore/world.hpp"

#include "dropin/note.hpp"

#include <array>
#include <cstdint>
#include <sys/types.h>

namespace explore {

constexpr int most_writes_here = 8;
constexpr int most_reads_here = 6;
// Two numbers of one eventfd; the second is never closed.
constexpr int the_fd = 0;
constexpr int other_fd = 1;

using call_set = std::uint8_t;
constexpr call_set only(int number) noexcept { return static_cast<call_set>(1U << number); }

enum class course : std::uint8_t { never, runs, took, empty };

struct read_note {
    course is = course::never;
    call_set took = 0;          // writes
    call_set writes_before = 0; // that had ended when it began
    call_set reads_before = 0;
    call_set begun_before_end = 0; // reads that had begun when it ended
};

struct parked_world {
    efd::dropin::slot there;
    efd::dropin::noted_slot note{nullptr}; // of the_fd
    int called = the_fd;                   // the number that all calls use but those that hand back, and closers
    bool semaphore = false;
    bool closed = false;       // the_fd is another file's by now
    int give_ups = 0;          // so often a living owner may still be given up
    bool given_up_now = false; // in the step that follows
    bool gave_up = false;      // a living owner, who may still read
    bool publishes = false;
    bool stolen = false;
    call_set writes_done = 0;
    call_set reads_done = 0;
    call_set reads_begun = 0;
    std::uint64_t given = 0;
    std::uint64_t taken = 0;
    std::array<call_set, most_writes_here> before_write{};
    std::array<read_note, most_reads_here> reads{};
    std::array<std::uint64_t, max_threads> from_kernel{}; // what a call in progress has taken from the kernel
    std::array<std::uint64_t, max_threads> to_kernel{};   // what a call in progress has handed back
    efd::base::atomic<std::uint64_t> payload[2];
};
// Of the scenario that runs.
extern parked_world* parked;

inline std::size_t running() noexcept { return static_cast<std::size_t>(the_machine().running()); }
// Eight bytes, or -1 with EAGAIN or EBADF in errno.
ssize_t ask_to_read(int fd, void* buffer, bool sleeps) noexcept;

} // namespace explore
