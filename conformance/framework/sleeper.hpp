// SPDX-License-Identifier: MIT
// conformance/framework/sleeper.hpp: one blocking call in a thread of its own, for claims about blocking and waking.
//
// Owns the thread. The claim's thread starts it, waits until it is SEEN asleep, acts, and then says what must have
// happened: returned, or asleep (again). No step is judged by time; each wait has a bound, after which the claim
// differs and ends. Invariant: a thread that has returned is joined; one that never returns is left until the claim's
// process ends.
#pragma once

#include "conformance/framework/claim.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace efd::claims {

// How long each wait of a claim may take: far more than a busy machine needs, because a missed bound is a difference.
// Below the bound of a whole claim, so that a claim can say what it waited for. Shorter only in tests that expect a
// miss.
inline std::chrono::milliseconds step_bound{60'000};

// The same as a timespec for a system call.
template <class Timespec>
Timespec step_bound_as() {
    constexpr long ms_in_s = 1'000;
    constexpr long ns_in_ms = 1'000'000;
    Timespec bound{};
    bound.tv_sec = static_cast<decltype(bound.tv_sec)>(step_bound.count() / ms_in_s);
    bound.tv_nsec = static_cast<decltype(bound.tv_nsec)>(step_bound.count() % ms_in_s * ns_in_ms);
    return bound;
}

// Looks until `holds` is true, for step_bound at most; false if it never was.
bool wait_until(const std::function<bool()>& holds);

class sleeper {
  public:
    // The call to make in the thread: 0 or an errno, and a value if there is one.
    using call = std::function<int(std::uint64_t& value)>;
    using place = std::function<bool(pid_t tid)>;

    // Starts the call and waits until it is seen asleep there; a call that returns instead ends the trial.
    sleeper(trial& asked, place asleep_there, call what, std::string_view name = "the call");
    static sleeper reading(trial& asked, object& of);
    static sleeper writing(trial& asked, object& to, std::uint64_t value);
    ~sleeper();
    sleeper(sleeper&&) noexcept = default;
    sleeper& operator=(sleeper&&) = delete;

    [[nodiscard]] bool returned() const { return shared_->done.load(std::memory_order_acquire); }
    [[nodiscard]] bool asleep() const { return asleep_there_(tid()); }
    [[nodiscard]] pid_t tid() const { return shared_->tid.load(std::memory_order_acquire); }

    // Waits for the call to return, which it must.
    void must_return(std::string_view after);
    // Waits until it is seen asleep (again), which it must be without having returned.
    void must_sleep(std::string_view after);
    // must_return with this outcome.
    void must_return_with(int error, std::string_view after);
    void must_return_with(int error, std::uint64_t value, std::string_view after);

    [[nodiscard]] int error() const { return shared_->error; } // only after it has returned
    [[nodiscard]] std::uint64_t value() const { return shared_->value; }

    // A signal for this thread alone.
    void send(int signal_number) const;

  private:
    struct shared_state {
        std::atomic<pid_t> tid{0};
        std::atomic<bool> done{false};
        int error = 0;
        std::uint64_t value = 0;
    };

    trial* asked_;
    place asleep_there_;
    std::string name_;
    std::shared_ptr<shared_state> shared_;
    std::thread thread_;
};

using sleepers = std::vector<sleeper>;

// Waits until exactly `claimed` of them have returned and all others are asleep.
void must_return_exactly(trial& asked, const sleepers& group, std::size_t claimed, std::string_view after);

} // namespace efd::claims
