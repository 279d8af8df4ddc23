// SPDX-License-Identifier: MIT
// verify/fuzz/threaded_subject.hpp: one subject with the threads that make calls on it.
//
// Owns the subject and four threads, which live as long as it does. The driver's thread begins calls, acts itself, and
// brings the subject to rest: every call is over, or its thread is seen asleep in it, twice without a voluntary switch
// between, so that no thread that another one woke meanwhile is missed. Nothing is judged by time; if rest does not
// come within a bound, that is reported. Invariant: a thread that is not inside a call does not touch the subject.
#pragma once

#include "fuzz/endings.hpp"
#include "fuzz/subject.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace efd::fuzz {

// One thread, and what the kernel says of it.
class lane {
  public:
    explicit lane(subject& on);
    ~lane();
    lane& operator=(lane&&) = delete; // neither copied nor moved

    void begin(const call& what, manner how);
    [[nodiscard]] bool busy() const { return taken_; }
    // What became of the call; frees the lane when it is over.
    call collect();
    [[nodiscard]] call so_far() const;

    struct sight {
        bool at_rest = false;
        bool over = false;
        long switches = 0;
        bool operator==(const sight&) const = default;
    };
    [[nodiscard]] sight look() const;
    void send(int signal_number) const;

  private:
    enum class phase : int { idle, asked, inside, over, leave };

    void work();

    subject& on_;
    call what_;
    manner how_ = manner::as_flagged;
    bool taken_ = false;
    std::atomic<phase> phase_{phase::idle};
    std::atomic<pid_t> tid_{0};
    std::mutex mutex_;
    std::condition_variable asked_;
    std::thread thread_; // last
};

class threaded_subject {
  public:
    static constexpr std::size_t most_lanes = 4;

    explicit threaded_subject(std::unique_ptr<subject> of);

    [[nodiscard]] subject& on() { return *of_; }
    [[nodiscard]] std::string_view name() const { return of_->name(); }
    void begin(const call& what, manner how);
    [[nodiscard]] std::size_t busy() const;
    // False if it does not come to rest within the bound.
    [[nodiscard]] bool rest() const;
    // Every call as it stands, sorted.
    [[nodiscard]] std::vector<call> calls() const;
    void forget_finished();
    // Interrupts every sleeping thread, without waiting for anything.
    void send_home() const;
    // The sleeper that is the how-manieth in the order of calls(); true when its handler has run.
    [[nodiscard]] bool interrupt(std::size_t sleeper, bool restart);

  private:
    std::unique_ptr<subject> of_;
    std::array<std::unique_ptr<lane>, most_lanes> lanes_;
};

} // namespace efd::fuzz
