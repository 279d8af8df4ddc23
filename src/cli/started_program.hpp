// SPDX-License-Identifier: MIT
// cli/started_program.hpp: a program that this process starts, stays beside until its end, and ends as.
//
// It is a child in the same process group and on the same terminal, so job control reaches both. Signals that are sent
// to this process are passed on to the program, and signals that the program sends to its parent are passed on to the
// starter. One thread.
#pragma once

#include <array>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace efd::cli {

// Standard error may be closed or full: that does not change the exit status.
void say(std::FILE* to, const std::string& text);

// Becomes the program. Returns only on failure, with the shell's status for it.
[[nodiscard]] int become(const std::vector<std::string>& command);

// Whether the signals of a terminal that stop are passed on too; otherwise they stop this process.
enum class stop_signals : bool { left_alone, passed_on };
struct kept_actions {
    std::array<struct sigaction, 65> old{};
    stop_signals stops = stop_signals::left_alone;
};
[[nodiscard]] kept_actions watch_signals(stop_signals stops);
void restore_signals(const kept_actions& kept);
// Who gets the signals; 0: nobody, any more.
void pass_signals_to(pid_t child);

// A pipe between this process and the program that it starts.
struct pipe_ends {
    int from[2] = {-1, -1};
    pipe_ends();
    pipe_ends& operator=(pipe_ends&&) = delete; // neither copied nor moved
    ~pipe_ends();
    void close(int which);
};

// A child with the signal actions that this process had before watch_signals; signals are passed on to it from now on.
// `in_child` does not return.
[[nodiscard]] pid_t start_child(const kept_actions& kept, const std::function<void()>& in_child);
// In that child: becomes the program, after `prepare`. If either fails, says why, tells the parent, and ends with the
// shell's status for it.
[[noreturn]] void be_the_program(
    const std::vector<std::string>& command, pipe_ends& failed, const std::function<void()>& prepare = [] {});
// In the parent, which has closed its own end for writing: has the child become the program?
[[nodiscard]] bool has_begun(const pipe_ends& failed);

// Stops this process as the program has stopped, for the shell to see, unless `is_still_stopped` denies it. Returns
// when it is continued.
void stop_beside(pid_t child, bool (*is_still_stopped)(pid_t child));
// Was this process continued (SIGCONT) since the last call of forget_continue?
[[nodiscard]] bool was_continued();
void forget_continue();

// Ends as the program ended: by the same signal, without a second core.
[[nodiscard]] int end_as(int status);

// A file that a report goes to. Opened before anything runs, so that a report that cannot be written does not waste a
// run. Null if the name is empty.
using report_file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
[[nodiscard]] report_file open_report(const std::string& name);

} // namespace efd::cli
