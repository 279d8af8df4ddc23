// SPDX-License-Identifier: MIT
// verify/fuzz/endings.cpp: see endings.hpp.
#include "fuzz/endings.hpp"

#include <efd/detail/core/count.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace efd::fuzz {
namespace {

using core::admission;

// One order after the other, by depth.
class exploration {
  public:
    exploration(const situation& before, const std::vector<blocking_step>& steps, std::set<ending>& into)
        : steps_(steps), semaphore_(before.semaphore), nonblock_(before.nonblock), entered_(before.asleep.size()),
          into_(into) {
        state start{before.count, 0, {}, before.asleep};
        go(start);
    }

  private:
    struct state {
        std::uint64_t count;
        std::size_t next;
        std::vector<call> own;
        std::vector<call> calls;
    };

    // What the call comes to if it looks now; not over if it has to wait.
    void look(call& of, std::uint64_t& count) const {
        if (of.is_read) {
            of.value = core::take_from(count, semaphore_);
            of.over = of.value != 0;
            count -= of.value;
            return;
        }
        const admission found = core::admit_write(count, of.amount);
        of.over = found != admission::must_wait;
        if (found == admission::invalid) of.error = EINVAL;
        if (found == admission::admitted) count += of.amount;
    }

    void go(const state& at) {
        bool at_rest = at.next == steps_.size();
        if (!at_rest) move_on(at);
        for (std::size_t i = 0; i < at.calls.size(); ++i) {
            if (at.calls[i].over) continue;
            state after = at;
            look(after.calls[i], after.count);
            // A call that was asleep before sleeps on; a call that begins now honours the flag.
            if (!after.calls[i].over && nonblock_ && i >= entered_) {
                after.calls[i].over = true;
                after.calls[i].error = EAGAIN;
            }
            if (!after.calls[i].over) continue;
            at_rest = false;
            go(after);
        }
        if (!at_rest) return;
        ending end{at.count, at.own, at.calls};
        std::sort(end.calls.begin(), end.calls.end());
        into_.insert(std::move(end));
    }

    void move_on(const state& at) {
        state after = at;
        const blocking_step& now = steps_[after.next++];
        call one{now.what == step_kind::begin_read || now.what == step_kind::read, now.by.offset, false, 0, 0};
        if (now.what == step_kind::begin_read || now.what == step_kind::begin_write) {
            after.calls.push_back(one);
        } else if (now.what == step_kind::read || now.what == step_kind::write) {
            look(one, after.count);
            if (!one.over) one.error = EAGAIN;
            one.over = true;
            after.own.push_back(one);
        } else if (now.what == step_kind::signal || now.what == step_kind::signal_deferred) {
            after.count = core::after_signal(after.count);
        }
        go(after);
    }

    const std::vector<blocking_step>& steps_;
    bool semaphore_;
    bool nonblock_;
    std::size_t entered_;
    std::set<ending>& into_;
};

} // namespace

std::set<ending> endings_of(const situation& before, const std::vector<blocking_step>& steps) {
    std::set<ending> all;
    exploration(before, steps, all);
    return all;
}

std::set<ending> endings_of_interrupt(const situation& before, std::size_t sleeper) {
    ending end{before.count, {}, before.asleep};
    end.calls.at(sleeper).over = true;
    end.calls.at(sleeper).error = EINTR;
    std::sort(end.calls.begin(), end.calls.end());
    return {end};
}

std::string in_words(const call& of) {
    std::string text = of.is_read ? "read" : "write(" + number_in_words(of.amount) + ")";
    if (!of.over) return text + " asleep";
    if (of.error != 0) return text + " " + ::strerrorname_np(of.error);
    return text + " ok" + (of.is_read ? " " + number_in_words(of.value) : "");
}

std::string in_words(const ending& of) {
    std::string text = "count " + number_in_words(of.count);
    for (const call& one : of.own) text += ", own " + in_words(one);
    for (const call& one : of.calls) text += ", " + in_words(one);
    return text;
}

} // namespace efd::fuzz
