// SPDX-License-Identifier: MIT
// conformance/framework/sleeper.cpp: see sleeper.hpp.
#include "conformance/framework/sleeper.hpp"

#include "conformance/framework/task.hpp"

#include <chrono>
#include <csignal>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::claims {
namespace {

constexpr std::chrono::microseconds between_looks{100};

} // namespace

bool wait_until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + step_bound;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return holds();
        std::this_thread::sleep_for(between_looks); // pace: the state looked for sends no event
    }
    return true;
}

sleeper::sleeper(trial& asked, place asleep_there, call what, std::string_view name)
    : asked_(&asked), asleep_there_(std::move(asleep_there)), name_(name), shared_(std::make_shared<shared_state>()),
      thread_([shared = shared_, what = std::move(what)] {
          shared->tid.store(this_tid(), std::memory_order_release);
          shared->error = what(shared->value);
          shared->done.store(true, std::memory_order_release);
      }) {
    const bool settled = wait_until([this] { return returned() || (tid() != 0 && asleep()); });
    if (settled && !returned()) return;
    thread_.detach(); // no destructor runs for a constructor that throws
    asked.abandon(name_ + (settled ? " returned where it must sleep" : " was never seen asleep"));
}

sleeper sleeper::reading(trial& asked, object& of) {
    return {asked, [&of](pid_t tid) { return of.has_sleeper(tid); },
            [&of](std::uint64_t& value) { return of.read(value); }, "a read"};
}

sleeper sleeper::writing(trial& asked, object& to, std::uint64_t value) {
    return {asked, [&to](pid_t tid) { return to.has_sleeper(tid); },
            [&to, value](std::uint64_t&) { return to.write(value); }, "a write of " + std::to_string(value)};
}

sleeper::~sleeper() {
    if (!thread_.joinable()) return;
    if (returned())
        thread_.join();
    else
        thread_.detach();
}

void sleeper::must_return(std::string_view after) {
    if (!wait_until([this] { return returned(); })) asked_->abandon(name_ + " sleeps on after " + std::string(after));
}

void sleeper::must_sleep(std::string_view after) {
    const bool settled = wait_until([this] { return returned() || asleep(); });
    if (returned()) asked_->abandon(name_ + " returned after " + std::string(after));
    if (!settled) asked_->abandon(name_ + " does not sleep again after " + std::string(after));
}

void sleeper::must_return_with(int claimed, std::string_view after) {
    must_return(after);
    asked_->expect_error(error(), claimed, name_ + " after " + std::string(after));
}

void sleeper::must_return_with(int claimed, std::uint64_t claimed_value, std::string_view after) {
    must_return_with(claimed, after);
    asked_->expect_equal(value(), claimed_value, "value of " + name_ + " after " + std::string(after));
}

void sleeper::send(int signal_number) const { ::syscall(SYS_tgkill, ::getpid(), tid(), signal_number); }

void must_return_exactly(trial& asked, const sleepers& group, std::size_t claimed, std::string_view after) {
    std::size_t returned = 0;
    bool others_asleep = false;
    const bool settled = wait_until([&] {
        returned = 0;
        others_asleep = true;
        for (const sleeper& one : group) {
            if (one.returned())
                ++returned;
            else
                others_asleep = others_asleep && one.asleep();
        }
        return returned > claimed || (returned == claimed && others_asleep);
    });
    if (settled && returned == claimed) return;
    asked.abandon(std::to_string(returned) + " of " + std::to_string(group.size()) + " returned, claimed " +
                  std::to_string(claimed) + (others_asleep ? "" : ", the others not all asleep") + ", after " +
                  std::string(after));
}

} // namespace efd::claims
