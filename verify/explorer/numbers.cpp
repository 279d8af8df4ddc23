// SPDX-License-Identifier: MIT
// Numbers: see numbers.hpp. Stands in for half of src/os/fd.cpp, and for the copies of memory.cpp, which no schedule
// comes to.
#include "explorer/numbers.hpp"

#include "explorer/doorbells.hpp"
#include "explorer/file_world.hpp"
#include "explorer/tell.hpp"
#include "os/eventfd.hpp"
#include "os/fd.hpp"
#include "os/memory.hpp"
#include "os/plain_eventfd.hpp"

#include <array>
#include <bit>
#include <cerrno>

namespace explore {
namespace {

constexpr std::uint32_t number_mask(int number) noexcept { return 1U << number; }
constexpr std::uint32_t readable_mark = 1U << 16; // shifted by the number: its bell is born readable

struct number_table {
    efd::base::atomic<std::uint32_t> word{0};
    int files_made = 0;
    std::array<int, most_numbers> files{};
    std::array<int, max_threads + 1> made_last{}; // the first: in a set_up
    std::array<int, most_doorbells> file_of_doorbell{};
    std::array<int, most_numbers> bells{}; // where the numbers of bells are given again
};
number_table* fixture = nullptr;

// A call that looks: the word as the kernel has it.
std::uint32_t word_now() noexcept { return fixture->word.fetch_or(0, efd::base::acq_rel); }

bool no_part_of_the_model(const char* call) noexcept {
    the_machine().fail(call);
    return false;
}

} // namespace

void make_numbers() {
    fixture = new number_table;
    name_place(&fixture->word, "numbers");
}

bool is_taken(int number) noexcept {
    const std::uint32_t word = the_machine().active()
                                   ? static_cast<std::uint32_t>(the_machine().newest_value(&fixture->word, 4))
                                   : word_now(); // in a set_up: the bytes
    return (word & number_mask(number)) != 0;
}
int file_made_last() noexcept { return fixture->made_last[static_cast<std::size_t>(current_thread() + 1)]; }
int file_of_doorbell(int doorbell) noexcept {
    return gives_again() ? newest_bell_of(doorbell) : fixture->file_of_doorbell[static_cast<std::size_t>(doorbell)];
}
int newest_bell_of_number(int number) noexcept { return fixture->bells[static_cast<std::size_t>(number)]; }
int bell_of_number(int number) noexcept {
    return (word_now() & number_mask(number)) != 0 ? newest_bell_of_number(number) : -1;
}

} // namespace explore

namespace efd::os {

using explore::no_part_of_the_model;
using explore::number_mask;

const int plain_duplicate = 0;

int eventfd_create(bool readable, bool /*cloexec*/) noexcept {
    const int bell = explore::gives_again() ? explore::make_bell(readable) : -1;
    std::uint32_t before = explore::word_now();
    for (;;) {
        const int number = std::countr_one(before);
        if (number >= explore::most_numbers) return -EMFILE;
        const std::uint32_t mark = readable ? explore::readable_mark << number : 0;
        if (!explore::fixture->word.compare_exchange_strong(before, before | number_mask(number) | mark, base::acq_rel,
                                                            base::acquire))
            continue;
        explore::must(file::file_layout::newest_at(number) == nullptr, "a number is given out that names a file");
        explore::fixture->files[static_cast<std::size_t>(number)] = ++explore::fixture->files_made;
        explore::fixture->bells[static_cast<std::size_t>(number)] = bell;
        explore::fixture->made_last[static_cast<std::size_t>(explore::current_thread() + 1)] =
            explore::fixture->files_made;
        return number;
    }
}

int dup_high(int fd, int other_than) noexcept {
    if (explore::gives_again()) {
        const int bell = explore::bell_of(fd);
        return bell < 0 ? -EBADF : explore::give_number(bell, other_than);
    }
    const std::uint32_t word = explore::word_now();
    const int file = explore::fixture->files[static_cast<std::size_t>(fd)];
    if ((word & number_mask(fd)) == 0) return -EBADF;
    const int doorbell = make_doorbell((word >> fd & explore::readable_mark) != 0);
    if (doorbell >= 0) explore::fixture->file_of_doorbell[static_cast<std::size_t>(doorbell)] = file;
    return doorbell;
}

bool give_number_back(int fd) noexcept {
    const std::uint32_t gone = number_mask(fd) | explore::readable_mark << fd;
    const std::uint32_t old = explore::fixture->word.fetch_and(~gone, base::acq_rel);
    explore::must((old & number_mask(fd)) != 0, "a number is given back that nobody has");
    return true;
}

bool same_file(int one, int other) noexcept {
    if (explore::gives_again()) {
        const int bell = explore::bell_of(one);
        return bell >= 0 && bell == explore::bell_of(other);
    }
    return (explore::word_now() & number_mask(one)) != 0 && other >= 0 &&
           explore::fixture->files[static_cast<std::size_t>(one)] == explore::file_of_doorbell(other);
}

void probe_user_limit(int /*unused*/) noexcept {}

// Reading and writing through memory, fdinfo and fork are no part of the model.
void dup_onto(int /*unused*/, int /*unused*/) noexcept {
    (void)no_part_of_the_model("a number renewed without a fork");
}
int status_flags(int /*unused*/) noexcept { return no_part_of_the_model("fdinfo is asked for") ? 0 : -EBADF; }
int make_plain_eventfd(unsigned /*unused*/, int /*unused*/) noexcept {
    return no_part_of_the_model("an eventfd of the kernel") ? 0 : -EBADF;
}
long read_fdinfo(int /*unused*/, std::span<char> /*unused*/) noexcept {
    return no_part_of_the_model("fdinfo is asked for") ? 0 : -EBADF;
}
int exec_flag(int /*unused*/) noexcept { return 0; }
bool is_anonymous(int /*unused*/) noexcept { return true; }
file_place place_of_file(int /*unused*/) noexcept { return {}; }
bool in_user_space(user_address /*unused*/, std::size_t /*unused*/) noexcept {
    return no_part_of_the_model("a caller's memory is asked for");
}
bool copy_to_user(user_address /*unused*/, const void* /*unused*/, std::size_t /*unused*/) noexcept {
    return no_part_of_the_model("a caller's memory is written");
}
bool copy_from_user(void* /*unused*/, user_address /*unused*/, std::size_t /*unused*/) noexcept {
    return no_part_of_the_model("a caller's memory is read");
}

} // namespace efd::os
