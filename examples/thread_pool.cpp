// examples/thread_pool.cpp: a pool whose idle threads sleep, and whose submitters enter the kernel only to wake one.
//
// A semaphore holds one unit for each job in the queue, so a worker that took a unit finds a job, and none oversleeps.
// At the end a stop is requested; a read says so only when there is nothing left to take, so every job is done.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <atomic>
#include <cstdio>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

class thread_pool {
  public:
    explicit thread_pool(int threads) {
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
        std::uint64_t one = 0;
        while (jobs_.read(one, stop) == std::errc{}) next()();
    }
    std::function<void()> next() {
        const std::scoped_lock lock(mutex_);
        std::function<void()> job = std::move(queue_.front());
        queue_.pop_front();
        return job;
    }

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
