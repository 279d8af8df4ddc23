// SPDX-License-Identifier: MIT
// bench/processes.cpp: see processes.hpp.
#include "bench/processes.hpp"

#include "bench/measure.hpp"
#include "common/task.hpp"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace efd::bench {

other_process::other_process(const std::function<void()>& body) : pid_(::fork()) {
    must(pid_ >= 0, "fork");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    ::_exit(0);
}

other_process::~other_process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    join();
}

void other_process::join() { must(::waitpid(std::exchange(pid_, -1), nullptr, 0) > 0, "waitpid"); }

std::int64_t processor_ns(pid_t process) {
    clockid_t clock{};
    timespec used{};
    must(::clock_getcpuclockid(process, &clock) == 0 && ::clock_gettime(clock, &used) == 0, "clock_gettime");
    return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

sleeping_processes::sleeping_processes(int number, const std::function<std::uint64_t()>& take) {
    for (int i = 0; i < number; ++i)
        all_.emplace_back([this, &take] {
            while (!shared_->over.load(base::acquire)) shared_->taken.fetch_add(take(), base::acq_rel);
        });
}

bool sleeping_processes::all_asleep() const {
    return std::all_of(all_.begin(), all_.end(),
                       [](const auto& one) { return common::is_asleep(one.pid(), one.pid()); });
}

bool sleeping_processes::quiet_after(std::uint64_t taken) {
    const std::int64_t give_up_ns = now_ns() + 20'000'000'000;
    int quiet_looks = 0;
    while (quiet_looks < 2) {
        quiet_looks = shared_->taken.load(base::acquire) >= taken && all_asleep() ? quiet_looks + 1 : 0;
        if (now_ns() > give_up_ns) return false;
        if (quiet_looks == 0) std::this_thread::yield();
    }
    return true;
}

std::uint64_t sleeping_processes::voluntary_switches() const {
    std::uint64_t sum = 0;
    for (const other_process& one : all_)
        sum += static_cast<std::uint64_t>(common::voluntary_switches(one.pid(), one.pid()));
    return sum;
}

std::int64_t sleeping_processes::processor_ns() const {
    std::int64_t sum = 0;
    for (const other_process& one : all_) sum += bench::processor_ns(one.pid());
    return sum;
}

void sleeping_processes::pause() const {
    for (const other_process& one : all_) {
        int status = 0;
        must(one.pid() > 1 && ::kill(one.pid(), SIGSTOP) == 0, "kill");
        must(::waitpid(one.pid(), &status, WUNTRACED) == one.pid() && WIFSTOPPED(status), "waitpid");
    }
}

void sleeping_processes::go_on() const {
    for (const other_process& one : all_) must(one.pid() > 1 && ::kill(one.pid(), SIGCONT) == 0, "kill");
}

void sleeping_processes::join() {
    for (other_process& one : all_) one.join();
}

} // namespace efd::bench
