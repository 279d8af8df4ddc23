// SPDX-License-Identifier: MIT
// main.cpp: processes make every call on an arena while another one scribbles over it.
//
//     hostile [--full] [--seconds N] [--seed N]
//     hostile --must-fail    a fault must show, in one of three runs: of libraries that are broken on purpose
//
// Faults: a process that ends by itself (also by what a sanitizer says), a call that goes on for long, a call with a
// deadline that uses a processor for longer than that and 10 ms. How late calls were by the clock is printed; on a busy
// machine that says little.
#include "common/seeds.hpp"
#include "hostile/control.hpp"

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

namespace efd::hostile {
namespace {

struct options {
    bool must_fail = false;
    std::int64_t seconds = 10;
    std::uint64_t patterns = 100'000;
    std::uint64_t seed = 0;
};

constexpr std::uint64_t others_turns = 1; // calls that a busy machine may stop for long: more are a fault

template <class Body>
pid_t start(Body body) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    std::_Exit(0);
}

void end(pid_t child) {
    if (child <= 1) return;
    ::kill(child, SIGKILL);
    (void)::waitpid(child, nullptr, 0);
}

class run {
  public:
    explicit run(const options& asked) : asked_(asked) {
        void* const page = ::mmap(nullptr, sizeof(control), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) std::abort();
        all_ = new (page) control;
    }

    int done() {
        arena shared({.slots = slots,
                      .processes = processes,
                      .names = names,
                      .first_look = std::chrono::milliseconds(1),
                      .last_look = std::chrono::milliseconds(20),
                      .sets = sets});
        const int descriptor = shared.fd();
        for (int i = 0; i < callers; ++i)
            children_[i] =
                start([&] { make_calls(shared, *all_, i, asked_.seed + 1 + static_cast<std::uint64_t>(i)); });
        children_[callers] = start([&] { scribble(descriptor, *all_, asked_.seed); });
        children_[callers + 1] = start([&] { keep_names(descriptor, *all_); });
        watch();
        all_->stop = true;
        for (pid_t& one : children_) await_end(one);
        tell();
        return (faults_ == 0) != asked_.must_fail ? 0 : 1;
    }

  private:
    void fault(const std::string& what) {
        std::printf("fault: %s\n", what.c_str());
        ++faults_;
    }
    [[nodiscard]] std::uint64_t patterns() const {
        std::uint64_t sum = 0;
        for (const auto& one : all_->patterns) sum += one;
        return sum;
    }
    static std::string said(int status) {
        return WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status)) : "status " + std::to_string(WEXITSTATUS(status));
    }
    void watch() {
        const std::int64_t began = clock_ns(CLOCK_MONOTONIC);
        constexpr int most_times = 6; // on a busy machine
        while (faults_ == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20)); // pace: what is watched sends no event
            const std::int64_t now = clock_ns(CLOCK_MONOTONIC);
            int status = 0;
            for (pid_t& one : children_) {
                if (one <= 1 || ::waitpid(one, &status, WNOHANG) != one) continue;
                one = -1;
                if (status != 0) fault("a process has ended: " + said(status));
            }
            for (const control::caller& one : all_->by) {
                const std::int64_t since = one.began_ns;
                if (since != 0 && now - since > hangs_after_ns)
                    fault(std::string("goes on for ever: ") + call_names[one.now]);
            }
            if (now - began > asked_.seconds * ns_per_s && patterns() >= asked_.patterns) return;
            if (now - began > most_times * asked_.seconds * ns_per_s) return fault("too few patterns");
        }
    }
    void await_end(pid_t& child) {
        if (child <= 1) return;
        const std::int64_t until = clock_ns(CLOCK_MONOTONIC) + hangs_after_ns;
        int status = 0;
        while (::waitpid(child, &status, WNOHANG) == 0) {
            if (clock_ns(CLOCK_MONOTONIC) > until || faults_ > 0) {
                if (faults_ == 0) fault("a process does not end");
                return end(child);
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1)); // pace: it ends when its call does
        }
        if (status != 0) fault("a process has ended: " + said(status));
    }
    void tell() {
        for (std::size_t i = 0; i < pattern_names.size(); ++i)
            std::printf("%-20s %12llu\n", pattern_names[i], static_cast<unsigned long long>(all_->patterns[i]));
        std::printf("%-20s %12llu\n\n%-14s %10s %10s %12s %12s\n", "patterns",
                    static_cast<unsigned long long>(patterns()), "call", "made", "done", "late, ms", "busy, ms");
        for (std::size_t i = 0; i < call_names.size(); ++i) tell_call(i);
        if (late_calls_ > others_turns)
            fault(std::to_string(late_calls_) + " calls were late by more than two seconds");
        std::printf("seed %llu, %d faults\n", static_cast<unsigned long long>(asked_.seed), faults_);
    }
    void tell_call(std::size_t which) {
        std::uint64_t made = 0;
        std::uint64_t done = 0;
        std::uint64_t busy_calls = 0;
        std::int64_t late = 0;
        std::int64_t busy = 0;
        for (const control::caller& one : all_->by) {
            const call_record& record = one.calls[which];
            made += record.made;
            done += record.done;
            late_calls_ += record.late;
            busy_calls += record.busy;
            late = std::max<std::int64_t>(late, record.worst_late_ns);
            busy = std::max<std::int64_t>(busy, record.worst_busy_ns);
        }
        std::printf("%-14s %10llu %10llu %12.2f %12.2f\n", call_names[which], static_cast<unsigned long long>(made),
                    static_cast<unsigned long long>(done), static_cast<double>(late) / 1e6,
                    static_cast<double>(busy) / 1e6);
        if (made == 0 && faults_ == 0) fault(std::string("never made: ") + call_names[which]);
        if (busy_calls > others_turns) fault(std::string("busy for too long: ") + call_names[which]);
    }

    options asked_;
    control* all_ = nullptr;
    pid_t children_[callers + 2]{};
    std::uint64_t late_calls_ = 0;
    int faults_ = 0;
};

} // namespace
} // namespace efd::hostile

int main(int count, char** given) {
    efd::hostile::options asked;
    asked.seed = std::random_device{}();
    for (int i = 1; i < count; ++i) {
        const std::string word = given[i];
        if (word == "--must-fail") {
            asked.must_fail = true;
        } else if (word == "--full") {
            asked.seconds = 300;
            asked.patterns = 10'000'000;
        } else if (word == "--seconds" && i + 1 < count) {
            asked.seconds = std::strtoll(given[++i], nullptr, 10);
        } else if (word == "--seed" && i + 1 < count) {
            asked.seed = std::strtoull(given[++i], nullptr, 10);
        } else {
            return 2;
        }
    }
    return efd::common::run_by_seeds<efd::hostile::run>(asked, 3);
}
