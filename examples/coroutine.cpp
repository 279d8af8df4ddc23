// examples/coroutine.cpp: two coroutines on one thread, each woken by an eventfd; a stop ends them.
//
// Promises: each unit is counted once; a stop takes none. The coroutines run inside signal() and write() of the worker,
// one at a time: they are short and do not block, which is what inline_executor is for.
#include <efd/adapters/coroutine.hpp>

#include <cstdio>
#include <cstdlib>
#include <thread>

struct task { // runs at once and cleans up after itself
    struct promise_type {
        task get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

task count_until_stopped(efd::eventfd& jobs, std::stop_token stop, std::uint64_t& sum) {
    for (;;) {
        const auto [error, value] = co_await efd::async_read(jobs, efd::inline_executor{}, stop);
        if (error != std::errc{}) co_return; // operation_canceled
        sum += value;
    }
}

int main() {
    efd::eventfd apples;
    efd::eventfd pears(0, efd::flags::semaphore); // one at a time
    static std::stop_source stop;
    std::uint64_t eaten[2] = {};
    count_until_stopped(apples, stop.get_token(), eaten[0]);
    count_until_stopped(pears, stop.get_token(), eaten[1]);
    std::jthread([&] {
        for (int i = 0; i < 1000; ++i) apples.signal();
        if (pears.write(10) != std::errc{}) std::abort();
    }).join();
    stop.request_stop();
    std::printf("%d apples, %d pears\n", static_cast<int>(eaten[0]), static_cast<int>(eaten[1]));
    return eaten[0] == 1000 && eaten[1] == 10 ? 0 : 1;
}
