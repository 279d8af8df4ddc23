// SPDX-License-Identifier: MIT
// examples/hello.cpp: the program of the README: a worker signals, main sleeps until there is something to read.
//
// Promises: no unit is lost. A program with signal handlers without SA_RESTART reads again after
// std::errc::interrupted, as thread_pool.cpp does.
#include <efd/eventfd.hpp>

#include <cstdint>
#include <cstdio>
#include <thread>

int main() {
    efd::eventfd done;
    std::jthread worker([&done] {
        for (int item = 0; item < 3; ++item) done.signal();
    });
    std::uint64_t finished = 0;
    while (finished < 3) {
        std::uint64_t n = 0;
        if (done.read(n) != std::errc{}) return 1; // sleeps at zero, takes all there is
        finished += n;
    }
    std::printf("%llu items finished\n", static_cast<unsigned long long>(finished));
}
