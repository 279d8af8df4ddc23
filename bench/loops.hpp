// SPDX-License-Identifier: MIT
// bench/loops.hpp: ways to signal an epoll loop, behind one interface: signal() from any thread, and fd(), take() and
// may_sleep() for the loop's thread.
//
// Each counts its own system calls; the loop counts its own. take() returns what was taken, at least one if there was
// something; ways without a count return one. may_sleep() says whether the loop may enter epoll_wait.
#pragma once

#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "bench/measure.hpp"
#include "bench/subjects.hpp"

#include <cstdint>
#include <sys/epoll.h>

namespace efd::bench {

class kernel_level {
  public:
    static constexpr const char* name = "kernel";
    static constexpr std::uint32_t events = EPOLLIN;
    void signal() {
        calls_.fetch_add(1, base::relaxed);
        object_.signal();
    }
    [[nodiscard]] int fd() const { return object_.fd(); }
    std::uint64_t take() {
        std::uint64_t value = 0;
        calls_.fetch_add(1, base::relaxed);
        return ::read(object_.fd(), &value, sizeof value) == sizeof value ? value : 0;
    }
    bool may_sleep() { return true; }
    [[nodiscard]] std::uint64_t calls() const { return calls_.load(base::relaxed); }

  private:
    kernel_eventfd object_{kernel_eventfd::nonblocking};
    base::atomic<std::uint64_t> calls_{0};
};

// As most loops do it by hand: a flag in front of an eventfd. It has no count.
class pending_flag {
  public:
    static constexpr const char* name = "pending_flag";
    static constexpr std::uint32_t events = EPOLLIN | EPOLLET;
    void signal() {
        if (pending_.load(base::acquire) != 0 || pending_.exchange(1, base::acq_rel) != 0) return;
        calls_.fetch_add(1, base::relaxed);
        object_.signal();
    }
    [[nodiscard]] int fd() const { return object_.fd(); }
    std::uint64_t take() { return pending_.load(base::acquire) == 0 ? 0 : pending_.exchange(0, base::acq_rel); }
    bool may_sleep() { return true; }
    [[nodiscard]] std::uint64_t calls() const { return calls_.load(base::relaxed); }

  private:
    alignas(64) base::atomic<std::uint32_t> pending_{0};
    kernel_eventfd object_{kernel_eventfd::nonblocking};
    base::atomic<std::uint64_t> calls_{0};
};

class efd_level {
  public:
    static constexpr const char* name = "efd_level";
    static constexpr std::uint32_t events = EPOLLIN;
    void signal() { must(object_.write(1) == std::errc{}, "efd::eventfd::write"); }
    [[nodiscard]] int fd() { return object_.fd(); }
    std::uint64_t take() {
        std::uint64_t value = 0;
        return object_.try_read(value) == std::errc{} ? value : 0;
    }
    bool may_sleep() { return true; }
    [[nodiscard]] std::uint64_t calls() const { return efd_system_calls() - before_; }

  protected:
    [[nodiscard]] efd::eventfd& object() { return object_; }

  private:
    efd::eventfd object_;
    std::uint64_t before_ = efd_system_calls();
};

// The same in a loop that reads late: signals of 20 us more come in one read.
class efd_level_late : public efd_level {
  public:
    static constexpr const char* name = "efd_level_20us";
    std::uint64_t take() {
        constexpr std::int64_t late_ns = 20'000;
        const std::int64_t until = now_ns() + late_ns;
        while (now_ns() < until) {
        }
        return efd_level::take();
    }
};

// Each write is an edge and a system call, as with the kernel.
class efd_every : public efd_level {
  public:
    static constexpr const char* name = "efd";
    static constexpr std::uint32_t events = EPOLLIN | EPOLLET;
    [[nodiscard]] int fd() { return object().fd(efd::doorbell::every); }
};

class efd_armed {
  public:
    static constexpr const char* name = "efd";
    static constexpr std::uint32_t events = EPOLLIN | EPOLLET;
    void signal() { must(object_.write(1) == std::errc{}, "efd::eventfd::write"); }
    [[nodiscard]] int fd() { return object_.fd(efd::doorbell::armed); }
    std::uint64_t take() {
        std::uint64_t value = 0;
        return object_.try_read(value) == std::errc{} ? value : 0;
    }
    bool may_sleep() { return object_.arm().ready == 0; }
    [[nodiscard]] std::uint64_t calls() const { return efd_system_calls() - before_; }
    void set_linger(efd::linger how) { object_.set_linger(how); }

  private:
    efd::eventfd object_;
    std::uint64_t before_ = efd_system_calls();
};

class efd_armed_linger : public efd_armed {
  public:
    efd_armed_linger() { set_linger(efd::linger::automatic()); }
};

// Runs the loop on one of them until it has taken something.
template <class Way>
class loop_on {
  public:
    explicit loop_on(Way& way) : way_(way), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event interest{};
        interest.events = Way::events;
        must(epoll_ >= 0 && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, way.fd(), &interest) == 0, "epoll_ctl");
    }
    ~loop_on() { ::close(epoll_); }
    loop_on& operator=(loop_on&&) = delete; // neither copied nor moved

    std::uint64_t wait_and_take() {
        for (;;) {
            if (way_.may_sleep()) {
                epoll_event got{};
                ++calls_;
                must(::epoll_wait(epoll_, &got, 1, -1) == 1, "epoll_wait");
            }
            if (const std::uint64_t taken = way_.take(); taken != 0) return taken;
        }
    }
    [[nodiscard]] std::uint64_t calls() const { return calls_; }

  private:
    Way& way_;
    int epoll_;
    std::uint64_t calls_ = 0;
};

} // namespace efd::bench
