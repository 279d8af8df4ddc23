// SPDX-License-Identifier: MIT
// examples/stop_channel.cpp: one call that wakes every loop of a program at once, and wakes those that come later too.
//
// A semaphore that is filled once and never runs dry: it is readable for ever, and each reader takes one unit of more
// than there will ever be readers. epoll, poll and blocking readers all see the same object.
//
// Promises: after stop() no loop sleeps, whether it came before or after; stop() never sleeps, may be called more than
// once, from any thread and from signal handlers. Signals do not end a wait early. There is no way back.
#include <efd/eventfd.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <sys/epoll.h>
#include <thread>
#include <unistd.h>

class stop_channel {
  public:
    void stop() noexcept { (void)object_.try_write(plenty); } // handler-safe; once is enough
    [[nodiscard]] bool stopped() const noexcept { return object_.count() > 0; }
    void wait() noexcept {
        std::uint64_t one = 0;
        while (object_.read(one) != std::errc{}) {
        }
    }
    int fd() { return object_.fd(); } // readable once stopped

  private:
    static constexpr std::uint64_t plenty = std::uint64_t{1} << 40;
    efd::eventfd object_{0, efd::flags::semaphore};
};

void loop_of_epoll(stop_channel& stop) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{.events = EPOLLIN, .data = {}};
    if (epoll < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, stop.fd(), &event) != 0) std::abort();
    while (!stop.stopped()) ::epoll_wait(epoll, &event, 1, -1);
    ::close(epoll);
}

void loop_of_poll(stop_channel& stop) {
    pollfd watched{.fd = stop.fd(), .events = POLLIN, .revents = 0};
    while ((watched.revents & POLLIN) == 0) ::poll(&watched, 1, -1);
}

int main() {
    stop_channel stop;
    std::atomic<int> ended{0};
    auto ends = [&](auto loop) {
        return [&, loop] {
            loop(stop);
            ++ended;
        };
    };
    {
        const std::jthread loops[] = {
            std::jthread(ends(loop_of_epoll)),
            std::jthread(ends(loop_of_poll)),
            std::jthread(ends([](stop_channel& from) { from.wait(); })),
            std::jthread(ends([](stop_channel& from) { from.wait(); })),
        };
        stop.stop();
    }
    stop.wait(); // a thread that comes later does not sleep
    std::printf("%d loops ended\n", ended.load());
    return ended == 4 ? 0 : 1;
}
