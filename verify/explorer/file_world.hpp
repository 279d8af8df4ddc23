// SPDX-License-Identifier: MIT
// What the scenarios of open files are made of: objects, files, numbers that name them, and what must hold at the end.
//
// Owns the plain memory of such a scenario, in the arena, beside the world (world.hpp), whose object it does not use.
// An object is known by its units, which are given to it at birth and to no other, and by the numbers under which it
// may be met; so a call that reaches it by another number, or takes what is not its, is seen at once.
#pragma once

#include "explorer/numbers.hpp"
#include "explorer/world.hpp"

#include "file/descriptor_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace explore {

inline constexpr std::size_t most_owned = 4;

constexpr unsigned only(int number) noexcept { return 1U << number; }

struct owned_object {
    efd::core::context* object = nullptr;
    std::uint64_t units = 0;
    std::uint64_t taken = 0;
    unsigned numbers = 0; // under which it may be met
    unsigned born = 0;    // after so many others: of those in one slot, the last is the one
};
struct shelf {
    std::array<efd::file::open_file*, most_owned> files{}; // of the slots
    std::array<owned_object, most_owned> objects{};
    unsigned births = 0;
    unsigned closes = 0;                   // that found something
    std::array<int, most_owned> made_at{}; // by the real calls: number + 1 of the object with these units
    std::array<int, most_owned> met_at{};  // and where somebody took them
    std::array<int, most_owned> file_of{}; // and the kernel's file, as far as its maker has said
};
shelf& files() noexcept;

// In a set_up: an empty table, a dead file for each slot; and, when all is there, the names of what may change.
void make_file_world();
void name_files();

// In a set_up or a thread: an object with as many units as its number plus one, which may be met under `numbers`; its
// file under a number, and if there is no such object it is made.
void make_object(std::size_t object, unsigned numbers);
void open_at(int number, std::size_t object);

// In threads.
bool use_at(int number);  // a call through it that takes: whether it named a file
bool look_at(int number); // one that only asks for the count, which nobody takes
void close_at(int number);
void dup_at(int number, int other);
// The real calls, for a world with bells and numbers.
void make_numbered_world();
int really_make(std::uint64_t units);
bool really_close(int number);
void really_use(int number);
efd::core::context* really_keep(int number); // a reference to its object, or null
// For a world that also gives the numbers of bells again: number 0 names an object without units, and was used, and
// then the program has closed the number that the object has for itself.
void make_world_again(std::uint64_t units);
void really_write(int number, std::uint64_t units = 1);
void really_drain(int number); // of an object that others write to
void really_ask(int number);   // by which number the object is rung

// References are as many as there are numbers and files that hold them; each object lives exactly as long as a number
// names its file, and has what it was given and nobody took.
std::string audit_files();
// And as many bells are open as files have one, and numbers name what the kernel has behind them.
std::string audit_numbers();

} // namespace explore

namespace efd::file {

// The explorer's way to the inside of files and of their table.
class file_layout {
  public:
    static void forget();
    static void name(const open_file& file);
    static void name_table();
    static open_file* make() { return new open_file; }
    // Without a step, for who looks from inside a thread.
    static open_file* newest_at(int number) noexcept;
    static std::uint32_t newest_references(const open_file& file) noexcept;
};

} // namespace efd::file
