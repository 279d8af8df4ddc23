// SPDX-License-Identifier: MIT
// examples/notifier.hpp: the kernel's eventfd and efd's, behind the same two words, so that one program runs on either.
//
// Each owns its object; any thread may call. system_calls() is honest for both: the kernel's counts where the call is
// made, efd counts inside its futex door. Calls made to create and to close are in neither.
#pragma once

#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pipeline {

class kernel_notifier {
  public:
    static constexpr const char* name = "kernel";
    explicit kernel_notifier(std::uint64_t initval) : fd_(::eventfd(0, EFD_CLOEXEC)) {
        if (fd_ < 0) std::abort();
        if (initval > 0) add(initval);
    }
    ~kernel_notifier() { ::close(fd_); }
    kernel_notifier& operator=(kernel_notifier&&) = delete; // neither copied nor moved

    void add(std::uint64_t n) {
        ++calls_of_thread;
        while (::write(fd_, &n, sizeof n) != sizeof n)
            if (errno != EINTR) std::abort();
    }
    std::uint64_t take() {
        ++calls_of_thread;
        std::uint64_t n = 0;
        while (::read(fd_, &n, sizeof n) != sizeof n)
            if (errno != EINTR) std::abort();
        return n;
    }
    // Called by each thread at its end; system_calls() by the thread that has joined them.
    static void thread_ends() {
        calls_of_all.fetch_add(calls_of_thread, std::memory_order_relaxed), calls_of_thread = 0;
    }
    static std::uint64_t system_calls() { return calls_of_all.load(std::memory_order_relaxed); }

  private:
    static inline thread_local std::uint64_t calls_of_thread = 0; // no shared counter in the way of what is measured
    static inline std::atomic<std::uint64_t> calls_of_all{0};
    int fd_;
};

class efd_notifier {
  public:
    static constexpr const char* name = "efd";
    explicit efd_notifier(std::uint64_t initval) : object_(initval) {}

    void add(std::uint64_t n) {
        for (std::errc end = object_.write(n); end != std::errc{}; end = object_.write(n))
            if (end != std::errc::interrupted) std::abort();
    }
    std::uint64_t take() {
        std::uint64_t n = 0;
        for (std::errc end = object_.read(n); end != std::errc{}; end = object_.read(n))
            if (end != std::errc::interrupted) std::abort();
        return n;
    }
    static void thread_ends() {}
    static std::uint64_t system_calls() { return efd_system_calls(); }

  private:
    efd::eventfd object_;
};

} // namespace pipeline
