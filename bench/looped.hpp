// SPDX-License-Identifier: MIT
// bench/looped.hpp: what one process signals and another one waits for in an epoll, as an event loop does.
//
// Each is made before the fork. Who takes makes its own epoll at the first take; with efd also the set, which belongs
// to the process that waits.
#pragma once

#include <efd/arena.hpp>
#include <efd/wait_set.hpp>

#include "bench/subjects.hpp"

#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <sys/epoll.h>
#include <unistd.h>

namespace efd::bench {

class own_epoll {
  public:
    own_epoll& operator=(own_epoll&&) = delete; // neither copied nor moved
    ~own_epoll() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] bool is_made() const { return number_ >= 0; }
    void make(int watched) {
        number_ = ::epoll_create1(EPOLL_CLOEXEC);
        ::epoll_event event{EPOLLIN, {}};
        must(number_ >= 0 && ::epoll_ctl(number_, EPOLL_CTL_ADD, watched, &event) == 0, "epoll");
    }
    void wait() const {
        ::epoll_event event{};
        must(::epoll_wait(number_, &event, 1, -1) == 1, "epoll_wait");
    }

  private:
    int number_ = -1;
};

class looped_set {
  public:
    static constexpr const char* name = "efd";
    void signal() { must(object_.signal(), "efd::eventfd::signal"); }
    void take() {
        if (!set_) {
            set_ = shared_.make_set();
            set_->add(object_, 1);
            loop_.make(set_->fd());
        }
        efd::set_event got{};
        do loop_.wait();
        while (set_->try_any(got) != std::errc{});
        while (set_->try_any(got) == std::errc{}) { // as a loop does, until nothing is left
        }
    }

  private:
    static efd::arena without_looks() {
        efd::arena_options asked;
        asked.first_look = asked.last_look = {};
        return efd::arena(asked);
    }

    efd::arena shared_ = without_looks();
    efd::eventfd object_ = shared_.make();
    std::optional<efd::wait_set> set_;
    own_epoll loop_;
};

class looped_eventfd {
  public:
    static constexpr const char* name = "kernel";
    void signal() { object_.signal(); }
    void take() {
        if (!loop_.is_made()) loop_.make(object_.fd());
        loop_.wait();
        (void)object_.take();
    }

  private:
    kernel_eventfd object_{kernel_eventfd::nonblocking};
    own_epoll loop_;
};

class looped_pipe {
  public:
    static constexpr const char* name = "pipe";
    looped_pipe() { must(::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0, "pipe2"); }
    looped_pipe& operator=(looped_pipe&&) = delete; // neither copied nor moved
    ~looped_pipe() {
        for (const int one : ends_) ::close(one);
    }
    void signal() { must(::write(ends_[1], "x", 1) == 1, "write to a pipe"); }
    void take() {
        if (!loop_.is_made()) loop_.make(ends_[0]);
        loop_.wait();
        char bytes[64];
        must(::read(ends_[0], bytes, sizeof bytes) > 0, "read from a pipe");
    }

  private:
    int ends_[2] = {-1, -1};
    own_epoll loop_;
};

} // namespace efd::bench
