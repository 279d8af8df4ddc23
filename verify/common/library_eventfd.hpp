// SPDX-License-Identifier: MIT
// verify/common/library_eventfd.hpp: the library's object, in C++ and in C, in the shape of the breakable eventfd.
//
// Each owns one handle; a copy is another handle on the same object. Results are errno values, 0 for success. Every
// call goes to one public call and nothing else. Any thread may call; an observer belongs to one thread and stays where
// it is while it watches.
#pragma once

#include "common/breakable_eventfd.hpp"

#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>

namespace efd::common {

class cpp_eventfd {
  public:
    struct observer : wait_queue_entry {
        bool called = false;
    };

    // Throws std::system_error.
    cpp_eventfd(std::uint64_t initval, unsigned flags) : object_(initval, static_cast<efd::flags>(flags)) {}
    explicit cpp_eventfd(eventfd&& object) : object_(std::move(object)) {}
    cpp_eventfd(const cpp_eventfd& other) : object_(other.object_.duplicate()) {}
    cpp_eventfd& operator=(const cpp_eventfd&) = delete;

    int read(std::uint64_t& value, const waits& how) {
        if (how.when == waits::kind::as_flagged) return number(object_.read(value));
        if (how.when == waits::kind::never) return number(object_.try_read(value));
        if (how.stop != nullptr) return number(object_.read(value, stoppable(how)));
        if (how.deadline != nullptr) return number(object_.read_until(value, *how.deadline));
        return number(object_.read_for(value, long_time));
    }
    int read_some(std::uint64_t& value, std::uint64_t most, const waits& how = {}) {
        if (how.when == waits::kind::as_flagged) return number(object_.read_some(value, most));
        if (how.when == waits::kind::never) return number(object_.try_read_some(value, most));
        if (how.stop != nullptr) return number(object_.read_some(value, most, stoppable(how)));
        if (how.deadline != nullptr) return number(object_.read_some_until(value, most, *how.deadline));
        return number(object_.read_some_for(value, most, long_time));
    }
    int write(std::uint64_t value, const waits& how) {
        if (how.when == waits::kind::as_flagged) return number(object_.write(value));
        if (how.when == waits::kind::never) return number(object_.try_write(value));
        if (how.stop != nullptr) return number(object_.write(value, stoppable(how)));
        if (how.deadline != nullptr) return number(object_.write_until(value, *how.deadline));
        return number(object_.write_for(value, long_time));
    }
    int signal(bool deferred = false) {
        if (!deferred) return object_.signal() ? 0 : EDEADLK;
        object_.signal_deferred();
        return 0;
    }
    void set_nonblock(bool on) { object_.set_nonblock(on); }
    bool nonblock() { return object_.nonblock(); }
    unsigned poll() { return object_.poll(); }
    std::uint64_t count() { return object_.count(); }

    unsigned watch(observer& one, unsigned mask) {
        one = observer{};
        one.callback = [](wait_queue_entry& entry, std::uint32_t /*key*/) {
            static_cast<observer&>(entry).called = true;
            return 0;
        };
        one.mask = mask;
        std::uint32_t ready = 0;
        const int error = number(object_.add_wait_queue(one, ready));
        return error == 0 ? ready & (mask | POLLERR) : static_cast<unsigned>(error) << 8;
    }
    void unwatch(observer& one) { object_.remove_wait_queue(one); }
    unsigned event(observer& one) { return std::exchange(one.called, false) ? poll() & (one.mask | POLLERR) : 0; }
    int unwatch_and_read(observer& one, std::uint64_t& value) {
        return number(object_.remove_wait_queue_and_read(one, value));
    }

  private:
    static constexpr std::chrono::hours long_time{24};
    static int number(std::errc error) { return static_cast<int>(error); }
    static wait_options stoppable(const waits& how) { return {.stop = *how.stop, .blocking = blocking::always}; }

    eventfd object_;
};

// Its waits have no stop token.
class c_eventfd {
  public:
    struct observer : efd_wait_queue_entry {
        bool called = false;
    };

    // Throws std::system_error.
    c_eventfd(std::uint64_t initval, unsigned flags) : object_(efd_create(initval, static_cast<int>(flags))) {
        if (object_ == nullptr) throw std::system_error(errno, std::generic_category());
    }
    c_eventfd(const c_eventfd& other) : object_(efd_get(other.object_)) {}
    c_eventfd& operator=(const c_eventfd&) = delete;
    ~c_eventfd() { efd_put(object_); }

    int read(std::uint64_t& value, const waits& how) {
        if (how.when == waits::kind::as_flagged) return error_of(efd_read(object_, &value));
        if (how.when == waits::kind::never) return error_of(efd_try_read(object_, &value));
        if (how.deadline != nullptr) return error_of(efd_read_until(object_, &value, deadline_ns(how)));
        return error_of(efd_read_for(object_, &value, long_ns));
    }
    int read_some(std::uint64_t& value, std::uint64_t most) { return error_of(efd_read_some(object_, &value, most)); }
    int write(std::uint64_t value, const waits& how) {
        if (how.when == waits::kind::as_flagged) return error_of(efd_write(object_, value));
        if (how.when == waits::kind::never) return error_of(efd_try_write(object_, value));
        if (how.deadline != nullptr) return error_of(efd_write_until(object_, value, deadline_ns(how)));
        return error_of(efd_write_for(object_, value, long_ns));
    }
    int signal(bool deferred) { return error_of(deferred ? efd_signal_deferred(object_) : efd_signal(object_)); }
    void set_nonblock(bool on) { efd_set_nonblock(object_, on ? 1 : 0); }
    bool nonblock() { return (efd_flags(object_) & EFD_NONBLOCK) != 0; }
    unsigned poll() { return static_cast<unsigned>(efd_poll(object_)); }
    std::uint64_t count() { return efd_count(object_); }

    unsigned watch(observer& one, unsigned mask) {
        one = observer{};
        one.callback = [](efd_wait_queue_entry* entry, unsigned /*key*/) {
            static_cast<observer*>(entry)->called = true;
            return 0;
        };
        one.mask = mask;
        unsigned ready = 0;
        const int error = error_of(efd_wait_queue_add(object_, &one, &ready));
        return error == 0 ? ready & (mask | POLLERR) : static_cast<unsigned>(error) << 8;
    }
    void unwatch(observer& one) { efd_wait_queue_remove(object_, &one); }
    unsigned event(observer& one) { return std::exchange(one.called, false) ? poll() & (one.mask | POLLERR) : 0; }
    int unwatch_and_read(observer& one, std::uint64_t& value) {
        return error_of(efd_wait_queue_remove_and_read(object_, &one, &value));
    }

  private:
    static constexpr std::uint64_t long_ns = 86'400'000'000'000;
    static int error_of(int result) { return result == 0 ? 0 : errno; }
    static std::uint64_t deadline_ns(const waits& how) { // 0 would make one try
        return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(how.deadline->time_since_epoch().count()));
    }

    efd_t* object_;
};

} // namespace efd::common
