// SPDX-License-Identifier: MIT
// verify/stress/busy_entry.hpp: a wait queue entry whose callback does what callbacks may do.
//
// Owned by one worker, called by each thread that changes the object. Its fields are plain on purpose: callbacks of one
// object never run two at once, and after remove_wait_queue returned they do not run; ThreadSanitizer sees it if that
// is not so. Only `gone` is atomic: an entry that removed itself tells its owner so by its very last step.
#pragma once

#include "stress/subjects.hpp"

#include <atomic>

namespace efd::stress {

struct busy_entry : wait_queue_entry {
    busy_entry() { callback = called; }

    // Before it is added: what it will do.
    void prepare(subject& at, subject& beyond, dice& d) {
        home = &at;
        onward = &beyond;
        mask = d.one_in(3) ? core::poll_in : core::poll_in | core::poll_out;
        exclusive = d.one_in(4);
        signals_left = beyond.may_signal() ? static_cast<unsigned>(d.below(4)) : 0;
        leave_after = d.one_in(3) ? 1 + static_cast<unsigned>(d.below(5)) : 0;
        signalled = 0;
        gone = false;
        member = true;
    }

    static int called(wait_queue_entry& self, std::uint32_t) {
        auto& e = static_cast<busy_entry&>(self);
        if (!e.member || signal_allowed() || e.home->object().signal()) ++e.wrong;
        if (e.signals_left > 0) { // a chain of callbacks, and it has an end
            --e.signals_left;
            ++e.signalled;
            e.onward->object().signal_deferred();
        }
        const int accepts = e.exclusive ? 1 : 0;
        if (e.leave_after > 0 && --e.leave_after == 0) {
            if (e.home->object().remove_wait_queue(e) != std::errc{}) ++e.wrong;
            e.member = false;
            e.gone = true; // the owner may use the entry anew from here
        }
        return accepts;
    }

    subject* home = nullptr;
    subject* onward = nullptr;
    unsigned signals_left = 0;
    unsigned leave_after = 0;
    std::uint64_t signalled = 0;
    std::uint64_t wrong = 0;
    bool member = false;
    std::atomic<bool> gone{false};
};

} // namespace efd::stress
