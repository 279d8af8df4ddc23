// SPDX-License-Identifier: MIT
// Bells: see doorbells.hpp. Also stands in for src/os/eventfd.cpp and half of fd.cpp.
#include "explorer/doorbells.hpp"

#include "explorer/machine.hpp"
#include "explorer/numbers.hpp"
#include "explorer/tell.hpp"
#include "explorer/world.hpp"
#include "os/eventfd.hpp"
#include "os/fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace explore {
namespace {

struct kernel_doorbells {
    std::uint64_t doorbells[most_doorbells] = {};
    int made = 0;
    // Of a world that gives numbers again: for each the bell behind it plus one, in four bits; and whose it is.
    bool gives_again = false;
    efd::base::atomic<std::uint32_t> numbers{0};
    std::array<efd::base::atomic<const void*>, most_again> owners{};
};
constexpr char nobody = 0; // the owner that never asks
constexpr std::uint32_t bits_of(int number) noexcept { return 0xFU << (4 * (number - first_again)); }
constexpr int bell_in(std::uint32_t numbers, int number) noexcept {
    return static_cast<int>(numbers >> (4 * (number - first_again)) & 0xF) - 1;
}
constexpr std::uint32_t with_bell(std::uint32_t numbers, int number, int bell) noexcept {
    return (numbers & ~bits_of(number)) | static_cast<std::uint32_t>(bell + 1) << (4 * (number - first_again));
}
kernel_doorbells* fixture = nullptr;

std::uint32_t numbers_now() noexcept { // without a step
    return the_machine().active() ? static_cast<std::uint32_t>(the_machine().newest_value(&fixture->numbers, 4))
                                  : fixture->numbers.load(efd::base::relaxed);
}

// What a write(2) of n adds, in the model's scale.
constexpr std::uint64_t scaled(std::uint64_t n) noexcept { return n == UINT64_MAX - 1 ? doorbell_full : n; }
constexpr bool admits(std::uint64_t doorbell, std::uint64_t units) noexcept {
    return units_in(doorbell) + units <= doorbell_full;
}

// Through a bell, which its number is but where numbers are given again.
std::uint64_t call(int fd, doorbell_call what, std::uint64_t operand, std::source_location where) noexcept {
    if (fd < 0 || fixture == nullptr || fd >= fixture->made) {
        the_machine().fail("a descriptor that was never made");
        return 0;
    }
    request asked{&fixture->doorbells[fd],
                  8,
                  act::doorbell,
                  order::acq_rel,
                  order::acq_rel,
                  operand,
                  static_cast<std::uint64_t>(what),
                  where,
                  0,
                  false,
                  0,
                  false};
    perform(asked);
    if (what != doorbell_call::make && (asked.value & doorbell_open) == 0)
        the_machine().fail("a closed bell is touched");
    return asked.value;
}

} // namespace

std::uint64_t doorbell_after(std::uint64_t old, const request& asked) noexcept {
    switch (static_cast<doorbell_call>(asked.expected)) {
    case doorbell_call::make: return doorbell_open | asked.operand;
    case doorbell_call::mark: return old | doorbell_marked;
    case doorbell_call::ring:
        return admits(old, asked.operand) ? old + asked.operand + (std::uint64_t{1} << rings_shift) : old;
    case doorbell_call::silence: return (old & ~doorbell_full) + (std::uint64_t{1} << silences_shift);
    case doorbell_call::look: return old;
    case doorbell_call::take_all: return old & ~doorbell_full;
    case doorbell_call::take_one: return units_in(old) > 0 ? old - 1 : old;
    case doorbell_call::close: return old & ~doorbell_open;
    }
    return old;
}

bool is_silence(const request& asked) noexcept {
    return asked.expected == static_cast<std::uint64_t>(doorbell_call::silence);
}

std::uint64_t doorbell_after_wait(std::uint64_t old, const request& asked) noexcept {
    switch (static_cast<watch_for>(asked.operand)) {
    case watch_for::taking: return old & ~doorbell_full;
    case watch_for::taking_one: return old - 1;
    default: return old;
    }
}

// An edge that was silenced before the watcher came to look is none: epoll looks again when it tells.
bool doorbell_is_ready(std::uint64_t doorbell, const request& asked) noexcept {
    switch (static_cast<watch_for>(asked.operand)) {
    case watch_for::readable:
    case watch_for::taking:
    case watch_for::taking_one: return units_in(doorbell) > 0;
    case watch_for::edge: return units_in(doorbell) > 0 && rings_of(doorbell) != asked.expected;
    case watch_for::writable: return units_in(doorbell) < doorbell_full;
    }
    return false;
}

void make_doorbells() {
    fixture = new kernel_doorbells;
    constexpr const char* names[most_doorbells] = {"bell 0", "bell 1", "bell 2", "bell 3"};
    for (int i = 0; i < most_doorbells; ++i) name_place(&fixture->doorbells[i], names[i]);
}

std::uint64_t doorbell_word(int fd) noexcept {
    if (!fixture->gives_again) return word_of_bell(fd);
    const int bell = newest_bell_of(fd);
    return bell < 0 ? 0 : word_of_bell(bell);
}

int newest_bell_of(int number) noexcept { return bell_in(numbers_now(), number); }

std::uint64_t word_of_bell(int bell) noexcept {
    const std::uint64_t& doorbell = fixture->doorbells[bell];
    return the_machine().active() ? the_machine().newest_value(&doorbell, sizeof doorbell)
                                  : doorbell; // in a set_up: the bytes
}

int open_doorbells() noexcept {
    int open = 0;
    if (fixture->gives_again) {
        for (int i = 0; i < most_again; ++i) open += bell_in(numbers_now(), first_again + i) >= 0 ? 1 : 0;
        return open;
    }
    for (int fd = 0; fd < fixture->made; ++fd) open += (doorbell_word(fd) & doorbell_open) != 0 ? 1 : 0;
    return open;
}

void give_numbers_again() {
    fixture->gives_again = true;
    name_place(&fixture->numbers, "bells' numbers");
    for (auto& owner : fixture->owners) name_place(&owner, "owner");
}

bool gives_again() noexcept { return fixture != nullptr && fixture->gives_again; }

int make_bell(bool readable) noexcept {
    if (fixture->made == most_doorbells) {
        the_machine().fail("the scenario has too few bells");
        return -1;
    }
    const int bell = fixture->made++;
    (void)call(bell, doorbell_call::make, readable ? 1 : 0, std::source_location::current());
    return bell;
}

// The audit looks from outside, and is given none.
int give_number(int bell, int other_than) noexcept {
    if (the_machine().active() && current_thread() < 0) return -EMFILE;
    std::uint32_t before = fixture->numbers.fetch_or(0, efd::base::acq_rel);
    for (;;) {
        int number = std::max(first_again, other_than + 1);
        while (number < first_again + most_again && bell_in(before, number) >= 0) ++number;
        if (number == first_again + most_again) {
            the_machine().fail("the scenario has too few numbers");
            return -EMFILE;
        }
        if (fixture->numbers.compare_exchange_strong(before, with_bell(before, number, bell), efd::base::acq_rel,
                                                     efd::base::acquire))
            return number;
    }
}

int bell_of(int number) noexcept {
    if (!fixture->gives_again) return number;
    if (number < 0) return -1;
    if (number < first_again) return bell_of_number(number);
    return bell_in(fixture->numbers.fetch_or(0, efd::base::acq_rel), number);
}

void close_behind_efd(int number) noexcept { (void)fixture->numbers.fetch_and(~bits_of(number), efd::base::acq_rel); }

namespace {

bool has_mark(int bell) noexcept {
    return (call(bell, doorbell_call::look, 0, std::source_location::current()) & doorbell_marked) != 0;
}

// What the bell was when it was ready.
std::uint64_t await(int fd, watch_for what, std::uint64_t edges) noexcept {
    request asked{&fixture->doorbells[fd],
                  8,
                  act::await_doorbell,
                  order::acq_rel,
                  order::acq_rel,
                  static_cast<std::uint64_t>(what),
                  edges,
                  std::source_location::current(),
                  0,
                  false,
                  0,
                  false};
    perform(asked);
    return asked.value;
}

} // namespace

void await_doorbell(int fd, watch_for what, std::uint64_t& edges) noexcept { edges = rings_of(await(fd, what, edges)); }

std::uint64_t take_from_doorbell(int fd, bool one, bool sleeps) noexcept {
    const auto where = std::source_location::current();
    const std::uint64_t held =
        units_in(sleeps ? await(fd, one ? watch_for::taking_one : watch_for::taking, 0)
                        : call(fd, one ? doorbell_call::take_one : doorbell_call::take_all, 0, where));
    return one && held > 0 ? 1 : held;
}

} // namespace explore

namespace efd::os {

using explore::doorbell_call;

int make_doorbell(bool readable) noexcept {
    if (explore::fixture->gives_again) explore::the_machine().fail("a bell of no number");
    if (explore::fixture->made == explore::most_doorbells) return -EMFILE;
    const int fd = explore::fixture->made++;
    (void)explore::call(fd, doorbell_call::make, readable ? 1 : 0, std::source_location::current());
    return fd;
}

bool ring_doorbell(int fd, std::uint64_t n) noexcept {
    const int bell = fd < 0 ? -1 : explore::bell_of(fd);
    if (bell < 0 || (explore::fixture->gives_again && !explore::has_mark(bell))) return false;
    const std::uint64_t units = explore::scaled(n);
    return explore::admits(explore::call(bell, doorbell_call::ring, units, std::source_location::current()), units);
}

std::uint64_t silence_doorbell(int fd) noexcept {
    const int bell = fd < 0 ? -1 : explore::bell_of(fd);
    if (bell < 0 || (explore::fixture->gives_again && !explore::has_mark(bell))) return 0;
    const std::uint64_t held =
        explore::units_in(explore::call(bell, doorbell_call::silence, 0, std::source_location::current()));
    return held == explore::doorbell_full ? UINT64_MAX - 1 : held;
}

void close_fd(int fd) noexcept {
    if (!explore::fixture->gives_again)
        return (void)explore::call(fd, doorbell_call::close, 0, std::source_location::current());
    if (is_marked(fd)) close_known_fd(fd);
}

void close_known_fd(int fd) noexcept {
    if (!explore::fixture->gives_again) return close_fd(fd);
    const std::uint32_t old = explore::fixture->numbers.fetch_and(~explore::bits_of(fd), base::acq_rel);
    explore::must(explore::bell_in(old, fd) >= 0, "a number is closed that nobody has");
}

// Of a file that is gone before its object; fork is no part of the model.
bool replace_doorbell(int fd) noexcept {
    if (fd < 0) return false;
    if (explore::fixture->gives_again) {
        if (!is_marked(fd)) return false;
        const int fresh = explore::make_bell(false);
        (void)explore::call(fresh, doorbell_call::mark, 0, std::source_location::current());
        std::uint32_t before = explore::fixture->numbers.fetch_or(0, base::acq_rel);
        while (!explore::fixture->numbers.compare_exchange_strong(before, explore::with_bell(before, fd, fresh),
                                                                  base::acq_rel, base::acquire)) {
        }
        return true;
    }
    const std::uint64_t old = explore::call(fd, doorbell_call::make, 0, std::source_location::current());
    if ((old & explore::doorbell_open) == 0) explore::the_machine().fail("a closed bell is renewed");
    return true;
}

// Where numbers are not given again, none is closed behind our back.
bool is_marked(int fd) noexcept {
    if (!explore::fixture->gives_again) return true;
    const int bell = explore::bell_of(fd);
    return bell >= 0 && explore::has_mark(bell);
}
void mark(int fd) noexcept {
    if (!explore::fixture->gives_again) return;
    if (const int bell = explore::bell_of(fd); bell >= 0)
        (void)explore::call(bell, doorbell_call::mark, 0, std::source_location::current());
}
bool is_doorbell_as_made(int /*unused*/, bool /*unused*/) noexcept { return false; }
bool is_readable(int fd) noexcept {
    const int bell = explore::bell_of(fd);
    return bell < 0 ||
           explore::units_in(explore::call(bell, doorbell_call::look, 0, std::source_location::current())) > 0;
}
// Of a number below first_again the last one to ask for it has it.
void note_owner(int fd, const void* owner) noexcept {
    if (!explore::gives_again() || fd < explore::first_again) return;
    explore::fixture->owners[static_cast<std::size_t>(fd - explore::first_again)].store(
        owner != nullptr ? owner : &explore::nobody, base::release);
}
bool is_owner(int fd, const void* owner) noexcept {
    if (!explore::gives_again() || fd < explore::first_again) return fd >= 0;
    const void* const noted =
        explore::fixture->owners[static_cast<std::size_t>(fd - explore::first_again)].load(base::acquire);
    return noted == nullptr || noted == owner;
}
std::uint64_t doorbell_calls() noexcept { return 0; }

} // namespace efd::os
