// SPDX-License-Identifier: MIT
// verify/linearize/workers.hpp: a worker of a recorded history: a thread, or a process made by fork; and what it writes
// for the recorder.
//
// A log is written by its worker and read by the recorder after the worker has ended. It lies in memory that a child of
// fork shares. A process that the recorder gives up is killed when its maker ends.
#pragma once

#include "linearize/history.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <type_traits>
#include <unistd.h>
#include <utility>
#include <vector>

namespace efd::linearize {

// One T in pages that a child of fork shares with its parent.
template <class T>
class shared_memory {
  public:
    shared_memory() {
        void* const pages = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED) throw std::bad_alloc();
        one_ = ::new (pages) T;
    }
    ~shared_memory() {
        static_assert(std::is_trivially_destructible_v<T>);
        ::munmap(one_, sizeof(T));
    }
    shared_memory& operator=(shared_memory&&) = delete; // neither copied nor moved
    T* operator->() const { return one_; }

  private:
    T* one_;
};

struct worker_log {
    std::atomic<std::uint64_t> moved{0};
    std::atomic<bool> done{false};
    std::size_t number = 0;
    call room[most_calls]; // not touched until it is needed

    worker_log() {} // NOLINT(modernize-use-equals-default): that would write every page
    void add(const call& one) {
        if (number == most_calls) std::abort();
        room[number++] = one;
    }
    [[nodiscard]] std::vector<call> calls() const { return {room, room + number}; }
};

class worker_thread {
  public:
    template <class Body>
    void start(Body body) {
        thread_ = std::thread(std::move(body));
    }
    [[nodiscard]] static bool has_ended() { return false; } // before it is done: no thread does
    bool join() {
        thread_.join();
        return true;
    }

  private:
    std::thread thread_;
};

class worker_process {
  public:
    template <class Body>
    void start(Body body) {
        std::fflush(nullptr);
        const pid_t maker = ::getpid();
        pid_ = ::fork();
        if (pid_ < 0) std::abort();
        if (pid_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != maker) ::_exit(1);
        body();
        ::_exit(0);
    }
    [[nodiscard]] bool has_ended() const {
        siginfo_t how{};
        return ::waitid(P_PID, static_cast<id_t>(pid_), &how, WEXITED | WNOHANG | WNOWAIT) == 0 && how.si_pid == pid_;
    }
    bool join() {
        int status = -1;
        return ::waitpid(pid_, &status, 0) == pid_ && status == 0;
    }

  private:
    pid_t pid_ = -1;
};

} // namespace efd::linearize
