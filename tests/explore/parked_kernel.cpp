// Stands in for src/dropin/kernel_calls.cpp in the scenarios of the drop-in: each call to the kernel is one step.
#include "explore/parked_parts.hpp"
#include "explore/parked_world.hpp"

#include "dropin/kernel_calls.hpp"
#include "dropin/symbols.hpp"
#include "os/descriptor.hpp"

#include <cerrno>
#include <cstring>

namespace explore {

ssize_t ask_to_read(int fd, void* buffer, bool sleeps) noexcept {
    if (fd == the_fd && parked->closed) {
        errno = EBADF;
        return -1;
    }
    const std::uint64_t got = take_from_bell(the_fd, parked->semaphore, sleeps);
    parked->from_kernel[running()] = got;
    if (got == 0) {
        errno = EAGAIN;
        return -1;
    }
    std::memcpy(buffer, &got, sizeof got);
    return static_cast<ssize_t>(sizeof got);
}

} // namespace explore

namespace efd::dropin {

long read_now(int fd, void* buffer, std::size_t /*unused*/) noexcept {
    explore::must(fd != explore::the_fd || !explore::parked->closed, "TOGETHER: another file was read for the units");
    const ssize_t got = explore::ask_to_read(fd, buffer, false);
    return got < 0 ? -errno : got;
}

long add_units(int fd, std::uint64_t n) noexcept {
    const bool rung = os::ring_bell(explore::the_fd, n);
    explore::must(fd != explore::the_fd || !explore::parked->closed, "NOTED: units were written into another file");
    if (!rung) return -EAGAIN;
    explore::parked->to_kernel[explore::running()] = n;
    return static_cast<long>(sizeof n);
}

bool short_wait::sees_change(const base::atomic<std::uint64_t>& word, std::uint64_t seen) noexcept {
    explore::parked_world& w = *explore::parked;
    if (w.give_ups > 0 && !is_handing(seen)) {
        if (word.load(base::relaxed) != seen) return true;
        --w.give_ups;
        w.given_up_now = true;
        w.gave_up = true;
        return false;
    }
    w.given_up_now = false;
    const auto owner = reinterpret_cast<std::uintptr_t>(&w.there.owner);
    explore::request asked{&word,
                           8,
                           explore::act::await_change,
                           base::relaxed,
                           base::relaxed,
                           is_handing(seen) ? owner : 0,
                           seen,
                           std::source_location::current(),
                           0,
                           false,
                           0,
                           false};
    explore::perform(asked);
    return word.load(base::relaxed) != seen;
}

// Longer than a claim is waited for, not longer than one that hands back is.
std::int64_t short_wait::ns() noexcept {
    constexpr std::int64_t second = 1'000'000'000;
    since_ = explore::parked->given_up_now || explore::the_machine().somebody_crashed() ? second : 0;
    return since_;
}

std::uint64_t myself() noexcept { return (explore::running() + 1) << 32 | 1U; }
bool process_is_gone(std::uint64_t thread) noexcept {
    const std::uint64_t number = thread >> 32;
    return number > 0 && explore::the_machine().now.threads[number - 1].alive == explore::life::crashed;
}

long ask_for_memory(void* to, const void* from, std::size_t length) noexcept {
    std::memcpy(to, from, length);
    return static_cast<long>(length);
}
bool copy_from_program(void* to, const void* from, std::size_t length) noexcept {
    return std::memcpy(to, from, length) != nullptr;
}
bool sleeps_at_zero(int /*fd*/) noexcept { return true; }
bool await_readable(int /*fd*/) noexcept { return explore::await_readable(), true; }

bool process_is_stopped(std::uint64_t /*thread*/) noexcept { return false; }
bool find_place(const void* /*address*/, code_place& /*found*/) noexcept { return false; }
void learn_process() noexcept {}
bool memory_is_my_own() noexcept { return true; }

} // namespace efd::dropin
