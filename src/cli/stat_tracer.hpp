// SPDX-License-Identifier: MIT
// cli/stat_tracer.hpp: stops each thread of some processes before and after each of its system calls (ptrace(2)).
//
// Also follows the threads and children that they make. Signals, stops by signals and exits reach their targets
// unchanged. If this process dies, the kernel detaches all traced threads, and they go on. Only the thread that made a
// tracer calls its functions.
#pragma once

#include "cli/stat_calls.hpp"

#include <cstdint>
#include <optional>
#include <sys/types.h>
#include <unordered_map>
#include <unordered_set>

namespace efd::cli {

class stat_tracer {
  public:
    explicit stat_tracer(stat_calls& calls) : calls_(calls) {}

    // A child of this process that waits before it executes its program: its calls count from then on.
    void seize_child(pid_t child);
    // All threads of a process that run; their calls count when this returns. Throws std::runtime_error with what to do
    // if that is not permitted.
    void seize_process(pid_t process);

    // Until the process has ended: its status as of waitpid; or until end_soon was called: nothing.
    [[nodiscard]] std::optional<int> follow();
    // Lets all go on without being traced. Returns how many processes those are.
    std::uint32_t release();

    [[nodiscard]] std::uint64_t calls_stopped() const { return calls_stopped_; }
    [[nodiscard]] bool has_foreign_calls() const { return has_foreign_calls_; }
    [[nodiscard]] std::size_t processes() const { return processes_.size(); }

    // Ends follow(). Async-signal-safe.
    static void end_soon();

  private:
    struct followed {
        pid_t process = 0;
        bool is_interrupted = false; // by this tracer, and not stopped yet
    };

    void handle(pid_t thread, int status);
    void handle_stop(pid_t thread, int signal);
    void handle_event(pid_t thread, int event);
    void handle_call(pid_t thread);
    void handle_child(pid_t parent, pid_t child);
    void handle_exec(pid_t process);
    void forget(pid_t thread);
    followed& know(pid_t thread);
    void interrupt(pid_t thread);
    void resume(pid_t thread, int signal);
    void stop_as_root_does(int signal);
    [[nodiscard]] bool await_one();

    stat_calls& calls_;
    std::unordered_map<pid_t, followed> threads_;
    std::unordered_set<pid_t> processes_;
    pid_t root_ = 0;
    bool is_child_ = false;
    bool counts_ = false;
    bool releases_ = false;
    bool has_foreign_calls_ = false;
    std::optional<int> root_status_;
    std::uint64_t calls_stopped_ = 0;
};

} // namespace efd::cli
