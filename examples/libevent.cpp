// SPDX-License-Identifier: MIT
// examples/libevent.cpp: a libevent loop that counts what a worker thread finishes.
//
// Promises: each unit is counted once, in the loop's thread; workers never wait for the loop.
#include <efd/adapters/libevent.hpp>

#include <cstdio>
#include <memory>
#include <thread>

struct progress {
    std::unique_ptr<efd::libevent_reader> reader;
    std::uint64_t sum = 0;
};

int main() {
    event_base* const base = event_base_new();
    efd::eventfd finished;
    progress counted;
    auto count = [](std::uint64_t value, void* data) {
        auto& so_far = *static_cast<progress*>(data);
        so_far.sum += value;
        if (so_far.sum == 1000) so_far.reader.reset(); // the loop has nothing left then, and ends
    };
    counted.reader = std::make_unique<efd::libevent_reader>(base, finished, count, &counted);
    if (counted.reader->add() != 0) return 1;
    std::jthread worker([&finished] {
        for (int item = 0; item < 1000; ++item) finished.signal();
    });
    event_base_dispatch(base);
    event_base_free(base);
    std::printf("%d finished, told to libevent\n", static_cast<int>(counted.sum));
    return counted.sum == 1000 ? 0 : 1;
}
