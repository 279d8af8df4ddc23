// SPDX-License-Identifier: MIT
// examples/coroutine_server.cpp: a server on one thread. Each session is a coroutine that waits for its client and
// answers; a stop ends the sessions that wait.
//
// The executor is a queue of functions behind an eventfd. A client that signals an object takes the count for the
// session and posts its resumption there, so sessions run on the server's thread alone, and no session has a
// descriptor.
//
// Promises: each request is answered once, in the server's thread. A stop takes no request: a session answers what came
// before it, since a read says operation_canceled only where there is nothing to take.
#include <efd/adapters/coroutine.hpp>

#include <atomic>
#include <cstdio>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

class run_loop { // one thread runs, any thread posts
  public:
    void post(std::function<void()> what) {
        {
            const std::scoped_lock lock(mutex_);
            queue_.push_back(std::move(what));
        }
        posted_.signal();
    }
    void run_while(const int& sessions) {
        while (sessions > 0) {
            std::uint64_t one = 0;
            if (posted_.read(one) == std::errc{}) next()(); // else a signal handler has run
        }
    }

  private:
    std::function<void()> next() {
        const std::scoped_lock lock(mutex_);
        auto first = std::move(queue_.front());
        queue_.pop_front();
        return first;
    }
    std::mutex mutex_;
    std::deque<std::function<void()>> queue_;
    efd::eventfd posted_{0, efd::flags::semaphore};
};

struct on_loop { // the executor that async_read wants
    run_loop* loop;
    template <class F>
    void execute(F what) const {
        loop->post(std::move(what));
    }
};

struct session { // runs at once and cleans up after itself
    struct promise_type {
        session get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

struct connection {
    efd::eventfd requests;
    efd::eventfd answers;
};

session serve(connection& with, on_loop executor, std::stop_token stop, int& sessions) {
    for (;;) {
        const auto [error, requests] = co_await efd::async_read(with.requests, executor, stop);
        if (error != std::errc{}) break; // operation_canceled
        if (with.answers.try_write(requests) != std::errc{}) std::terminate();
    }
    --sessions;
}

int main() {
    constexpr int clients = 3;
    constexpr std::uint64_t requests = 1000;
    run_loop loop;
    std::stop_source stop;
    connection connections[clients];
    int sessions = clients;
    for (connection& one : connections) serve(one, on_loop{&loop}, stop.get_token(), sessions);

    std::atomic<std::uint64_t> answered{0};
    std::atomic<int> busy{clients};
    auto ask = [&](connection& with) {
        for (std::uint64_t asked = 0; asked < requests; asked += 10) {
            for (int i = 0; i < 10; ++i) with.requests.signal();
            for (std::uint64_t n = 0, got = 0; n < 10; n += got)
                if (with.answers.read(got) == std::errc{}) answered += got;
        }
        if (--busy == 0) stop.request_stop();
    };
    {
        std::jthread threads[clients];
        for (int i = 0; i < clients; ++i) threads[i] = std::jthread(ask, std::ref(connections[i]));
        loop.run_while(sessions);
    }
    std::printf("%d requests of %d clients answered\n", static_cast<int>(answered), clients);
    return answered == clients * requests ? 0 : 1;
}
