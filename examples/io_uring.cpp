// examples/io_uring.cpp: one multishot poll tells a ring of everything that a worker thread finishes.
//
// Promises: each unit is counted once, in the ring's thread; workers never wait for it. Ends with 77 where the kernel
// gives no ring.
#include <efd/adapters/io_uring.hpp>

#include <cstdio>
#include <thread>

int main() {
    io_uring ring;
    if (const int failed = io_uring_queue_init(8, &ring, 0); failed != 0) {
        std::fprintf(stderr, "this kernel gives us no ring (errno %d)\n", -failed);
        return 77;
    }
    efd::eventfd finished;
    efd::uring_reader reader(finished);
    auto prepare = [&] {
        io_uring_sqe* const entry = io_uring_get_sqe(&ring);
        if (entry != nullptr) reader.prepare(entry);
    };
    std::uint64_t sum = 0;
    auto count = [&sum](std::uint64_t value) { sum += value; };
    std::jthread worker([&finished] {
        for (int item = 0; item < 1000; ++item) finished.signal();
    });
    prepare();
    while (sum < 1000) {
        io_uring_submit_and_wait(&ring, 1);
        io_uring_cqe* completion = nullptr;
        while (io_uring_peek_cqe(&ring, &completion) == 0) {
            const bool again = reader.complete(completion, count);
            io_uring_cqe_seen(&ring, completion);
            if (again) prepare();
        }
    }
    io_uring_queue_exit(&ring);
    std::printf("%d finished, told to io_uring\n", static_cast<int>(sum));
    return sum == 1000 ? 0 : 1;
}
