// SPDX-License-Identifier: MIT
// examples/pending_flag.cpp: from a hand-written pending flag in front of an eventfd to efd: the wake of an epoll loop,
// before and after.
//
// The flag saves the second write to an eventfd that nobody has read yet. It has two races that are easily written:
// clear the flag before the read, or a wake is lost; look at the queue after it, or an item waits. An armed descriptor
// is the same idea without them: the loop says that it is about to sleep and is told at once what is there already.
//
// Promises: both loops take every item; neither needs a timeout to do so. `after` never reads its descriptor.
#include <efd/eventfd.hpp>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

class before {
  public:
    before() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (fd_ < 0) std::abort();
    }
    ~before() { ::close(fd_); }
    before& operator=(before&&) = delete; // neither copied nor moved

    static constexpr std::uint32_t events = EPOLLIN;
    [[nodiscard]] int fd() const { return fd_; }
    void notify() {
        units_.fetch_add(1);
        if (pending_.exchange(true)) return; // somebody has written already
        const std::uint64_t one = 1;
        if (::write(fd_, &one, sizeof one) != sizeof one) std::abort();
    }
    std::uint64_t take() { // after epoll said that it is readable
        std::uint64_t drained = 0;
        if (::read(fd_, &drained, sizeof drained) != sizeof drained) return 0;
        pending_.store(false);     // first this,
        return units_.exchange(0); // then the look
    }
    static bool may_sleep() { return true; }

  private:
    std::atomic<bool> pending_{false};
    std::atomic<std::uint64_t> units_{0};
    int fd_;
};

class after {
  public:
    static constexpr std::uint32_t events = EPOLLIN | EPOLLET;
    [[nodiscard]] int fd() const { return units_.fd(efd::doorbell::armed); }
    void notify() { units_.signal(); }
    std::uint64_t take() {
        std::uint64_t n = 0;
        return units_.try_read(n) == std::errc{} ? n : 0;
    }
    [[nodiscard]] bool may_sleep() const { // false: something is here, and nothing will ring for it
        const efd::arm_result armed = units_.arm();
        return armed && armed.ready == 0;
    }

  private:
    efd::eventfd units_;
};

template <class Notifier>
std::uint64_t loop_of(std::uint64_t wanted) {
    Notifier wake;
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event interest{.events = Notifier::events, .data = {}};
    if (epoll < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, wake.fd(), &interest) != 0) std::abort();
    std::uint64_t taken = 0;
    {
        std::jthread producer([&] {
            for (std::uint64_t i = 0; i < wanted; ++i) wake.notify();
        });
        for (epoll_event event{}; taken < wanted; taken += wake.take())
            if (wake.may_sleep()) ::epoll_wait(epoll, &event, 1, -1);
    }
    ::close(epoll);
    return taken;
}

int main() {
    constexpr std::uint64_t items = 5'000;
    const bool both = loop_of<before>(items) == items && loop_of<after>(items) == items;
    std::printf("%s\n", both ? "5000 items, before and after" : "an item was lost");
    return both ? 0 : 1;
}
