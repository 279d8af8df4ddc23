// SPDX-License-Identifier: MIT
// bench/rows_signal.cpp: signals while no reader sleeps: alone, followed by a take, and against another thread.
//
// Each measurement makes its own object on its own cache line, and runs pinned to the first processor (the contended
// rows: to one after the other).
#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/subjects.hpp"
#include "bench/together.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace efd::bench {
namespace {

using moodycamel_default = moodycamel_semaphore<10'000>;

effort effort_for(const settings& how, std::int64_t most_calls) {
    return {how.brief ? 4'000'000 : 20'000'000, std::min<std::int64_t>(1000, most_calls), most_calls};
}

template <class Subject>
subject idle(const settings& how) {
    return {Subject::name, [how] {
                const pinned on_cpu(how.cpus[0]);
                Subject it;
                keep(&it);
                return ns_per_call(effort_for(how, it.most_pending()), [&] { it.signal(); });
            }};
}

template <class Subject>
subject take(const settings& how, mode m) {
    return {Subject::name, [how, m] {
                const pinned on_cpu(how.cpus[0]);
                Subject it(m);
                keep(&it);
                return ns_per_call(effort_for(how, unbounded), [&] {
                    it.signal();
                    const std::uint64_t taken = it.take();
                    keep(&taken);
                });
            }};
}

template <class Subject>
double contended_by(std::size_t threads, const settings& how) {
    Subject it;
    keep(&it);
    const effort each = effort_for(how, it.most_pending() / static_cast<std::int64_t>(threads));
    return ns_together(how, threads, each, [&](std::size_t) { it.signal(); });
}

template <class Subject>
subject contended(const settings& how, std::size_t threads) {
    return {Subject::name, [=] { return contended_by<Subject>(threads, how); }};
}

constexpr std::uint64_t in_a_drain = 64;

// What it costs one thread to hand over `in_a_drain` units and take them again; the write is the same for both.
template <class Drain>
double drain_ns(const settings& how, Drain drain) {
    const pinned on_cpu(how.cpus[0]);
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
    const pinned on_cpu(how.cpus[0]);
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
std::vector<subject> each_contended(const settings& how, std::size_t threads) {
    return {contended<Subjects>(how, threads)...};
}

void add_contended_rows(std::vector<row>& rows, const settings& how) {
    row& both = rows.emplace_back(row{"signal_contended_2", "two threads write to one object", "ns"});
    both.place = {"signal", "threads", 2};
    both.note = "two threads on two processors, one object; wall time for one signal; the floor is a bare locked add, "
                "which pulls the line back sooner than others do and so is no true bound here";
    if (how.cpus.size() < 2) both.impossible = "needs two processors, this process may use one";
    both.subjects = each_contended<kernel_eventfd, efd_inline, efd_c, locked_add, posix_semaphore, std_semaphore,
                                   moodycamel_default, byte_pipe>(how, 2);
    both.gates = {{"efd", 1.2, best_peer}};

    for (const std::size_t threads : {4U, 8U}) {
        row& many = rows.emplace_back(row{fmt::format("signal_threads_{}", threads),
                                          fmt::format("{} threads write to one object", threads), "ns"});
        many.place = {"signal", "threads", static_cast<double>(threads)};
        many.note = "as signal_contended_2; where there are fewer processors, the threads take turns on them";
        many.subjects =
            each_contended<kernel_eventfd, efd_inline, locked_add, posix_semaphore, moodycamel_default>(how, threads);
        many.rounds_brief = 5;
        many.rounds_full = 11;
    }
}

} // namespace

void add_signal_rows(std::vector<row>& rows, const settings& how) {
    row& signal_idle = rows.emplace_back(row{"signal_idle", "write, nobody waits", "ns"});
    signal_idle.place = {"signal", "threads", 1};
    signal_idle.subjects = each_idle<kernel_eventfd, efd_inline, efd_c, locked_add, posix_semaphore, std_semaphore,
                                     moodycamel_default, byte_pipe>(how);
    signal_idle.gates = {{"efd", 1.25, "floor"}, {"efd_c", 1.6, "floor"}};
    signal_idle.note = "write of 1, nobody waits; floor: a locked add";

    row& signal_take = rows.emplace_back(row{"signal_take", "write, then read, one thread", "ns"});
    signal_take.subjects = each_take<kernel_eventfd, efd_inline, efd_c, locked_add, posix_semaphore, std_semaphore,
                                     moodycamel_default, byte_pipe>(how, mode::plain);
    signal_take.gates = {{"efd", 1.2, "floor"}};
    signal_take.note = "write of 1, then read, one thread; floor: a locked add and an exchange";
    signal_take.loss = "The read is a compare-and-swap, since the marks beside the count stay; the floor's exchange "
                       "could not keep them";

    row& semaphore = rows.emplace_back(row{"signal_take_semaphore", "write, then read, EFD_SEMAPHORE", "ns"});
    semaphore.subjects =
        each_take<kernel_eventfd, efd_inline, efd_c, locked_add, posix_semaphore, std_semaphore, moodycamel_default>(
            how, mode::semaphore);
    semaphore.note = "the same with EFD_SEMAPHORE";

    row& drain = rows.emplace_back(row{"drain_semaphore_64", "write of 64, EFD_SEMAPHORE, then all taken", "ns"});
    drain.subjects = {{"kernel", [how] { return kernel_drain(how); }},
                      {"efd", [how] { return drain_by_read_some(how); }},
                      {"efd_reads", [how] { return drain_one_by_one(how); }}};
    drain.note = "kernel: 64 reads; efd: one read_some(64); efd_reads: 64 reads";

    add_contended_rows(rows, how);
}

} // namespace efd::bench
