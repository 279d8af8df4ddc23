// SPDX-License-Identifier: MIT
// verify/linearize/broken_object.hpp: the breakable eventfd, in the shape that the recorder works on.
//
// Each flaw is one mistake that real objects have been shipped with. They show that the checker rejects what it must,
// through the very recorder that watches the library. Any thread may call any member.
#pragma once

#include "common/breakable_eventfd.hpp"
#include "linearize/real_subject.hpp"

#include <sys/eventfd.h>

namespace efd::linearize {

using common::flaw;

class broken_object {
  public:
    struct entry {};
    static constexpr bool reads_some = true;

    broken_object(std::uint64_t initial, bool semaphore, bool nonblock, flaw with)
        : object_(initial, (semaphore ? unsigned{EFD_SEMAPHORE} : 0) | (nonblock ? unsigned{EFD_NONBLOCK} : 0), with) {}

    std::errc try_read(std::uint64_t& value, std::uint64_t most) { return take(value, most, {.when = kind::never}); }
    std::errc read(std::uint64_t& value, std::uint64_t most) { return take(value, most, {}); }
    std::errc read_until(std::uint64_t& value, std::uint64_t most, moment deadline) {
        return take(value, most, {.when = kind::always, .deadline = &deadline});
    }
    std::errc read(std::uint64_t& value, std::uint64_t most, const std::stop_token& stop) {
        return take(value, most, {.when = kind::always, .stop = &stop});
    }
    std::errc try_write(std::uint64_t n) { return add(n, {.when = kind::never}); }
    std::errc write(std::uint64_t n) { return add(n, {}); }
    std::errc write_until(std::uint64_t n, moment deadline) {
        return add(n, {.when = kind::always, .deadline = &deadline});
    }
    std::errc write(std::uint64_t n, const std::stop_token& stop) {
        return add(n, {.when = kind::always, .stop = &stop});
    }
    void signal() { object_.signal(); }
    std::uint64_t count() { return object_.count(); }
    std::uint64_t poll() { return object_.poll(); }
    std::uint64_t join(entry& /*unused*/) { return poll(); }
    std::errc leave_and_read(entry& /*unused*/, std::uint64_t& value) { return try_read(value, 0); }

  private:
    using kind = common::waits::kind;

    std::errc take(std::uint64_t& value, std::uint64_t most, const common::waits& how) {
        return std::errc{most == 0 ? object_.read(value, how) : object_.read_some(value, most, how)};
    }
    std::errc add(std::uint64_t n, const common::waits& how) { return std::errc{object_.write(n, how)}; }

    common::breakable_eventfd object_;
};

} // namespace efd::linearize
