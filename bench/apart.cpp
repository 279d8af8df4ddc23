// SPDX-License-Identifier: MIT
// bench/apart.cpp: see apart.hpp.
#include "bench/apart.hpp"

#include <efd/detail/base/atomic.hpp>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <new>
#include <poll.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace efd::bench {
namespace {

constexpr int looks_a_second = 4;
constexpr int seconds_to_die = 10;

[[noreturn]] void broken(const char* what) {
    throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

// The subject of measurement number `done`; the order rotates from round to round.
std::size_t turn_of(std::size_t done, std::size_t subjects) { return (done % subjects + done / subjects) % subjects; }

// Results of the row's process: how many measurements have ended, their values and latencies, and what failed.
class results {
  public:
    results(std::size_t number, std::size_t subjects)
        : bytes_(sizeof(head) + subjects * sizeof(latencies) + number * sizeof(double)) {
        void* const place = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (place == MAP_FAILED) broken("mmap");
        head_ = ::new (place) head;
        std::byte* const behind = static_cast<std::byte*>(place) + sizeof(head);
        sampled_ = ::new (behind) latencies[subjects];
        values_ = ::new (behind + subjects * sizeof(latencies)) double[number];
    }
    ~results() { ::munmap(head_, bytes_); }
    results& operator=(results&&) = delete; // neither copied nor moved

    // In the row's process.
    void add(double value) {
        const std::uint32_t at = head_->done.load(base::relaxed);
        values_[at] = value;
        head_->done.store(at + 1, base::release);
    }
    void fail(const char* why) { std::snprintf(head_->why, sizeof head_->why, "%s", why); }

    latencies& sampled(std::size_t subject) { return sampled_[subject]; }

    // In this one.
    std::size_t done() const { return head_->done.load(base::acquire); }
    double operator[](std::size_t at) const { return values_[at]; }
    const char* why() const { return head_->why; } // once the row's process has ended
    const latencies& sampled(std::size_t subject) const { return sampled_[subject]; }

  private:
    struct head {
        alignas(64) base::atomic<std::uint32_t> done{0};
        char why[256] = "";
    };
    std::size_t bytes_;
    head* head_;
    latencies* sampled_;
    double* values_;
};

[[noreturn]] void be_the_row(const row& what, std::size_t number, results& all) {
    try {
        for (std::size_t i = 0; i < number; ++i) {
            const std::size_t turn = turn_of(i, what.subjects.size());
            const subject& one = what.subjects[turn];
            all.add(one.sample ? one.sample(all.sampled(turn)) : one.measure());
        }
    } catch (const std::exception& why) {
        all.fail(why.what());
        ::_exit(1);
    }
    ::_exit(0);
}

volatile sig_atomic_t running_group = 0;

void end_the_row_too(int signal) {
    if (running_group != 0) ::kill(-running_group, SIGKILL);
    ::raise(signal); // SA_RESETHAND: this one ends the process
}

constexpr int ending_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

// The row's process group is not the terminal's, so Ctrl-C reaches this process only.
class ending_signals_watched {
  public:
    ending_signals_watched() {
        struct sigaction act{};
        act.sa_handler = end_the_row_too;
        act.sa_flags = static_cast<int>(SA_RESETHAND);
        for (std::size_t i = 0; i < std::size(ending_signals); ++i) {
            ::sigaction(ending_signals[i], nullptr, &before_[i]);
            if (before_[i].sa_handler == SIG_DFL) ::sigaction(ending_signals[i], &act, nullptr);
        }
    }
    ~ending_signals_watched() { restore(); }
    ending_signals_watched& operator=(ending_signals_watched&&) = delete; // neither copied nor moved
    void restore() {
        for (std::size_t i = 0; i < std::size(ending_signals); ++i)
            ::sigaction(ending_signals[i], &before_[i], nullptr);
    }

  private:
    struct sigaction before_[std::size(ending_signals)];
};

// A process group that measures a row; it has ended when its end of the pipe is closed.
class row_process {
  public:
    row_process(const row& what, std::size_t number, results& all) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) broken("pipe");
        std::fflush(nullptr);
        const pid_t parent = ::getpid();
        sigset_t every;
        sigset_t before;
        ::sigfillset(&every);
        ::sigprocmask(SIG_BLOCK, &every, &before);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::setpgid(0, 0);
            signals_.restore();
            ::sigprocmask(SIG_SETMASK, &before, nullptr);
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (::getppid() != parent) ::_exit(1);
            be_the_row(what, number, all);
        }
        if (pid_ > 0) ::setpgid(pid_, pid_); // in both processes, as either may run first
        running_group = pid_ > 0 ? pid_ : 0;
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        ::close(ends[1]);
        ended_ = ends[0];
        if (pid_ < 0) broken("fork");
    }
    ~row_process() {
        running_group = 0;
        ::close(ended_);
        // A killed thread needs its processor to end. If it does not get it now, the system collects the process later.
        (void)::waitpid(pid_, nullptr, WNOHANG);
    }
    row_process& operator=(row_process&&) = delete; // neither copied nor moved

    bool ends_within(int milliseconds) const {
        pollfd end{ended_, POLLIN, 0};
        return ::poll(&end, 1, milliseconds) == 1;
    }
    void kill() const {
        ::kill(-pid_, SIGKILL);
        (void)ends_within(seconds_to_die * 1000);
    }
    // The status, once it has ended.
    int status() const {
        running_group = 0;
        int status = 0;
        while (::waitpid(pid_, &status, 0) != pid_ && errno == EINTR) {
        }
        return status;
    }

  private:
    ending_signals_watched signals_;
    pid_t pid_ = -1;
    int ended_ = -1;
};

// False if a measurement took too long.
bool wait_for_all(const row_process& process, const results& all, int patience_s, const step& first,
                  const progress& tell) {
    std::size_t done = 0;
    int looks = 0; // since the last measurement ended
    while (!process.ends_within(1000 / looks_a_second)) {
        looks = all.done() == done ? looks + 1 : 0;
        done = all.done();
        if (looks > patience_s * looks_a_second) return false;
        const std::size_t subjects = first.what.subjects.size();
        const std::size_t turn = turn_of(done, subjects);
        const int round = static_cast<int>(done / subjects);
        if (tell && round < first.rounds)
            tell({first.what, round, first.rounds, first.what.subjects[turn].name, looks / looks_a_second});
    }
    return true;
}

std::string why_not(const row& what, const results& all, int status) {
    const std::string& subject = what.subjects[turn_of(all.done(), what.subjects.size())].name;
    if (all.why()[0] != '\0') return fmt::format("subject {}: {}", subject, all.why());
    if (WIFSIGNALED(status))
        return fmt::format("subject {}: its process ended by signal {} ({})", subject, WTERMSIG(status),
                           ::strsignal(WTERMSIG(status)));
    return fmt::format("subject {}: its process ended early", subject);
}

} // namespace

measured_apart measure_apart(const row& what, int rounds, int patience_s, const progress& tell) {
    const std::size_t subjects = what.subjects.size();
    const std::size_t number = subjects * static_cast<std::size_t>(rounds);
    measured_apart measured;
    results all(number, subjects);
    const row_process process(what, number, all);
    const step first{what, 0, rounds, what.subjects.front().name, 0};
    if (tell) tell(first);
    if (!wait_for_all(process, all, patience_s, first, tell)) {
        measured.why_not = fmt::format("subject {} did not end in {} s; skipped",
                                       what.subjects[turn_of(all.done(), subjects)].name, patience_s);
        process.kill();
        return measured;
    }
    const int status = process.status();
    if (all.done() < number) {
        measured.why_not = why_not(what, all, status);
        return measured;
    }
    measured.values.resize(subjects);
    for (std::size_t i = 0; i < number; ++i) measured.values[turn_of(i, subjects)].push_back(all[i]);
    for (std::size_t i = 0; i < subjects; ++i) measured.sampled.push_back(std::as_const(all).sampled(i));
    return measured;
}

} // namespace efd::bench
