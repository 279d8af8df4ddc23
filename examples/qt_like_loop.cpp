// SPDX-License-Identifier: MIT
// examples/qt_like_loop.cpp: an object in a loop of notifiers, as Qt's QSocketNotifier, GTK's or X11's: the loop polls
// descriptors and calls a function when one is readable.
//
// Such a loop watches fd(), the level descriptor, which is readable exactly while the count is above zero. With Qt the
// class below is three lines: QSocketNotifier notifier(progress.fd(), QSocketNotifier::Read), a connect to its signal
// `activated`, and the function, unchanged.
//
// Promises: each unit is counted once, in the loop's thread; workers never wait for the loop, and enter the kernel only
// with the write that leaves zero.
#include <efd/eventfd.hpp>

#include <cstdio>
#include <functional>
#include <poll.h>
#include <thread>
#include <utility>
#include <vector>

class notifier_loop { // stands for Qt's
  public:
    void watch(int fd, std::function<void()> activated) {
        watched_.push_back({.fd = fd, .events = POLLIN, .revents = 0});
        activated_.push_back(std::move(activated));
    }
    void quit() { quits_ = true; } // by a notifier
    void exec() {
        while (!quits_) {
            if (::poll(watched_.data(), watched_.size(), -1) < 0) continue; // EINTR
            for (std::size_t i = 0; i < watched_.size(); ++i)
                if (watched_[i].revents != 0) activated_[i]();
        }
    }

  private:
    std::vector<pollfd> watched_;
    std::vector<std::function<void()>> activated_;
    bool quits_ = false;
};

int main() {
    notifier_loop loop;
    efd::eventfd progress;
    efd::eventfd finished;
    std::uint64_t sum = 0;
    loop.watch(progress.fd(), [&] {
        std::uint64_t n = 0;
        if (progress.try_read(n) == std::errc{}) sum += n; // take it all: the descriptor is silent again
    });
    loop.watch(finished.fd(), [&] {
        if (sum == 1000) loop.quit();
    });
    std::jthread worker([&] {
        for (int item = 0; item < 1000; ++item) progress.signal();
        finished.signal();
    });
    loop.exec();
    std::printf("%d finished, told to a loop of notifiers\n", static_cast<int>(sum));
    return sum == 1000 ? 0 : 1;
}
