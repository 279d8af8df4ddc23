// SPDX-License-Identifier: MIT
// conformance/claims/handshakes.cpp: section F of docs/semantics.md: no wake is lost in many thousand.
//
// Owns K-169. One token goes round three threads of one processor, which sleep until it comes: a reader, a reader of a
// semaphore, and a writer that waits for room. So nearly every step wakes a sleeper, and only that wake makes progress.
// A lost wake is seen without a clock: all three are asleep at one moment, and no thread is left to wake them.
#include "conformance/framework/counts.hpp"
#include "conformance/framework/task.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

namespace efd::claims {
namespace {

constexpr int laps = 50'000; // of three wakes each, one of each kind

// One of the three: waits for the token at one object and passes it on at the next.
class runner {
  public:
    runner(object& waits_at, std::function<int()> step) : waits_at_(waits_at), step_(std::move(step)) {}

    void run() {
        tid_.store(this_tid(), std::memory_order_release);
        for (int lap = 0; lap < laps && error_.load() == 0; ++lap) error_.store(step_());
        over_.store(true, std::memory_order_release);
    }
    [[nodiscard]] bool over() const { return over_.load(std::memory_order_acquire); }
    [[nodiscard]] int error() const { return error_.load(); }
    [[nodiscard]] long sleeps() const { return waits_at_.sleeps_of(tid_.load(std::memory_order_acquire)); }
    // Or finished, which is idle too.
    [[nodiscard]] bool rests() const { return over() || waits_at_.has_sleeper(tid_.load(std::memory_order_acquire)); }

  private:
    object& waits_at_;
    std::function<int()> step_; // 0 or an errno
    std::atomic<pid_t> tid_{0};
    std::atomic<int> error_{0};
    std::atomic<bool> over_{false};
};
using runners = std::array<runner, 3>;

// One processor for all: a thread that passes the token on sleeps before the next one runs.
void stay_on_this_processor() {
    cpu_set_t one_cpu;
    CPU_ZERO(&one_cpu);
    CPU_SET(static_cast<unsigned>(::sched_getcpu()), &one_cpu);
    ::sched_setaffinity(0, sizeof one_cpu, &one_cpu); // if refused, fewer steps find their sleeper asleep
}

// Whether all threads slept at one moment. A thread that is asleep and has not gone to sleep since an earlier look has
// slept ever since that look. So all slept at the moment between the last first look and the first second look.
bool all_asleep_at_once(const runners& all) {
    std::array<long, std::tuple_size_v<runners>> before{};
    std::transform(all.begin(), all.end(), before.begin(), [](const runner& one) { return one.sleeps(); });
    if (!std::all_of(all.begin(), all.end(), [](const runner& one) { return one.rests(); })) return false;
    return std::equal(all.begin(), all.end(), before.begin(),
                      [](const runner& one, long sleeps) { return one.sleeps() == sleeps; });
}

int take(object& from) {
    std::uint64_t value = 0;
    const int error = from.read(value);
    return error != 0 ? error : value == 1 ? 0 : EPROTO;
}
int then(int error, int (*next)(object&), object& at) { return error != 0 ? error : next(at); }
int put(object& to) { return to.write(1); }

} // namespace

CLAIM(K_169, object, "a wake is never lost, in 150000 that each reach one sleeper") {
    const auto plain = t.make();
    const auto semaphore = t.make(0, EFD_SEMAPHORE);
    const auto full = with_count(t, largest, EFD_SEMAPHORE);
    runners all{runner(*plain, [&] { return then(take(*plain), put, *semaphore); }),
                runner(*semaphore, [&] { return then(take(*semaphore), take, *full); }),
                runner(*full, [&] { return then(put(*full), put, *plain); })};
    stay_on_this_processor(); // for the threads, which inherit it
    std::vector<std::thread> threads;
    for (runner& one : all) threads.emplace_back([&one] { one.run(); });
    t.expect_error(plain->write(1), 0, "the first write");
    const auto is_over = [](const runner& one) { return one.over(); };
    while (!std::all_of(all.begin(), all.end(), is_over)) {
        if (all_asleep_at_once(all))
            t.abandon("everybody sleeps: the reader at count " + std::to_string(plain->count()) +
                      ", the reader of the semaphore at count " + std::to_string(semaphore->count()) +
                      ", the writer at count " + std::to_string(full->count()));
        if (std::any_of(all.begin(), all.end(), [](const runner& one) { return one.error() != 0; })) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(1)); // pace: between two looks
    }
    for (const runner& one : all)
        if (one.error() != 0) t.abandon("a step ended with errno " + std::to_string(one.error()));
    for (std::thread& one : threads) one.join();
    t.expect_equal(plain->count(), 1U, "count at the end");
    t.expect_equal(full->count(), largest, "count of the full one at the end");
}

} // namespace efd::claims
