// SPDX-License-Identifier: MIT
// bench/processes.hpp: other processes of a measurement, and objects that they share with this one.
//
// Each process is a child of fork that ends with its parent. A subject is made before the fork and is used in all of
// them. Called while this process has one thread.
#pragma once

#include <efd/arena.hpp>

#include "bench/subjects.hpp"

#ifdef EFD_BENCH_BOOST
#include <boost/interprocess/sync/interprocess_condition.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#endif

#include <cstdint>
#include <functional>
#include <new>
#include <sys/mman.h>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace efd::bench {

// One value in memory that children of fork share.
template <class Value>
class in_shared_memory {
  public:
    template <class... Args>
    explicit in_shared_memory(Args&&... args)
        : place_(::mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
        must(place_ != MAP_FAILED, "mmap");
        value_ = ::new (place_) Value(std::forward<Args>(args)...);
    }
    ~in_shared_memory() { ::munmap(place_, sizeof(Value)); }
    in_shared_memory& operator=(in_shared_memory&&) = delete; // neither copied nor moved
    Value& operator*() const { return *value_; }
    Value* operator->() const { return value_; }

  private:
    void* place_;
    Value* value_;
};

// A child of fork that runs a body and ends.
class other_process {
  public:
    explicit other_process(const std::function<void()>& body);
    ~other_process(); // killed, if it has not been joined
    other_process(other_process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    other_process& operator=(other_process&&) = delete;
    void join();
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

// What a process has had of the processors, in nanoseconds.
std::int64_t processor_ns(pid_t process);

// Processes that take from an object as often as they can; as `sleepers`.
class sleeping_processes {
  public:
    sleeping_processes(int number, const std::function<std::uint64_t()>& take);
    // Waits until that much has been taken and all of them sleep. False after 20 seconds.
    bool quiet_after(std::uint64_t taken);
    [[nodiscard]] std::uint64_t voluntary_switches() const;
    [[nodiscard]] std::int64_t processor_ns() const;
    // After this each take() ends its process: signal once for each, then join.
    void end() { shared_->over.store(true, base::release); }
    void join();
    // None of them runs between these two.
    void pause() const;
    void go_on() const;
    [[nodiscard]] int number() const { return static_cast<int>(all_.size()); }

  private:
    struct shared {
        base::atomic<bool> over{false};
        base::atomic<std::uint64_t> taken{0};
    };
    [[nodiscard]] bool all_asleep() const;

    in_shared_memory<shared> shared_;
    std::vector<other_process> all_;
};

// An object of an arena of its own, in which no sleeper looks by itself.
class shared_efd : public efd_inline {
  public:
    explicit shared_efd(mode m = mode::plain) : shared_efd(m, {.first_look = {}, .last_look = {}}) {}

  protected:
    // An arena without a handle lives as long as its object.
    shared_efd(mode m, const arena_options& how) : efd_inline(efd::arena(how).make(0, flags_of(m))) {}
};

// As an arena is made where nothing is said of it: a sleeper looks after 50 ms, and later ever more rarely.
class looking_efd : public shared_efd {
  public:
    explicit looking_efd(mode m = mode::plain) : shared_efd(m, {}) {}
};

class lingering_efd : public shared_efd {
  public:
    lingering_efd() { set_linger(efd::linger::automatic()); }
};

class shared_semaphore {
  public:
    static constexpr const char* name = "sem_t";
    static constexpr std::int64_t most_pending() { return unbounded; }
    explicit shared_semaphore(mode = mode::plain) { must(::sem_init(&*sem_, 1, 0) == 0, "sem_init"); }
    ~shared_semaphore() { ::sem_destroy(&*sem_); }
    shared_semaphore& operator=(shared_semaphore&&) = delete; // neither copied nor moved
    void signal() { must(::sem_post(&*sem_) == 0, "sem_post"); }
    std::uint64_t take() {
        must(::sem_wait(&*sem_) == 0, "sem_wait");
        return 1;
    }

  private:
    in_shared_memory<sem_t> sem_;
};

#ifdef EFD_BENCH_BOOST
// A count under a mutex of Boost.Interprocess, with its condition.
class boost_count {
  public:
    static constexpr const char* name = "boost";
    static constexpr std::int64_t most_pending() { return unbounded; }
    explicit boost_count(mode m = mode::plain) : takes_one_(m == mode::semaphore) {}
    void signal() {
        const lock held(all_->mutex);
        ++all_->count;
        all_->above_zero.notify_one();
    }
    std::uint64_t take() {
        lock held(all_->mutex);
        while (all_->count == 0) all_->above_zero.wait(held);
        const std::uint64_t taken = takes_one_ ? 1 : all_->count;
        all_->count -= taken;
        return taken;
    }

  private:
    using lock = boost::interprocess::scoped_lock<boost::interprocess::interprocess_mutex>;
    struct shared {
        boost::interprocess::interprocess_mutex mutex;
        boost::interprocess::interprocess_condition above_zero;
        std::uint64_t count = 0;
    };

    bool takes_one_;
    in_shared_memory<shared> all_;
};
#endif

} // namespace efd::bench
