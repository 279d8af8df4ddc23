// SPDX-License-Identifier: MIT
// verify/linearize/real_subject.hpp: the library's object, in the shape the recorder works on.
//
// Owns one efd::eventfd. Every member may be called from any thread; an entry belongs to one thread. The callback of an
// entry does nothing: it exists so that every change has a callback to run.
#pragma once

#include <efd/eventfd.hpp>

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <system_error>

namespace efd::linearize {

using moment = std::chrono::steady_clock::time_point;

class real_subject {
  public:
    struct entry : wait_queue_entry {
        entry() {
            callback = [](wait_queue_entry&, std::uint32_t) { return 0; };
            mask = core::poll_in | core::poll_out;
        }
    };

    real_subject(std::uint64_t initial, bool semaphore, bool nonblock)
        : object_(initial, (semaphore ? flags::semaphore : flags::none) | (nonblock ? flags::nonblock : flags::none)) {}

    // most: 0 for a read that takes as the mode says; always, for a subject that has no read_some.
    static constexpr bool reads_some = true;
    std::errc try_read(std::uint64_t& value, std::uint64_t most) {
        return most == 0 ? object_.try_read(value) : object_.try_read_some(value, most);
    }
    std::errc read(std::uint64_t& value, std::uint64_t most) {
        return most == 0 ? object_.read(value) : object_.read_some(value, most);
    }
    std::errc read_until(std::uint64_t& value, std::uint64_t most, moment deadline) {
        return most == 0 ? object_.read_until(value, deadline) : object_.read_some_until(value, most, deadline);
    }
    std::errc read(std::uint64_t& value, std::uint64_t most, const std::stop_token& stop) {
        const wait_options until{.stop = stop, .blocking = blocking::always};
        return most == 0 ? object_.read(value, until) : object_.read_some(value, most, until);
    }
    std::errc try_write(std::uint64_t n) { return object_.try_write(n); }
    std::errc write(std::uint64_t n) { return object_.write(n); }
    std::errc write_until(std::uint64_t n, moment deadline) { return object_.write_until(n, deadline); }
    std::errc write(std::uint64_t n, const std::stop_token& stop) {
        return object_.write(n, {.stop = stop, .blocking = blocking::always});
    }
    void signal() { object_.signal(); }
    std::uint64_t count() { return object_.count(); }
    std::uint64_t poll() { return object_.poll(); }
    std::uint64_t join(entry& e) {
        std::uint32_t ready = ~std::uint32_t{0};
        const std::errc end = object_.add_wait_queue(e, ready);
        return end == std::errc{} ? ready : ~std::uint64_t{0}; // no poll says that
    }
    std::errc leave_and_read(entry& e, std::uint64_t& value) { return object_.remove_wait_queue_and_read(e, value); }

  private:
    eventfd object_;
};

} // namespace efd::linearize
