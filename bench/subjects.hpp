// SPDX-License-Identifier: MIT
// bench/subjects.hpp: the objects that are compared, behind one interface: signal() adds one; take() sleeps until there
// is something and takes all of it (one in semaphore mode), as far as the object can.
//
// Each owns what it wraps; any thread may call. An operation that fails stops the program, because a number measured on
// failing calls is worthless. take() does not look first unless the object itself does.
#pragma once

#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "bench/futex_cell.hpp"

#include <blockingconcurrentqueue.h> // the semaphore header does not stand alone

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <semaphore.h>
#include <semaphore>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace efd::bench {

enum class mode : unsigned char { plain, semaphore };

inline constexpr std::int64_t unbounded = std::int64_t{1} << 28;

inline void must(bool worked, const char* what) {
    if (worked) [[likely]]
        return;
    std::fprintf(stderr, "efd bench: %s failed\n", what);
    std::abort();
}

// The kernel's.
class kernel_eventfd {
  public:
    static constexpr const char* name = "kernel";
    static constexpr std::int64_t most_pending() { return unbounded; }
    explicit kernel_eventfd(mode m = mode::plain)
        : fd_(::eventfd(0, EFD_CLOEXEC | (m == mode::semaphore ? EFD_SEMAPHORE : 0))) {
        must(fd_ >= 0, "eventfd");
    }
    struct how_nonblocking {};
    static constexpr how_nonblocking nonblocking{};
    explicit kernel_eventfd(how_nonblocking) : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        must(fd_ >= 0, "eventfd");
    }
    ~kernel_eventfd() { ::close(fd_); }
    [[nodiscard]] int fd() const { return fd_; }
    kernel_eventfd& operator=(kernel_eventfd&&) = delete; // neither copied nor moved
    void signal() {
        const std::uint64_t one = 1;
        must(::write(fd_, &one, sizeof one) == sizeof one, "write to an eventfd");
    }
    std::uint64_t take() {
        std::uint64_t value = 0;
        must(::read(fd_, &value, sizeof value) == sizeof value, "read from an eventfd");
        return value;
    }

  private:
    int fd_;
};

// The library through <efd/eventfd.hpp>: fast paths inline, the rest in libefd.so.
class efd_inline {
  public:
    static constexpr const char* name = "efd";
    static constexpr std::int64_t most_pending() { return unbounded; }
    explicit efd_inline(mode m = mode::plain) : object_(0, flags_of(m)) {}
    void signal() { must(object_.write(1) == std::errc{}, "efd::eventfd::write"); }
    std::uint64_t take() {
        std::uint64_t value = 0;
        must(object_.read(value) == std::errc{}, "efd::eventfd::read");
        return value;
    }
    void set_linger(efd::linger how) { object_.set_linger(how); }

  protected:
    explicit efd_inline(efd::eventfd&& given) : object_(std::move(given)) {}
    static efd::flags flags_of(mode m) { return m == mode::semaphore ? efd::flags::semaphore : efd::flags::none; }

  private:
    efd::eventfd object_;
};

class efd_inline_linger : public efd_inline {
  public:
    efd_inline_linger() { set_linger(efd::linger::automatic()); }
};

// The library through <efd/efd.h>: every call goes into libefd.so.
class efd_c {
  public:
    static constexpr const char* name = "efd_c";
    static constexpr std::int64_t most_pending() { return unbounded; }
    explicit efd_c(mode m = mode::plain) : object_(efd_create(0, m == mode::semaphore ? EFD_SEMAPHORE : 0)) {
        must(object_ != nullptr, "efd_create");
    }
    ~efd_c() { efd_put(object_); }
    efd_c& operator=(efd_c&&) = delete; // neither copied nor moved
    void signal() { must(efd_write(object_, 1) == 0, "efd_write"); }
    std::uint64_t take() {
        std::uint64_t value = 0;
        must(efd_read(object_, &value) == 0, "efd_read");
        return value;
    }

  private:
    efd_t* object_;
};

// The least cost of a signal with one word: a locked add, and an exchange to take. Cannot sleep.
class locked_add {
  public:
    static constexpr const char* name = "floor";
    static constexpr std::int64_t most_pending() { return unbounded; }
    explicit locked_add(mode = mode::plain) {}
    void signal() { word_.fetch_add(1, base::acq_rel); }
    std::uint64_t take() { return word_.exchange(0, base::acq_rel); }

  private:
    alignas(64) base::atomic<std::uint64_t> word_{0};
};

// The bare futex round trip, the floor of all subjects that sleep.
class bare_futex : public futex_cell {
  public:
    static constexpr const char* name = "floor";
};

// Two threads that never sleep: the floor of all subjects that linger.
class bare_spin {
  public:
    static constexpr const char* name = "floor";
    void signal() { word_.fetch_add(1, base::acq_rel); }
    // Gives the processor away after many looks: two real-time threads may have to share one.
    std::uint64_t take() {
        for (std::uint32_t look = 1; word_.load(base::acquire) == 0; ++look)
            if (look % (1U << 20) == 0) std::this_thread::yield();
        return word_.exchange(0, base::acq_rel);
    }

  private:
    alignas(64) base::atomic<std::uint64_t> word_{0};
};

class posix_semaphore {
  public:
    static constexpr const char* name = "sem_t";
    static constexpr std::int64_t most_pending() { return unbounded; }
    explicit posix_semaphore(mode = mode::plain) { must(::sem_init(&sem_, 0, 0) == 0, "sem_init"); }
    ~posix_semaphore() { ::sem_destroy(&sem_); }
    posix_semaphore& operator=(posix_semaphore&&) = delete; // neither copied nor moved
    void signal() { must(::sem_post(&sem_) == 0, "sem_post"); }
    std::uint64_t take() {
        must(::sem_wait(&sem_) == 0, "sem_wait");
        return 1;
    }

  private:
    alignas(64) sem_t sem_;
};

class std_semaphore {
  public:
    static constexpr const char* name = "std_semaphore";
    static constexpr std::int64_t most_pending() { return unbounded; }
    explicit std_semaphore(mode = mode::plain) {}
    void signal() { sem_.release(); }
    std::uint64_t take() {
        sem_.acquire();
        return 1;
    }

  private:
    alignas(64) std::counting_semaphore<> sem_{0};
};

// Spins: how often it looks before it sleeps; 10000 is its default.
template <int Spins>
class moodycamel_semaphore {
  public:
    static constexpr const char* name = "moodycamel";
    static constexpr std::int64_t most_pending() { return unbounded; }
    explicit moodycamel_semaphore(mode = mode::plain) : sem_(0, Spins) {}
    void signal() { sem_.signal(); }
    std::uint64_t take() {
        must(sem_.wait(), "LightweightSemaphore::wait");
        return 1;
    }

  private:
    alignas(64) moodycamel::LightweightSemaphore sem_;
};

// One byte for one signal. A full pipe refuses a signal and so stops the program; it never blocks it.
class byte_pipe {
  public:
    static constexpr const char* name = "pipe";
    explicit byte_pipe(mode = mode::plain) {
        must(::pipe(ends_) == 0, "pipe");
        must(::fcntl(ends_[1], F_SETFL, O_NONBLOCK) == 0, "fcntl");
    }
    ~byte_pipe() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    byte_pipe& operator=(byte_pipe&&) = delete; // neither copied nor moved
    // 64 KiB, or less for a user who has many pipes.
    [[nodiscard]] std::int64_t most_pending() const { return ::fcntl(ends_[1], F_GETPIPE_SZ); }
    void signal() { must(::write(ends_[1], "x", 1) == 1, "write to a pipe"); }
    std::uint64_t take() {
        char byte = 0;
        must(::read(ends_[0], &byte, 1) == 1, "read from a pipe");
        return 1;
    }

  private:
    int ends_[2];
};

} // namespace efd::bench
