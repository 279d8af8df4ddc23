// SPDX-License-Identifier: MIT
// bench/rows_herd.cpp: counts, not times: whom a write wakes, and how often it enters the kernel for it.
//
// herd_N: N readers asleep on one object in semaphore mode, a write of one unit; how many of them get a processor.
// burst_to_sleeper: a thousand writes, one after the other, to a reader that sleeps when the first one comes.
#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/sleepers.hpp"
#include "bench/subjects.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace efd::bench {
namespace {

using moodycamel_default = moodycamel_semaphore<10'000>;

// Ends the sleepers, also when the measurement was given up. A thread takes once at most after end(), and takes no more
// than one unit, as there is one thread or the object is a semaphore: one signal for each thread is enough, however
// late the threads run. More could fill a pipe, and nobody would read it any more.
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

constexpr std::uint64_t burst = 1000;

// A subject of the burst counts its own system calls, or has them counted by efd.
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
double calls_per_burst(int cpu_here, int cpu_reader) {
    const pinned here(cpu_here);
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
subject bursting(const settings& how) {
    return {Counted::name, [how] { return calls_per_burst<Counted>(how.cpus.front(), how.cpus.back()); }};
}

} // namespace

void add_herd_rows(std::vector<row>& rows, const settings& how) {
    for (const int readers : {1, 8, 32}) {
        row& herd = rows.emplace_back();
        herd.name = "herd_" + std::to_string(readers);
        herd.title = fmt::format("readers woken by one write, {} asleep", readers);
        herd.unit = "wakes";
        herd.subjects =
            each_herd<kernel_eventfd, efd_inline, efd_c, posix_semaphore, std_semaphore, moodycamel_default>(
                readers, how.brief ? 8 : 50);
        herd.note = "voluntary context switches of the sleeping readers for one unit, by the kernel's count";
        herd.rounds_full = 11;
    }
    row& bursts = rows.emplace_back();
    bursts.name = "burst_to_sleeper";
    bursts.title = "system calls, 1000 writes to one sleeper";
    bursts.unit = "calls";
    bursts.subjects = {bursting<counting_calls<kernel_eventfd>>(how), bursting<counted_by_efd<efd_inline>>(how),
                       bursting<counted_by_efd<efd_c>>(how), bursting<counting_calls<byte_pipe>>(how)};
    bursts.note = "system calls of both sides until 1000 writes to one sleeping reader are read and it sleeps again";
}

} // namespace efd::bench
