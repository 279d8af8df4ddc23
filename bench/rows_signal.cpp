// SPDX-License-Identifier: MIT
// bench/rows_signal.cpp: signals while nobody sleeps: alone, followed by a take, and against another thread.
//
// Every measurement makes an object of its own, on its own cache line, and runs pinned to the first processor (the
// contended row: to the first two).
#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/subjects.hpp"

#include <algorithm>
#include <thread>

namespace efd::bench {
namespace {

using moodycamel_default = moodycamel_semaphore<10'000>;

effort effort_for(const settings& how, std::int64_t most_calls) {
    return {how.brief ? 4'000'000 : 20'000'000, std::min<std::int64_t>(1000, most_calls), most_calls};
}

template <class Subject>
subject idle(const settings& how) {
    return {Subject::name, [how] {
                const pinned here(how.cpus[0]);
                Subject it;
                keep(&it);
                return ns_per_call(effort_for(how, it.most_pending()), [&] { it.signal(); });
            }};
}

template <class Subject>
subject take(const settings& how, mode m) {
    return {Subject::name, [how, m] {
                const pinned here(how.cpus[0]);
                Subject it(m);
                keep(&it);
                return ns_per_call(effort_for(how, unbounded), [&] {
                    it.signal();
                    const std::uint64_t taken = it.take();
                    keep(&taken);
                });
            }};
}

// What one of several threads did between the common start and the end of its time.
struct share {
    std::int64_t calls = 0;
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;
};

template <class Subject>
share signal_together(Subject& it, const settings& how, int cpu, base::atomic<int>& still_to_come) {
    const pinned here(cpu);
    const effort mine = effort_for(how, it.most_pending() / 2);
    still_to_come.fetch_sub(1, base::acq_rel);
    while (still_to_come.load(base::acquire) != 0) std::this_thread::yield();
    share done;
    done.start_ns = done.end_ns = now_ns();
    while (done.end_ns - done.start_ns < mine.budget_ns && done.calls + mine.chunk <= mine.most_calls) {
        for (std::int64_t i = 0; i < mine.chunk; ++i) {
            it.signal();
            keep_order();
        }
        done.calls += mine.chunk;
        done.end_ns = now_ns();
    }
    return done;
}

// Wall time of both, divided by the signals of both.
template <class Subject>
double contended_by_two(const settings& how) {
    Subject it;
    keep(&it);
    base::atomic<int> still_to_come{2};
    share other;
    std::thread second([&] { other = signal_together(it, how, how.cpus[1], still_to_come); });
    const share mine = signal_together(it, how, how.cpus[0], still_to_come);
    second.join();
    const auto wall = std::max(mine.end_ns, other.end_ns) - std::min(mine.start_ns, other.start_ns);
    return static_cast<double>(wall) / static_cast<double>(mine.calls + other.calls);
}

template <class Subject>
subject contended(const settings& how) {
    return {Subject::name, [how] { return contended_by_two<Subject>(how); }};
}

constexpr std::uint64_t in_a_drain = 64;

// What `in_a_drain` units cost to hand over and to take again, one thread; the write is the same for both.
template <class Drain>
double drain_ns(const settings& how, Drain drain) {
    const pinned here(how.cpus[0]);
    efd::eventfd it(0, efd::flags::semaphore);
    keep(&it);
    return ns_per_call(effort_for(how, unbounded / 64), [&] {
        must(it.write(in_a_drain) == std::errc{}, "efd::eventfd::write");
        drain(it);
    });
}

double drain_by_read_some(const settings& how) {
    return drain_ns(how, [](efd::eventfd& it) {
        std::uint64_t taken = 0;
        must(it.read_some(taken, in_a_drain) == std::errc{} && taken == in_a_drain, "efd::eventfd::read_some");
    });
}

double drain_one_by_one(const settings& how) {
    return drain_ns(how, [](efd::eventfd& it) {
        std::uint64_t one = 0;
        for (std::uint64_t i = 0; i < in_a_drain; ++i) must(it.read(one) == std::errc{}, "efd::eventfd::read");
    });
}

double kernel_drain(const settings& how) {
    const pinned here(how.cpus[0]);
    kernel_eventfd it(mode::semaphore);
    return ns_per_call({how.brief ? 4'000'000 : 20'000'000, 16, unbounded}, [&] {
        must(::write(it.fd(), &in_a_drain, sizeof in_a_drain) == sizeof in_a_drain, "write to an eventfd");
        for (std::uint64_t i = 0; i < in_a_drain; ++i) (void)it.take();
    });
}

template <class... Subjects>
std::vector<subject> each_idle(const settings& how) {
    return {idle<Subjects>(how)...};
}
template <class... Subjects>
std::vector<subject> each_take(const settings& how, mode m) {
    return {take<Subjects>(how, m)...};
}
template <class... Subjects>
std::vector<subject> each_contended(const settings& how) {
    return {contended<Subjects>(how)...};
}

} // namespace

void add_signal_rows(std::vector<row>& rows, const settings& how) {
    row& signal_idle = rows.emplace_back();
    signal_idle.name = "signal_idle";
    signal_idle.title = "write, nobody waits";
    signal_idle.unit = "ns";
    signal_idle.subjects = each_idle<kernel_eventfd, efd_inline, efd_c, locked_add, posix_semaphore, std_semaphore,
                                     moodycamel_default, byte_pipe>(how);
    signal_idle.gates = {{"efd", 1.25, "floor"}, {"efd_c", 1.6, "floor"}};
    signal_idle.note = "write of 1, nobody waits; floor: a locked add";

    row& signal_take = rows.emplace_back();
    signal_take.name = "signal_take";
    signal_take.title = "write, then read, one thread";
    signal_take.unit = "ns";
    signal_take.subjects = each_take<kernel_eventfd, efd_inline, efd_c, locked_add, posix_semaphore, std_semaphore,
                                     moodycamel_default, byte_pipe>(how, mode::plain);
    signal_take.gates = {{"efd", 1.2, "floor"}};
    signal_take.note = "write of 1, then read, one thread; floor: a locked add and an exchange";
    signal_take.loss = "The read is a compare-and-swap, since the marks beside the count stay; the floor's exchange "
                       "could not keep them";

    row& semaphore = rows.emplace_back();
    semaphore.name = "signal_take_semaphore";
    semaphore.title = "write, then read, EFD_SEMAPHORE";
    semaphore.unit = "ns";
    semaphore.subjects =
        each_take<kernel_eventfd, efd_inline, efd_c, locked_add, posix_semaphore, std_semaphore, moodycamel_default>(
            how, mode::semaphore);
    semaphore.note = "the same with EFD_SEMAPHORE";

    row& drain = rows.emplace_back();
    drain.name = "drain_semaphore_64";
    drain.title = "write of 64, EFD_SEMAPHORE, then all taken";
    drain.unit = "ns";
    drain.subjects = {{"kernel", [how] { return kernel_drain(how); }},
                      {"efd", [how] { return drain_by_read_some(how); }},
                      {"efd_reads", [how] { return drain_one_by_one(how); }}};
    drain.note = "kernel: 64 reads; efd: one read_some(64); efd_reads: 64 reads";

    row& both = rows.emplace_back();
    both.name = "signal_contended_2";
    both.title = "two threads write to one object";
    both.unit = "ns";
    both.note = "two threads on two processors, one object; wall time for one signal; the floor is a bare locked add, "
                "which pulls the line back sooner than others do and so is no true bound here";
    if (how.cpus.size() < 2) both.impossible = "needs two processors, this process may use one";
    both.subjects = each_contended<kernel_eventfd, efd_inline, efd_c, locked_add, posix_semaphore, std_semaphore,
                                   moodycamel_default, byte_pipe>(how);
    both.gates = {{"efd", 1.2, best_peer}};
}

} // namespace efd::bench
