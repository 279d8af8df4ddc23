// SPDX-License-Identifier: MIT
// main.cpp: processes add and take, make, find and drop objects, fork, and are killed; then everything is counted.
//
//     conserve [--seconds N] [--seed N] [--workers N] [--kills N (a second)]
//     conserve --must-fail    a fault must show, in one of five runs: of libraries that are broken on purpose
//
// What was added less what was taken is what is there, but for the last calls of those who were killed.
#include "common/seeds.hpp"
#include "conserve/ledger.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace efd::conserve {
namespace {

using clock = std::chrono::steady_clock;

struct options {
    bool must_fail = false;
    int seconds = 8;
    std::uint64_t seed = 0;
    std::size_t workers = 4;
    int kills = 10;
};

class run {
  public:
    explicit run(const options& asked)
        : asked_(asked), dice_(asked.seed), shared_({.slots = slots,
                                                     .processes = processes,
                                                     .first_look = std::chrono::milliseconds(1),
                                                     .last_look = std::chrono::milliseconds(20)}) {
        void* const at = ::mmap(nullptr, sizeof(ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) std::abort();
        all_ = new (at) ledger;
        for (std::size_t i = 0; i < lasting; ++i)
            lasting_.push_back(
                shared_.make(lasting_name(i), i == lasting - 1 ? much : 0, i == 1 ? flags::semaphore : flags::none));
    }

    int done() {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        for (std::size_t i = 0; i < asked_.workers; ++i) workers_.push_back(start());
        const auto until = clock::now() + std::chrono::seconds(asked_.seconds);
        while (clock::now() < until && faults_ == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1000 / asked_.kills)); // pace: of the kills
            kill_one();
        }
        all_->stop = true;
        await_all();
        if (faults_ == 0) look();
        std::printf("seed %llu, %d faults\n", static_cast<unsigned long long>(asked_.seed), faults_);
        return (faults_ == 0) != asked_.must_fail ? 0 : 1;
    }

  private:
    void fault(const std::string& what) {
        std::printf("fault: %s\n", what.c_str());
        ++faults_;
    }
    pid_t start() {
        const std::uint64_t seed = dice_();
        std::fflush(stdout);
        const pid_t child = ::fork();
        if (child != 0) return child;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        lasting_.clear(); // found again by name
        std::_Exit(static_cast<int>(work(shared_, *all_, seed, UINT64_MAX)));
    }
    void judge(int status, bool was_killed) {
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
            fault("a process has seen fault " + std::to_string(WEXITSTATUS(status)));
        if (WIFSIGNALED(status) && !(was_killed && WTERMSIG(status) == SIGKILL)) fault(::strsignal(WTERMSIG(status)));
    }
    // Of workers alone; a worker that has ended by itself has seen a fault.
    void kill_one() {
        pid_t& one = workers_[dice_() % workers_.size()];
        int status = 0;
        if (one <= 1) return;
        ::kill(one, SIGKILL);
        if (::waitpid(one, &status, 0) == one) judge(status, true);
        ++killed_;
        one = start();
    }
    void await_all() {
        const auto until = clock::now() + std::chrono::seconds(30);
        int status = 0;
        for (;;) {
            const pid_t ended = ::waitpid(-1, &status, WNOHANG);
            if (ended < 0) return;
            if (ended > 0) {
                judge(status, false);
                continue;
            }
            if (clock::now() > until) {
                fault("a process does not end");
                for (const pid_t one : workers_)
                    if (one > 1) ::kill(one, SIGKILL);
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1)); // pace: they end when their calls do
        }
    }

    void look() {
        std::uint64_t calls = 0;
        std::uint64_t found = 0;
        const std::size_t used = std::min<std::size_t>(all_->used, pages);
        for (std::size_t i = 0; i < used; ++i) calls += all_->of[i].calls, found += all_->of[i].found;
        std::printf("%llu calls of %zu processes, %d killed, %llu forks, %llu objects found by id\n",
                    static_cast<unsigned long long>(calls), used, killed_, static_cast<unsigned long long>(all_->forks),
                    static_cast<unsigned long long>(found));
        for (std::size_t i = 0; i < lasting; ++i) look_at_units(i, used);
        look_at_slots();
        if (calls == 0 || found == 0) fault("nothing was done");
    }
    void look_at_units(std::size_t which, std::size_t used) {
        std::uint64_t added = which == lasting - 1 ? much : 0;
        std::uint64_t taken = 0;
        std::uint64_t perhaps_added = 0;
        std::uint64_t perhaps_taken = 0;
        for (std::size_t i = 0; i < used; ++i) {
            const page& one = all_->of[i];
            added += one.sums[which].added;
            taken += one.sums[which].taken;
            const std::uint32_t add = one.about_to_add;
            if ((add & 0xFF) == which + 1) perhaps_added += add >> 8;
            if (one.about_to_take == which + 1) perhaps_taken += most_taken;
        }
        const std::uint64_t count = lasting_[which].count();
        std::printf("%-10s added %12llu, taken %12llu, there %14llu; unknown +%llu -%llu\n", lasting_name(which),
                    static_cast<unsigned long long>(added), static_cast<unsigned long long>(taken),
                    static_cast<unsigned long long>(count), static_cast<unsigned long long>(perhaps_added),
                    static_cast<unsigned long long>(perhaps_taken));
        if (count + taken > added + perhaps_added) fault("there are more units than were added");
        if (count + taken + perhaps_taken < added) fault("units are lost");
    }
    void look_at_slots() {
        (void)shared_.reap();
        for (const arena_name& one : shared_.list())
            if (one.name.starts_with("name")) (void)shared_.remove(one.name);
        (void)shared_.reap();
        std::vector<eventfd> made;
        try {
            while (made.size() <= slots) made.push_back(shared_.make());
        } catch (const std::system_error& full) {
            std::printf("%zu of %u slots are free: %s\n", made.size(), slots, full.what());
        }
        if (made.size() != slots - lasting) fault("slots are lost");
    }

    options asked_;
    std::mt19937_64 dice_;
    arena shared_;
    ledger* all_ = nullptr;
    std::vector<eventfd> lasting_;
    std::vector<pid_t> workers_;
    int killed_ = 0;
    int faults_ = 0;
};

} // namespace
} // namespace efd::conserve

int main(int count, char** given) {
    efd::conserve::options asked;
    asked.seed = std::random_device{}();
    for (int i = 1; i < count; ++i) {
        const std::string word = given[i];
        const bool has_value = i + 1 < count;
        if (word == "--must-fail")
            asked.must_fail = true;
        else if (word == "--seconds" && has_value)
            asked.seconds = std::max(1, std::atoi(given[++i]));
        else if (word == "--kills" && has_value)
            asked.kills = std::clamp(std::atoi(given[++i]), 1, 1000);
        else if (word == "--workers" && has_value)
            asked.workers = static_cast<std::size_t>(std::clamp(std::atoi(given[++i]), 1, 12));
        else if (word == "--seed" && has_value)
            asked.seed = std::strtoull(given[++i], nullptr, 10);
        else
            return 2;
    }
    return efd::common::run_by_seeds<efd::conserve::run>(asked, 5);
}
