// SPDX-License-Identifier: MIT
// verify/linearize/history.hpp: what threads did to one object, when, and what the calls returned.
//
// A call is one operation as its thread saw it: it took effect at some moment between `from` and `until`, both of the
// monotonic clock. The recorder narrows that where the library promises more: a timeout is said after the deadline, a
// cancellation after the stop was requested, each by a last look. A thread's calls follow one another. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace efd::linearize {

enum class act : unsigned char { read, write, signal, count, poll };
// queue: joining the wait queue, which tells what poll says, and leaving it, which reads.
enum class manner : unsigned char { at_once, blocking, timed, cancellable, queue };

inline constexpr std::errc again = std::errc::resource_unavailable_try_again;

struct call {
    act what{};
    manner how{};
    std::errc end{};
    std::uint64_t argument = 0; // of a write; of a read the most that it takes, 0 for one that takes as the mode says
    std::uint64_t value = 0;    // of a read that took, of a look
    std::int64_t from = 0;
    std::int64_t until = 0;
};

struct history {
    std::string regime;
    std::uint64_t seed = 0;
    std::uint64_t initial = 0;
    bool semaphore = false;
    bool nonblock = false;
    std::vector<std::vector<call>> threads = {};

    [[nodiscard]] std::size_t calls() const {
        std::size_t all = 0;
        for (const auto& thread : threads) all += thread.size();
        return all;
    }
};

// A search packs its cursors: so many threads at most, and so many calls of one.
inline constexpr std::size_t most_threads = 5;
inline constexpr std::size_t most_calls = 4095;

} // namespace efd::linearize
