// SPDX-License-Identifier: MIT
// examples/thread_pool.cpp: a pool whose idle threads sleep, and whose submitters enter the kernel only to wake one.
//
// A semaphore holds one unit for each job in the queue, so a worker that took a unit finds a job, and none oversleeps.
// At the end a stop is requested; a read says so only when there is nothing left to take.
//
// Promises: every job that submit took is run once, also those that jobs submit while the pool ends; the end of the
// pool waits for them. Signals do not matter, with or without SA_RESTART. A job that throws costs itself alone: its
// exception goes to the function that the pool was made with, on the worker's thread, or is dropped without one. submit
// throws std::bad_alloc, and the job is not taken then. Jobs may submit, but not end the pool that runs them.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <atomic>
#include <cstdio>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

class thread_pool {
  public:
    using on_exception = std::function<void(std::exception_ptr)>; // throws nothing itself

    explicit thread_pool(int threads, on_exception failed = nullptr) : failed_(std::move(failed)) {
        for (int i = 0; i < threads; ++i) workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
    ~thread_pool() { // does what is queued, then ends
        for (std::jthread& worker : workers_) worker.request_stop();
    }

    void submit(std::function<void()> job) {
        {
            const std::scoped_lock lock(mutex_);
            queue_.push_back(std::move(job));
        }
        jobs_.signal();
    }

  private:
    void work(const std::stop_token& stop) {
        while (take_unit(stop)) run(next());
    }
    bool take_unit(const std::stop_token& stop) { // false: stopped, and nothing left
        std::uint64_t one = 0;
        std::errc said = std::errc::interrupted;
        while (said == std::errc::interrupted) said = jobs_.read(one, stop);
        return said == std::errc{};
    }
    void run(const std::function<void()>& job) {
        try {
            job();
        } catch (...) {
            if (failed_) failed_(std::current_exception());
        }
    }
    std::function<void()> next() {
        const std::scoped_lock lock(mutex_);
        std::function<void()> job = std::move(queue_.front());
        queue_.pop_front();
        return job;
    }

    on_exception failed_;
    std::mutex mutex_;
    std::deque<std::function<void()>> queue_;
    efd::eventfd jobs_{0, efd::flags::semaphore};
    std::vector<std::jthread> workers_; // last: ended first
};

int main() {
    constexpr int jobs = 10000;
    std::atomic<int> done{0};
    {
        thread_pool pool(3);
        efd::eventfd half;
        for (int i = 0; i < jobs / 2; ++i) {
            pool.submit([&] {
                if (++done == jobs / 2) half.signal();
            });
        }
        std::uint64_t n = 0;
        if (half.read(n) != std::errc{}) return 1; // the pool goes to sleep about now
        for (int i = 0; i < jobs / 2; ++i) pool.submit([&] { ++done; });
    }
    std::printf("%d jobs done\n", done.load());
    std::fprintf(stderr, "%llu system calls to wait and to wake\n",
                 static_cast<unsigned long long>(efd_system_calls()));
    return done == jobs ? 0 : 1;
}
