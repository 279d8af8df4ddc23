// SPDX-License-Identifier: MIT
// examples/plain_epoll.cpp: a program that knows of no efd: plain <sys/eventfd.h> and epoll. `make run` runs it on the
// kernel's eventfd and, the same file, under `efd run`.
//
//   plain_epoll [JOBS]     two threads hand numbers to a consumer that waits in epoll; prints their sum, and the time
//                          on standard error
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

struct inbox {
    std::mutex mutex;
    std::vector<std::uint64_t> numbers;
    int ready = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
};

void produce(inbox& to, std::uint64_t first, std::uint64_t jobs) {
    for (std::uint64_t i = first; i < jobs; i += 2) {
        {
            const std::lock_guard lock(to.mutex);
            to.numbers.push_back(i * i % 1'000'003);
        }
        const std::uint64_t one = 1;
        if (::write(to.ready, &one, sizeof one) != sizeof one) std::abort();
    }
}

std::uint64_t consume(inbox& from, std::uint64_t jobs) {
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event interest{};
    interest.events = EPOLLIN;
    if (::epoll_ctl(loop, EPOLL_CTL_ADD, from.ready, &interest) != 0) std::abort();
    std::uint64_t sum = 0;
    for (std::uint64_t done = 0; done < jobs;) {
        epoll_event event{};
        if (::epoll_wait(loop, &event, 1, -1) != 1) continue;
        std::uint64_t signals = 0;
        if (::read(from.ready, &signals, sizeof signals) != sizeof signals) continue;
        std::vector<std::uint64_t> taken;
        {
            const std::lock_guard lock(from.mutex);
            taken.swap(from.numbers);
        }
        for (const std::uint64_t number : taken) sum += number;
        done += taken.size();
    }
    ::close(loop);
    return sum;
}

} // namespace

int main(int argc, char** argv) {
    const std::uint64_t jobs = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    inbox box;
    const auto start = std::chrono::steady_clock::now();
    std::thread even(produce, std::ref(box), 0, jobs);
    std::thread odd(produce, std::ref(box), 1, jobs);
    const std::uint64_t sum = consume(box, jobs);
    even.join();
    odd.join();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    std::printf("the sum of %llu jobs is %llu\n", static_cast<unsigned long long>(jobs),
                static_cast<unsigned long long>(sum));
    std::fprintf(stderr, "%.0f ms\n", took.count());
    ::close(box.ready);
    return 0;
}
