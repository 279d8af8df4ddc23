// SPDX-License-Identifier: MIT
// cli/stat_calls.hpp: what a system call of a traced thread means for the eventfds of a run.
//
// The tracer reports each call twice, before the kernel runs it and after it has returned; the thread is stopped both
// times. Calls of several threads overlap, and are reported in the order in which the tracer saw them. The count that
// is kept here goes down when a read begins, by what the read is expected to take; when the read has returned, its
// result corrects the count. One thread.
#pragma once

#include "cli/stat_files.hpp"
#include "cli/stat_ledger.hpp"

#include <array>
#include <cstdint>
#include <sys/types.h>
#include <unordered_map>
#include <vector>

namespace efd::cli {

struct system_call {
    std::uint64_t number = 0;
    std::array<std::uint64_t, 6> arguments{};
};
struct call_result {
    std::int64_t value = 0;
    bool has_failed = false;
};

class stat_calls {
  public:
    explicit stat_calls(bool assumes_made) : files_(ledger_, assumes_made) {}

    // Times are of a steady clock.
    void begin(const traced_thread& by, const system_call& call, std::uint64_t now_ns);
    void end(const traced_thread& by, const call_result& result, std::uint64_t now_ns);

    void executed(pid_t process);
    void ended(const traced_thread& who);
    // The present call of `parent` has made a process, not a thread.
    void forked(const traced_thread& parent, pid_t child);

    [[nodiscard]] const stat_ledger& ledger() const { return ledger_; }
    // The time that tracing adds to a call that does not sleep.
    [[nodiscard]] double overhead_ns() const;
    // Was an io_uring or an AIO context made?
    [[nodiscard]] bool has_rings() const { return has_rings_; }

  private:
    enum class kind : unsigned char { none, read, write, wait, make, close, second_number, epoll_change };
    struct pending {
        kind what = kind::none;
        system_call call;
        stat_eventfd* on = nullptr;
        std::uint64_t units = 0;       // written, or expected of a read
        bool may_sleep = false;        // a read of an empty eventfd
        bool ends_read = false;        // the forecast counts the read
        stat_eventfd* waker = nullptr; // whose write found this thread asleep
        std::vector<stat_eventfd*> watched;
        std::uint64_t began_ns = 0;
    };

    void begin_read(const traced_thread& by, pending& now, bool is_plain);
    void begin_write(const traced_thread& by, pending& now, std::uint64_t from, bool is_plain, std::uint64_t length);
    void begin_vector(const traced_thread& by, pending& now, bool is_write);
    void begin_wait(const traced_thread& by, pending& now);
    void begin_epoll_ctl(const traced_thread& by, pending& now);
    void begin_other(const traced_thread& by, pending& now);
    void end_read(const traced_thread& by, const pending& then, const call_result& result);
    void end_epoll_ctl(const traced_thread& by, const pending& then);
    void count_sleep(const traced_thread& by, const pending& then, const call_result& result, std::uint64_t now_ns);
    void sleep_on(const traced_thread& by, pending& now, stat_eventfd* one);
    void wake_sleepers(stat_eventfd& of);
    void look_at_rights(const traced_thread& by, std::uint64_t message);

    stat_ledger ledger_;
    stat_files files_;
    std::unordered_map<pid_t, pending> pending_; // by thread
    std::uint64_t quick_calls_ = 0;
    std::uint64_t quick_ns_ = 0;
    bool has_rings_ = false;
};

} // namespace efd::cli
