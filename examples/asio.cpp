// examples/asio.cpp: an io_context that counts what worker threads finish, until a read is cancelled by a timer.
//
// Promises: each unit is counted once, or is left in the object when the read that waits for it is cancelled. Workers
// never wait for the loop, and run nothing of it.
#include <efd/adapters/asio.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <cstdio>
#include <thread>

using io_eventfd = efd::on_asio::basic_eventfd<>;

asio::awaitable<void> count(io_eventfd& finished, std::uint64_t& sum) {
    while (sum < 2000) sum += co_await finished.async_read(asio::use_awaitable);
}

int main() {
    asio::io_context context;
    io_eventfd finished(context);
    std::uint64_t sum = 0;
    asio::co_spawn(context, count(finished, sum), asio::detached);
    auto works = [&finished] {
        for (int item = 0; item < 1000; ++item) finished.object().signal();
    };
    std::jthread one(works);
    std::jthread two(works);
    context.run(); // ends when nothing waits any more
    bool aborted = false;
    finished.async_read(
        [&](std::error_code error, std::uint64_t) { aborted = error == asio::error::operation_aborted; });
    asio::steady_timer timer(context, std::chrono::milliseconds(1));
    timer.async_wait([&](std::error_code) { finished.cancel(); });
    context.restart();
    context.run();
    std::printf("%d finished, then %s\n", static_cast<int>(sum), aborted ? "cancelled" : "not cancelled");
    return sum == 2000 && aborted ? 0 : 1;
}
