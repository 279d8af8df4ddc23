// SPDX-License-Identifier: MIT
// numbers.hpp: the model of the kernel's table of descriptors, as far as src/file takes and gives back numbers.
//
// The numbers that are taken are one word, and each system call is one step on it, or two, as the kernel's lock of the
// table has it; which file is behind a number stands beside. Who duplicates a number gets a bell for its file. A number
// that is given back without being taken is a failure, and so is one that is given out while efd's own table still
// names a file there.
#pragma once

namespace explore {

inline constexpr int most_numbers = 4;

// None is taken: in a set_up, before numbers are.
void make_numbers();
// As it is now, without a step.
bool is_taken(int number) noexcept;
// Which of all files ever made: the one that the running thread has made last, and the one that a bell belongs to.
int file_made_last() noexcept;
int file_of_doorbell(int doorbell) noexcept;
// In a world that gives the numbers of bells again: the bell behind one of these numbers, -1 if it is free; and
// without a step the one that a taken number names.
int bell_of_number(int number) noexcept;
int newest_bell_of_number(int number) noexcept;

} // namespace explore
