// SPDX-License-Identifier: MIT
// conformance/framework/calm.hpp: whether a sleeping call has been left alone since it was seen asleep.
//
// Owns the number of voluntary switches at that moment; refers to the sleeper, which must stay where it is. Made and
// asked by the claim's thread. A wake by the kernel makes its thread runnable before the waking call returns, and going
// back to sleep is one more voluntary switch, so the answer after that call is exact. Invariant: lasts() is never true
// for a call that has returned.
#pragma once

#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"

namespace efd::claims {

class calm {
  public:
    explicit calm(const sleeper& of) : of_(&of), switches_(voluntary_switches(of.tid())) {}
    [[nodiscard]] bool lasts() const {
        return !of_->returned() && of_->asleep() && voluntary_switches(of_->tid()) == switches_;
    }

  private:
    const sleeper* of_;
    long switches_;
};

// A call that sleeps in poll, select or epoll_wait; its value is what the call reports.
inline sleeper polling(trial& asked, sleeper::call what, std::string_view name) {
    return {asked, asleep_in_poll, std::move(what), name};
}

} // namespace efd::claims
