// SPDX-License-Identifier: MIT
// What stands in for src/os and src/base/stop.hpp: the futex goes to the machine, the clock stands still.
#include "base/stop.hpp"
#include "explorer/machine.hpp"
#include "explorer/slots.hpp"
#include "os/bell_pipe.hpp"
#include "os/clock.hpp"
#include "os/cpu.hpp"
#include "os/epoll.hpp"
#include "os/fd.hpp"
#include "os/fork_lock.hpp"
#include "os/futex.hpp"
#include "os/memory.hpp"
#include "os/proc_fd.hpp"
#include "os/process.hpp"
#include "os/signals.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace explore {
namespace {

// The table's first slab; slots beyond the first few are never touched.
constexpr std::size_t slab_bytes = std::size_t{1} << 20;
alignas(4096) unsigned char slab[slab_bytes];

// Everything else that is mapped: a set, its bitmap, its places. What of it changes beside atomics the scenario names.
constexpr std::size_t pages_bytes = std::size_t{4} << 20;
alignas(4096) unsigned char pages[pages_bytes];
std::size_t pages_used = 0;

request futex_request(const void* word, act what, bool shared, std::source_location where) noexcept {
    return {word, 4, what, order::relaxed, order::relaxed, 0, 0, where, 0, shared, 0, false};
}

} // namespace

region first_slots(std::size_t bytes) noexcept { return {slab, bytes}; }
void forget_pages() noexcept { pages_used = 0; }

namespace {

void* take_pages(std::size_t bytes) noexcept {
    const std::size_t rounded = (bytes + 4095) / 4096 * 4096;
    if (the_machine().active()) the_machine().fail("pages mapped by a thread: the scenario must have them before");
    if (pages_used + rounded > pages_bytes) return nullptr;
    void* const given = pages + pages_used;
    pages_used += rounded;
    return std::memset(given, 0, rounded);
}

} // namespace

} // namespace explore

namespace efd::os {

wait_end futex_wait(const void* word, std::uint32_t expected, std::int64_t deadline_ns, futex_scope scope) noexcept {
    auto asked = explore::futex_request(word, explore::act::futex_wait, scope == futex_scope::shared,
                                        std::source_location::current());
    asked.expected = expected;
    asked.deadline_ns = deadline_ns;
    explore::perform(asked);
    return static_cast<wait_end>(asked.operand);
}

wait_end futex_wait_until_handler(const void* word, std::uint32_t expected, std::int64_t deadline_ns,
                                  futex_scope scope) noexcept {
    return futex_wait(word, expected, deadline_ns, scope);
}

bool futex_wait_either(const futex_wait_key& own, const futex_wait_key& other, std::int64_t deadline_ns,
                       futex_scope scope_of_other, wait_end& end) noexcept {
    if (explore::the_machine().now.left.one_word != 0) return false;
    auto asked = explore::futex_request(own.word, explore::act::futex_queue, false, std::source_location::current());
    asked.expected = own.expected;
    explore::perform(asked);
    end = asked.done ? futex_wait(other.word, other.expected, deadline_ns, scope_of_other) : wait_end::changed;
    return true;
}

bool restarts_waits_with_deadline() noexcept { return true; }

int futex_wake_and_count(const void* word, int most, futex_scope scope) noexcept {
    auto asked = explore::futex_request(word, explore::act::futex_wake, scope == futex_scope::shared,
                                        std::source_location::current());
    asked.operand = static_cast<std::uint64_t>(most);
    explore::perform(asked);
    const bool may_be_more = scope == futex_scope::shared && most > 1 && asked.value == asked.operand;
    return static_cast<int>(asked.value) + (may_be_more ? 1 : 0);
}

std::uint64_t futex_calls() noexcept { return 0; }
std::int64_t now_ns() noexcept { return 0; }
int current_cpu() noexcept { return 0; }
void yield_cpu() noexcept {
    explore::request asked{};
    asked.what = explore::act::yield;
    explore::perform(asked);
}
// As std/mutex: a lock blocks without a spin. No fork is made.
void fork_lock::lock() noexcept { (void)word_.lock(1, 1); }
bool fork_lock::try_lock() noexcept {
    std::uint32_t open = nobody;
    return word_.compare_exchange_strong(open, 1, base::acquire, base::relaxed);
}
bool fork_lock::try_lock_after_owner() noexcept {
    (void)word_.fetch_add(0, base::acq_rel);
    return try_lock();
}
void fork_lock::unlock() noexcept { word_.exchange(nobody, base::acq_rel); }
void fork_lock::before_fork() noexcept {}
void fork_lock::after_fork() noexcept {}
void fork_lock::after_fork_in_child() noexcept {}

void tell_forks_apart() noexcept {}
const base::atomic<std::uint32_t>* process_word() noexcept { return nullptr; } // scenarios of a fork hide the top
std::uint32_t process_number() noexcept {
    return explore::the_machine().active() ? 1U + explore::the_machine().now.process : 1U;
}

void* map_zeroed(std::size_t bytes) noexcept {
    return bytes == explore::slab_bytes ? explore::slab : explore::take_pages(bytes);
}

void* map_zeroed_huge(std::size_t bytes) noexcept { return explore::take_pages(bytes); }
void* map_zeroed_unreserved(std::uintptr_t bytes) noexcept { return explore::take_pages(bytes); }
void unmap(void* /*unused*/, std::uintptr_t /*unused*/) noexcept {}

// Handlers are no part of the model; nor are kernel descriptors among the members of a set.
signals_blocked::signals_blocked() noexcept : before_{} {}
signals_blocked::~signals_blocked() = default;
bool is_on_signal_stack() noexcept { return false; }
int make_epoll() noexcept { return -ENOSYS; }
file_identity identity_of(int /*unused*/) noexcept { return {}; }
bool is_own(int /*unused*/, const void* /*unused*/) noexcept { return true; }
bool replace_epoll(int /*unused*/) noexcept { return false; }
int epoll_add(int /*unused*/, int /*unused*/, std::uint32_t /*unused*/, std::uint64_t /*unused*/) noexcept {
    return -ENOSYS;
}
void epoll_remove(int /*unused*/, int /*unused*/) noexcept {}
bool epoll_has(int /*unused*/, int /*unused*/, std::uint32_t /*unused*/, std::uint64_t /*unused*/) noexcept {
    return false;
}
bool epoll_replace(int /*unused*/, int /*unused*/) noexcept { return false; }
std::size_t epoll_look(int /*unused*/, std::span<epoll_found> /*unused*/) noexcept { return 0; }

// The pipe of an arena's set is a word of the scenario's, or one for each inode (slots.hpp).
bool is_bell(int number, std::uint64_t inode) noexcept {
    if (number < 0 || explore::numbers_of_ringer == nullptr) return number >= 0;
    return explore::numbers_of_ringer->file[static_cast<std::size_t>(number)].load(base::acquire) == inode;
}
int make_bell(bell_ends& /*unused*/) noexcept { return -ENOSYS; }
int open_bell(std::uint32_t /*unused*/, std::uint32_t /*unused*/, std::uint64_t inode) noexcept {
    if (explore::numbers_of_ringer == nullptr) return -ENOSYS;
    if (explore::numbers_of_ringer->of_owner.load(base::acquire) != inode) return -EINVAL;
    for (int number = 0; auto& file : explore::numbers_of_ringer->file) {
        std::uint64_t none = explore::ringer_numbers::none;
        if (file.compare_exchange_strong(none, inode, base::acq_rel, base::acquire)) return number; // the kernel's lock
        ++number;
    }
    return -EMFILE;
}
int open_write_end(int /*unused*/, std::uint64_t /*unused*/) noexcept { return -ENOSYS; }
bool replace_ringer(int fresh, int number) noexcept {
    if (explore::numbers_of_ringer == nullptr) return false;
    auto& file = explore::numbers_of_ringer->file;
    auto& to = file[static_cast<std::size_t>(number)];
    if (const std::uint64_t now = to.load(base::acquire);
        now == explore::ringer_numbers::none || now == explore::ringer_numbers::of_program)
        return false;
    to.exchange(file[static_cast<std::size_t>(fresh)].load(base::acquire), base::acq_rel); // the kernel's lock
    close_ringer(fresh);
    return true;
}
void ring_bell(int number) noexcept {
    if (explore::numbers_of_ringer == nullptr)
        return explore::pipe_bytes().store(1, base::acq_rel); // pairs with empty_bell()
    const std::uint64_t file =
        explore::numbers_of_ringer->file[static_cast<std::size_t>(number)].fetch_add(0, base::acq_rel); // as above
    if (file == explore::ringer_numbers::none || file == explore::ringer_numbers::of_program)
        return explore::the_machine().fail("a byte into a file of the program's");
    explore::numbers_of_ringer->rung[file].store(1, base::release); // pairs with the look at the end
}
bell_found empty_bell(int /*unused*/) noexcept {
    return {explore::pipe_bytes().exchange(0, base::acq_rel) != 0, false}; // pairs with ring_bell()
}
void close_bell_end(int /*unused*/, std::uint64_t /*unused*/) noexcept {}
void close_ringer(int number) noexcept {
    if (explore::numbers_of_ringer == nullptr) return;
    explore::numbers_of_ringer->file[static_cast<std::size_t>(number)].exchange(explore::ringer_numbers::of_program,
                                                                                base::acq_rel); // the kernel's lock
}
std::uint32_t pid_in_proc() noexcept { return 1; }

poll_end poll_readable(std::span<const int> /*unused*/, std::int64_t /*unused*/) noexcept {
    explore::the_machine().fail("a set without kernel descriptors sleeps in poll");
    return poll_end::ready;
}

} // namespace efd::os

namespace efd::EFD_ABI::base {

void warn(const char* /*name*/, const char* /*value*/, const char* /*sentence*/) noexcept {}
void stop(const char* sentence) noexcept {
    explore::the_machine().fail(std::string("the code stopped: ") + sentence);
    std::fprintf(stderr, "stopped outside of an exploration: %s\n", sentence);
    std::abort();
}

} // namespace efd::EFD_ABI::base
