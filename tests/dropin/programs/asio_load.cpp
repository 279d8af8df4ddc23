// tests/dropin/programs/asio_load.cpp: a thread posts N calls to Asio's loop; knows nothing of efd.
#include <asio.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <thread>

int main(int argc, char** argv) {
    const long wanted = argc > 1 ? std::atol(argv[1]) : 20000;
    long called = 0;
    {
        asio::io_context loop;
        asio::steady_timer far(loop, std::chrono::hours(1)); // makes the loop sleep in epoll
        far.async_wait([](const asio::error_code&) {});
        std::thread giver([&] {
            for (long i = 0; i < wanted; ++i)
                asio::post(loop, [&] {
                    if (++called == wanted) loop.stop();
                });
        });
        loop.run();
        giver.join();
    }
    const auto open = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    std::printf("%ld called, %ld descriptors\n", called, static_cast<long>(open));
    return called == wanted ? 0 : 1;
}
