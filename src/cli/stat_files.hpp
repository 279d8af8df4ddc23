// SPDX-License-Identifier: MIT
// cli/stat_files.hpp: which eventfd a number of a traced process is.
//
// A number is looked up in /proc when a call first names it, and the result is cached until a call may have changed it.
// There is one cache for each process, because its threads share their numbers; if they do not, or share them with
// another process, nothing is cached. Two numbers are the same eventfd if the kernel's id is the same. The thread whose
// call is looked up must be stopped. One thread.
#pragma once

#include "cli/stat_ledger.hpp"

#include <string>
#include <sys/types.h>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace efd::cli {

struct traced_thread {
    pid_t tid = 0;
    pid_t process = 0;
};

class stat_files {
  public:
    // `assumes_made`: an eventfd that is found open is taken for one that its process has made under the drop-in.
    stat_files(stat_ledger& ledger, bool assumes_made) : ledger_(ledger), assumes_made_(assumes_made) {}

    // Null: no eventfd.
    [[nodiscard]] stat_eventfd* find(const traced_thread& by, int number);
    // eventfd(2) has returned this number.
    void make(const traced_thread& by, int number, std::uint64_t initial, bool is_semaphore);
    // The eventfds that an epoll has; `watch` and `unwatch` follow epoll_ctl.
    [[nodiscard]] const std::vector<stat_eventfd*>& watched_by(const traced_thread& by, int epoll);
    void watch(const traced_thread& by, int epoll, stat_eventfd* one);
    void unwatch(const traced_thread& by, int epoll, const stat_eventfd* one);

    void forget(const traced_thread& by, int number);
    void forget_all(pid_t process);
    // The process has executed a program, or ended.
    void begin_anew(pid_t process);
    void never_remember(pid_t process) { unsure_.insert(process); }
    // For the drop-in: something happens to all that this process has.
    void demote_all(pid_t process, dropin::reason why);
    // The same, and to all that it makes later.
    void demote_for_good(pid_t process, dropin::reason why);

  private:
    struct table {
        std::unordered_map<int, stat_eventfd*> numbers; // null: another kind of file
        std::unordered_map<int, std::vector<stat_eventfd*>> epolls;
        dropin::reason for_good = dropin::reason::none;
    };

    stat_eventfd* look_up(const traced_thread& by, int number);

    stat_ledger& ledger_;
    bool assumes_made_;
    std::unordered_map<pid_t, table> tables_;
    std::unordered_set<pid_t> unsure_;
    std::unordered_map<std::uint32_t, stat_eventfd*> by_id_;
};

// "comm" of a process, printable; "?" if it has gone.
[[nodiscard]] std::string command_of(pid_t process);
// A short file of /proc; empty if it cannot be read.
[[nodiscard]] std::string proc_text_of(const std::string& path);

} // namespace efd::cli
