// SPDX-License-Identifier: MIT
// cli/stat_cost.cpp: see stat_cost.hpp.
#include "cli/stat_cost.hpp"

#include "cli/failure.hpp"
#include "cli/owned_fd.hpp"
#include "cli/preload.hpp"

#include <array>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <sstream>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace efd::cli {
namespace {

constexpr int rounds = 21;
constexpr int calls_in_a_round = 2000;

double processor_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void write_one(int fd) {
    const std::uint64_t one = 1;
    if (::write(fd, &one, sizeof one) != sizeof one) broken("write to an eventfd");
}
void read_one(int fd) {
    std::uint64_t value = 0;
    if (::read(fd, &value, sizeof value) != sizeof value) broken("read of an eventfd");
}

template <class Call>
double ns_per_call_of(Call call) {
    const double begun = processor_ns();
    for (int i = 0; i < calls_in_a_round; ++i) call();
    return (processor_ns() - begun) / calls_in_a_round;
}

// Enough evidence for a promotion.
void show_evidence(int counter, int semaphore) {
    for (int i = 0; i < 100; ++i) {
        write_one(counter);
        write_one(semaphore);
        if (i % 10 == 9) read_one(counter);
        if (i % 10 == 9) read_one(semaphore);
    }
}

[[noreturn]] void be_the_probe(bool with_dropin, int output) {
    try {
        for (const char* name : {"EFD_DROPIN", "EFD_DROPIN_ALLOW", "EFD_DROPIN_DENY", "EFD_DROPIN_REGION"})
            ::unsetenv(name);
        if (with_dropin) preload_dropin("default", "");
        ::dup2(output, STDOUT_FILENO);
        ::execl("/proc/self/exe", "efd", "stat", "--probe", static_cast<char*>(nullptr));
    } catch (const std::exception&) { // the parent sees that nothing is printed
    }
    ::_exit(broke_down);
}

std::string output_of_probe(bool with_dropin) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) broken("no pipe");
    const pid_t child = ::fork();
    if (child < 0) broken("no process for a measurement");
    if (child == 0) be_the_probe(with_dropin, ends[1]);
    ::close(ends[1]);
    const owned_fd from(ends[0]);
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t got = 1; got > 0;) {
        got = ::read(from.get(), piece.data(), piece.size());
        if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return text;
}

void measure(bool with_dropin, bench::spread& write, bench::spread& read) {
    std::istringstream text(output_of_probe(with_dropin));
    std::vector<double> writes;
    std::vector<double> reads;
    for (double w = 0, r = 0; text >> w >> r;) {
        writes.push_back(w);
        reads.push_back(r);
    }
    if (writes.empty()) throw std::runtime_error("the cost of a call on this machine could not be measured");
    write = bench::spread_of(writes);
    read = bench::spread_of(reads);
}

} // namespace

std::string stat_probe() {
    const owned_fd counter(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const owned_fd semaphore(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE));
    if (!counter.is_open() || !semaphore.is_open()) broken("no eventfd for a measurement");
    show_evidence(counter.get(), semaphore.get());
    std::string said;
    for (int i = 0; i < rounds; ++i) {
        write_one(counter.get());
        const double write = ns_per_call_of([&] { write_one(counter.get()); });
        read_one(counter.get());
        for (int unit = 0; unit < calls_in_a_round; ++unit) write_one(semaphore.get());
        said += fmt::format("{} {}\n", write, ns_per_call_of([&] { read_one(semaphore.get()); }));
    }
    return said;
}

stat_cost measure_stat_cost() {
    stat_cost cost;
    measure(false, cost.kernel_write, cost.kernel_read);
    measure(true, cost.dropin_write, cost.dropin_read);
    return cost;
}

stat_estimate estimate_of(const stat_counts& counts, const stat_cost& cost) {
    const auto sum = [&](double kernel_write, double dropin_write, double kernel_read, double dropin_read) {
        return (static_cast<double>(counts.saved_writes) * (kernel_write - dropin_write) +
                static_cast<double>(counts.saved_reads) * (kernel_read - dropin_read) -
                static_cast<double>(counts.flushes) * kernel_write) /
               1e9;
    };
    return {.middle = sum(cost.kernel_write.median, cost.dropin_write.median, cost.kernel_read.median,
                          cost.dropin_read.median),
            .least = sum(cost.kernel_write.min, cost.dropin_write.max, cost.kernel_read.min, cost.dropin_read.max),
            .greatest = sum(cost.kernel_write.max, cost.dropin_write.min, cost.kernel_read.max, cost.dropin_read.min)};
}

} // namespace efd::cli
