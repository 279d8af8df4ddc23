// SPDX-License-Identifier: MIT
// tests/dropin/programs/asio_load.cpp: two loops of Asio hand a call to and fro N times; knows nothing of efd.
#include <asio.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <thread>

namespace {

struct game {
    asio::io_context first;
    asio::io_context second;
    long left = 0;
    long called = 0;

    void serve() {
        asio::post(second, [this] {
            asio::post(first, [this] {
                ++called;
                if (--left > 0) return serve();
                first.stop();
                second.stop();
            });
        });
    }
};

} // namespace

int main(int argc, char** argv) {
    const long wanted = argc > 1 ? std::atol(argv[1]) : 20000;
    long called = 0;
    {
        game both;
        both.left = wanted;
        asio::steady_timer far(both.first, std::chrono::hours(1)); // with a timer a loop sleeps in epoll
        asio::steady_timer far_second(both.second, std::chrono::hours(1));
        far.async_wait([](const asio::error_code&) {});
        far_second.async_wait([](const asio::error_code&) {});
        std::thread other([&] { both.second.run(); });
        both.serve();
        both.first.run();
        other.join();
        called = both.called;
    }
    const auto open = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    std::printf("%ld called, %ld descriptors\n", called, static_cast<long>(open));
    return called == wanted ? 0 : 1;
}
