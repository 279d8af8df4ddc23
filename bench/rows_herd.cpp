// SPDX-License-Identifier: MIT
// bench/rows_herd.cpp: counts, not times: which readers a write wakes, and how often it enters the kernel for that.
//
// herd_N: N readers sleep on one object in semaphore mode, and one unit is written; how many of them run.
// burst_to_sleeper: up to a thousand writes, one after the other, to a reader that sleeps when the first one comes.
#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/sleepers.hpp"
#include "bench/subjects.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace efd::bench {
namespace {

using moodycamel_default = moodycamel_semaphore<10'000>;

// Ends the sleepers, also when the measurement was given up. A thread takes at most once after end(), and takes one
// unit, because there is one thread or the object is a semaphore. So one signal for each thread suffices, however late
// the threads run. More could fill a pipe that is no longer read.
template <class Subject>
void dismiss(sleepers& all, Subject& it) {
    all.end();
    for (int i = 0; i < all.number(); ++i) it.signal();
    all.join();
}

template <class Subject>
double switches_per_write(int readers, std::uint64_t writes) {
    Subject it(mode::semaphore);
    sleepers all(readers, [&it] { return it.take(); }, -1);
    bool seen_asleep = all.quiet_after(0);
    const std::uint64_t before = all.voluntary_switches();
    for (std::uint64_t done = 1; seen_asleep && done <= writes; ++done) {
        it.signal();
        seen_asleep = all.quiet_after(done);
    }
    const std::uint64_t after = all.voluntary_switches();
    dismiss(all, it);
    if (!seen_asleep) throw std::runtime_error("the readers were not seen asleep within 20 s");
    return static_cast<double>(after - before) / static_cast<double>(writes);
}

template <class... Subjects>
std::vector<subject> each_herd(int readers, std::uint64_t writes) {
    return {subject{Subjects::name, [=] { return switches_per_write<Subjects>(readers, writes); }}...};
}

// A subject of the burst counts its own system calls, or efd counts them.
template <class Subject>
class counting_calls : public Subject {
  public:
    void signal() {
        calls_.fetch_add(1, base::relaxed);
        Subject::signal();
    }
    std::uint64_t take() {
        calls_.fetch_add(1, base::relaxed);
        return Subject::take();
    }
    std::uint64_t system_calls() const { return calls_.load(base::relaxed); }

  private:
    base::atomic<std::uint64_t> calls_{0};
};

template <class Subject>
class counted_by_efd : public Subject {
  public:
    std::uint64_t system_calls() const { return efd_system_calls(); }
};

template <class Counted>
double calls_per_burst(std::uint64_t burst, int cpu_here, int cpu_reader) {
    const pinned on_cpu(cpu_here);
    Counted it;
    sleepers reader(1, [&it] { return it.take(); }, cpu_reader);
    bool seen_asleep = reader.quiet_after(0);
    const std::uint64_t before = it.system_calls();
    for (std::uint64_t i = 0; i < burst; ++i) it.signal();
    seen_asleep = seen_asleep && reader.quiet_after(burst);
    const std::uint64_t after = it.system_calls();
    dismiss(reader, it);
    if (!seen_asleep) throw std::runtime_error("the reader was not seen asleep within 20 s");
    return static_cast<double>(after - before);
}

template <class Counted>
subject bursting(const settings& how, std::uint64_t burst) {
    return {Counted::name, [=] { return calls_per_burst<Counted>(burst, how.cpus.front(), how.cpus.back()); }};
}

row burst_row(const settings& how, std::uint64_t burst) {
    row r{burst == 1000 ? "burst_to_sleeper" : fmt::format("burst_to_sleeper_{}", burst),
          fmt::format("system calls, {} write{} to one sleeper", burst, burst == 1 ? "" : "s"), "calls"};
    r.place = {"burst_to_sleeper", "writes", static_cast<double>(burst)};
    r.subjects = {bursting<counting_calls<kernel_eventfd>>(how, burst),
                  bursting<counted_by_efd<efd_inline>>(how, burst), bursting<counted_by_efd<efd_c>>(how, burst),
                  bursting<counting_calls<byte_pipe>>(how, burst)};
    r.note = "system calls of both sides until the writes to one sleeping reader are read and it sleeps again";
    return r;
}

} // namespace

void add_herd_rows(std::vector<row>& rows, const settings& how) {
    for (const int readers : {1, 8, 32}) {
        row& herd = rows.emplace_back(row{"herd_" + std::to_string(readers),
                                          fmt::format("readers woken by one write, {} asleep", readers), "wakes"});
        herd.place = {"herd", "sleepers", static_cast<double>(readers)};
        herd.subjects =
            each_herd<kernel_eventfd, efd_inline, efd_c, posix_semaphore, std_semaphore, moodycamel_default>(
                readers, how.brief ? 8 : 50);
        herd.note = "voluntary context switches of the sleeping readers for one unit, by the kernel's count";
        herd.rounds_full = 11;
    }
    rows.push_back(burst_row(how, 1000));
    for (const unsigned burst : {1U, 10U, 100U}) {
        rows.push_back(burst_row(how, burst));
        rows.back().rounds_full = 11;
    }
}

} // namespace efd::bench
