// examples/uv.cpp: a libuv loop that counts what a worker thread finishes; no uv_async_t, no queue.
//
// Promises: each unit is counted once, in the loop's thread; workers never wait for the loop.
#include <efd/adapters/uv.hpp>

#include <cstdio>
#include <thread>

int main() {
    uv_loop_t* const loop = uv_default_loop();
    efd::eventfd finished;
    efd::uv_reader reader;
    std::uint64_t sum = 0;
    reader.data = &sum;
    if (reader.init(loop, finished) != 0) return 1;
    reader.start([](efd::uv_reader& self, std::uint64_t value) {
        auto& total = *static_cast<std::uint64_t*>(self.data);
        total += value;
        if (total == 1000) self.close(); // the loop has nothing left then, and ends
    });
    std::jthread worker([&finished] {
        for (int item = 0; item < 1000; ++item) finished.signal();
    });
    uv_run(loop, UV_RUN_DEFAULT);
    std::printf("%d finished, told to libuv\n", static_cast<int>(sum));
    return uv_loop_close(loop) == 0 && sum == 1000 ? 0 : 1;
}
