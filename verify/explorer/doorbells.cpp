// SPDX-License-Identifier: MIT
// Bells: see doorbells.hpp. Also stands in for src/os/eventfd.cpp and half of fd.cpp.
#include "explorer/doorbells.hpp"

#include "explorer/machine.hpp"
#include "explorer/tell.hpp"
#include "os/eventfd.hpp"
#include "os/fd.hpp"

#include <cerrno>

namespace explore {
namespace {

struct kernel_doorbells {
    std::uint64_t doorbells[most_doorbells] = {};
    int made = 0;
};
kernel_doorbells* fixture = nullptr;

// What a write(2) of n adds, in the model's scale.
constexpr std::uint64_t scaled(std::uint64_t n) noexcept { return n == UINT64_MAX - 1 ? doorbell_full : n; }
constexpr bool admits(std::uint64_t doorbell, std::uint64_t units) noexcept {
    return units_in(doorbell) + units <= doorbell_full;
}

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
    const std::uint64_t& doorbell = fixture->doorbells[fd];
    return the_machine().active() ? the_machine().newest_value(&doorbell, sizeof doorbell)
                                  : doorbell; // in a set_up: the bytes
}

int open_doorbells() noexcept {
    int open = 0;
    for (int fd = 0; fd < fixture->made; ++fd) open += (doorbell_word(fd) & doorbell_open) != 0 ? 1 : 0;
    return open;
}

namespace {

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
    if (explore::fixture->made == explore::most_doorbells) return -EMFILE;
    const int fd = explore::fixture->made++;
    (void)explore::call(fd, doorbell_call::make, readable ? 1 : 0, std::source_location::current());
    return fd;
}

bool ring_doorbell(int fd, std::uint64_t n) noexcept {
    if (fd < 0) return false;
    const std::uint64_t units = explore::scaled(n);
    return explore::admits(explore::call(fd, doorbell_call::ring, units, std::source_location::current()), units);
}

std::uint64_t silence_doorbell(int fd) noexcept {
    if (fd < 0) return 0;
    const std::uint64_t held =
        explore::units_in(explore::call(fd, doorbell_call::silence, 0, std::source_location::current()));
    return held == explore::doorbell_full ? UINT64_MAX - 1 : held;
}
void close_fd(int fd) noexcept { (void)explore::call(fd, doorbell_call::close, 0, std::source_location::current()); }
void close_known_fd(int fd) noexcept { close_fd(fd); }

// Of a file that is gone before its object; fork is no part of the model, nor are numbers closed behind our back.
bool replace_doorbell(int fd) noexcept {
    if (fd < 0) return false;
    const std::uint64_t old = explore::call(fd, doorbell_call::make, 0, std::source_location::current());
    if ((old & explore::doorbell_open) == 0) explore::the_machine().fail("a closed bell is renewed");
    return true;
}
bool is_marked(int /*unused*/) noexcept { return true; }
bool is_doorbell_as_made(int /*unused*/, bool /*unused*/) noexcept { return false; }
bool is_readable(int fd) noexcept {
    return explore::units_in(explore::call(fd, doorbell_call::look, 0, std::source_location::current())) > 0;
}
void mark(int /*unused*/) noexcept {}
void note_owner(int /*unused*/, const void* /*unused*/) noexcept {} // the last one to ask for a number has it
bool is_owner(int fd, const void* /*unused*/) noexcept { return fd >= 0; }
std::uint64_t doorbell_calls() noexcept { return 0; }

} // namespace efd::os
