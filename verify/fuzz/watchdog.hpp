// SPDX-License-Identifier: MIT
// verify/fuzz/watchdog.hpp: ends a program that hangs, and says which bytes did it.
//
// Owns the interval timer and SIGALRM. It knows the running program; one that still runs after the timer has fired
// three times (30 s of processor and other time) is printed, and the process ends. What it does in the handler is
// async-signal-safe. One thread.
#pragma once

#include "fuzz/program.hpp"

#include <atomic>
#include <csignal>
#include <string_view>
#include <sys/time.h>
#include <unistd.h>

namespace efd::fuzz {

class watchdog {
  public:
    watchdog() {
        struct sigaction action{};
        action.sa_handler = look;
        action.sa_flags = SA_RESTART;
        ::sigaction(SIGALRM, &action, nullptr);
        const itimerval often{{10, 0}, {10, 0}};
        ::setitimer(ITIMER_REAL, &often, nullptr);
    }
    ~watchdog() {
        const itimerval never{};
        ::setitimer(ITIMER_REAL, &never, nullptr);
    }
    watchdog& operator=(watchdog&&) = delete; // neither copied nor moved

  private:
    friend class watched_run;
    static constexpr int most_looks = 3;

    static void say(std::string_view text) { [[maybe_unused]] const auto n = ::write(2, text.data(), text.size()); }
    static void look(int /*signal*/) {
        const std::uint64_t now = number.load();
        looks = now == last && running.load() ? looks + 1 : 0;
        last = now;
        if (looks < most_looks) return;
        say("A PROGRAM HANGS\nbytes ");
        constexpr std::string_view digits = "0123456789abcdef";
        for (std::size_t i = 0; i < size.load(); ++i) {
            const std::uint8_t byte = data.load()[i];
            say(digits.substr(byte >> 4, 1));
            say(digits.substr(byte & 15, 1));
        }
        say("\n");
        ::_exit(1);
    }

    static inline std::atomic<std::uint64_t> number{0};
    static inline std::atomic<bool> running{false};
    static inline std::atomic<const std::uint8_t*> data{nullptr};
    static inline std::atomic<std::size_t> size{0};
    static inline std::uint64_t last = 0;
    static inline int looks = 0;
};

// A program, for as long as it runs.
class watched_run {
  public:
    explicit watched_run(byte_view program) {
        watchdog::data.store(program.data(), std::memory_order_relaxed);
        watchdog::size.store(program.size(), std::memory_order_relaxed);
        watchdog::number.fetch_add(1);
        watchdog::running.store(true);
    }
    ~watched_run() { watchdog::running.store(false); }
    watched_run& operator=(watched_run&&) = delete; // neither copied nor moved
};

} // namespace efd::fuzz
