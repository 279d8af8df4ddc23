// SPDX-License-Identifier: MIT
// bench/many.hpp: many objects behind one wait, behind one interface: a wait set, and the kernel's epoll over eventfds.
//
// write_to(n) adds one to the object with number n. take() waits until one is ready, takes from it and returns its
// number. try_take() does not wait. take_all<N>() waits, and takes from up to N that are ready. look() finds none.
#pragma once

#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/subjects.hpp"
#include "bench/together.hpp"

#include <efd/wait_set.hpp>

#include <algorithm>
#include <poll.h>
#include <random>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <vector>

namespace efd::bench {

constexpr std::size_t picks = 1U << 16;

inline std::vector<std::uint32_t> random_picks(std::size_t n) {
    std::minstd_rand random(42);
    std::vector<std::uint32_t> all(picks);
    for (std::uint32_t& one : all) one = static_cast<std::uint32_t>(random() % n);
    return all;
}

class efd_many {
  public:
    static constexpr const char* name = "efd";
    explicit efd_many(std::size_t n) : efd_many(n, {}, [] { return efd::eventfd(); }) {}
    template <class Make>
    efd_many(std::size_t n, efd::wait_set set, Make make) : set_(std::move(set)) {
        objects_.reserve(n);
        for (std::size_t i = 0; i < n; ++i) {
            objects_.push_back(make());
            set_.add(objects_.back(), i);
        }
    }
    void write_to(std::size_t which) { must(objects_[which].write(1) == std::errc{}, "efd::eventfd::write"); }
    std::size_t take() {
        efd::set_event got{};
        must(set_.wait_any(got) == std::errc{}, "efd::wait_set::wait_any");
        keep(&got);
        return got.token;
    }
    void try_take() {
        efd::set_event got{};
        (void)set_.try_any(got);
        keep(&got);
    }
    template <std::size_t Most>
    std::size_t take_all() {
        efd::set_event ready[Most];
        std::size_t number = 0;
        must(set_.wait_ready(ready, number) == std::errc{}, "efd::wait_set::wait_ready");
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < number; ++i)
            must(objects_[ready[i].token].try_read(value) == std::errc{}, "efd::eventfd::try_read");
        return number;
    }
    void look() {
        efd::set_event got{};
        must(set_.try_any(got) != std::errc{}, "efd::wait_set::try_any");
    }

  private:
    std::vector<efd::eventfd> objects_;
    efd::wait_set set_;
};

inline void join_epoll(int epoll, int fd, std::uint64_t token) {
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.u64 = token;
    must(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest) == 0, "epoll_ctl");
}

class kernel_many {
  public:
    static constexpr const char* name = "kernel";
    explicit kernel_many(std::size_t n) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        for (std::size_t i = 0; i < n; ++i) {
            fds_.push_back(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
            join_epoll(epoll_, fds_.back(), i);
        }
    }
    ~kernel_many() {
        for (const int fd : fds_) ::close(fd);
        ::close(epoll_);
    }
    kernel_many& operator=(kernel_many&&) = delete; // neither copied nor moved
    void write_to(std::size_t which) {
        const std::uint64_t value = 1;
        must(::write(fds_[which], &value, sizeof value) == sizeof value, "write to an eventfd");
    }
    std::size_t take() {
        epoll_event got{};
        must(::epoll_wait(epoll_, &got, 1, -1) == 1, "epoll_wait");
        must(read_from(got.data.u64), "read from an eventfd");
        return got.data.u64;
    }
    // Another thread may have read what epoll_wait has found.
    void try_take() {
        epoll_event got{};
        if (::epoll_wait(epoll_, &got, 1, 0) == 1) (void)read_from(got.data.u64);
    }
    template <std::size_t Most>
    std::size_t take_all() {
        epoll_event got[Most];
        const int number = ::epoll_wait(epoll_, got, static_cast<int>(Most), -1);
        must(number > 0, "epoll_wait");
        for (int i = 0; i < number; ++i) must(read_from(got[i].data.u64), "read from an eventfd");
        return static_cast<std::size_t>(number);
    }
    void look() {
        epoll_event got{};
        must(::epoll_wait(epoll_, &got, 1, 0) == 0, "epoll_wait");
    }
    void poll_all() {
        if (polled_.empty())
            for (const int fd : fds_) polled_.push_back({fd, POLLIN, 0});
        must(::poll(polled_.data(), polled_.size(), 0) == 0, "poll");
    }

  private:
    bool read_from(std::uint64_t which) {
        std::uint64_t value = 0;
        return ::read(fds_[which], &value, sizeof value) == sizeof value;
    }

    int epoll_;
    std::vector<int> fds_;
    std::vector<pollfd> polled_;
};

inline bool has_descriptors_for(std::size_t n) {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > n + 64;
}

// Nanoseconds of a write to one random object of n, and of waiting and taking.
template <class Many>
double ns_one_of(const settings& how, Many& many, std::size_t n) {
    const std::vector<std::uint32_t> picked = random_picks(n);
    std::size_t at = 0;
    return ns_per_call({how.brief ? 4'000'000 : 20'000'000, 1000, unbounded}, [&] {
        many.write_to(picked[at++ % picks]);
        (void)many.take();
    });
}

// Wall time for one of the writes that so many threads make while one more thread takes what it finds. It does so until
// it finds `last`, to which only this function writes, behind all others.
template <class Many, class Write>
double ns_while_taken(const settings& how, Many& many, std::size_t last, std::size_t threads, const effort& each,
                      Write write) {
    std::thread waiter([&] {
        const pinned on_cpu(how.cpus[threads % how.cpus.size()]);
        while (many.take() != last) {
        }
    });
    const double ns = ns_together(how, threads, each, write);
    many.write_to(last);
    waiter.join();
    return ns;
}

} // namespace efd::bench
