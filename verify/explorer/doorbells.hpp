// SPDX-License-Identifier: MIT
// doorbells.hpp: the model of the kernel's eventfds that serve as bells, and of those who watch them with epoll.
//
// A bell is one word: what it holds (scaled: 0xFFFF stands for the kernel's bound, 2^64-2), whether it is open, and how
// often it was rung and silenced. Each system call is one step on that word with acquire and release, as the file's own
// lock has. Numbers are not given twice, so a closed bell that is touched is seen: that is a failure. A watcher is a
// thread that blocks until the word is as its kind of watching wants it.
//
// In a world that gives numbers again a bell is a file, and has as many numbers as it was duplicated to: the lowest
// free one each time, beginning at first_again, so that none is one of numbers.hpp. A call looks up the number, which
// is a step, and goes on with the file. The program may close a number behind efd's back; a call through it then fails.
#pragma once

#include "explorer/model_atomic.hpp"

#include <cstdint>

namespace explore {

inline constexpr int most_doorbells = 4;
inline constexpr int first_again = 8;
inline constexpr int most_again = 6;
inline constexpr std::uint64_t doorbell_full = 0xFFFF;
inline constexpr std::uint64_t doorbell_open = 1U << 16;
inline constexpr std::uint64_t doorbell_marked = 1U << 17;
inline constexpr int rings_shift = 32;
inline constexpr int silences_shift = 48;

constexpr std::uint64_t units_in(std::uint64_t doorbell) noexcept { return doorbell & doorbell_full; }
constexpr std::uint64_t rings_of(std::uint64_t doorbell) noexcept { return doorbell >> rings_shift & 0xFFFF; }
constexpr std::uint64_t silences_of(std::uint64_t doorbell) noexcept { return doorbell >> silences_shift; }

enum class doorbell_call : std::uint64_t { make, mark, ring, silence, look, close, take_all, take_one };
// Level-triggered for reading; edge-triggered, edges counted from those seen before; level-triggered for writing; a
// read that sleeps, of all or of one.
enum class watch_for : std::uint64_t { readable, edge, writable, taking, taking_one };

std::uint64_t doorbell_after(std::uint64_t old, const request& asked) noexcept;
bool is_silence(const request& asked) noexcept;
std::uint64_t doorbell_after_wait(std::uint64_t old, const request& asked) noexcept;
bool doorbell_is_ready(std::uint64_t doorbell, const request& asked) noexcept;

// The bells of a scenario, none made yet: in its set_up.
void make_doorbells();
// The word of a bell as it is now, without a step; and how many are open.
std::uint64_t doorbell_word(int fd) noexcept;
int open_doorbells() noexcept;

// The world that gives numbers again; after make_doorbells. Then only: a bell without a number, not marked; another
// number for a bell, or a negative errno; the bell behind a number, -1 if it is free.
void give_numbers_again();
[[nodiscard]] bool gives_again() noexcept;
[[nodiscard]] int make_bell(bool readable) noexcept;
[[nodiscard]] int give_number(int bell, int other_than) noexcept;
[[nodiscard]] int bell_of(int number) noexcept;
// By the program, in a set_up or a thread.
void close_behind_efd(int number) noexcept;
// Without a step: the bell behind a number, -1 if it is free; and what a bell holds.
[[nodiscard]] int newest_bell_of(int number) noexcept;
[[nodiscard]] std::uint64_t word_of_bell(int bell) noexcept;

// In a thread of a scenario: sleeps in its event loop. `edges`: those it has seen, and sees now.
void await_doorbell(int fd, watch_for what, std::uint64_t& edges) noexcept;

// In a thread: a read of the descriptor itself, what it took; 0 if there was nothing and it does not sleep.
std::uint64_t take_from_doorbell(int fd, bool one, bool sleeps) noexcept;

} // namespace explore
