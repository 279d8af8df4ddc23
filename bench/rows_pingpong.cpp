// SPDX-License-Identifier: MIT
// bench/rows_pingpong.cpp: two threads, two objects, and a signal back and forth; the time of one round trip.
//
// On one processor it is the price of two switches, on two that of two wake-ups, and with a linger that of two cache
// lines.
#include "bench/round_trip.hpp"

#include <thread>

namespace efd::bench {
namespace {

using moodycamel_asleep = moodycamel_semaphore<0>;
using moodycamel_default = moodycamel_semaphore<10'000>;

// What a round trip consists of if both sides sleep each time.
constexpr const char* sleeps_each_time = "Both sides sleep each time: the switch and the wake are the cost, they are "
                                         "the kernel's, and no object spares them";
constexpr const char* far_apart =
    "Two processors pass a cache line to and fro, see the floor; where they are far apart the aim is below it";

row on_one(const settings& how) {
    row r{"pingpong_same_core", "round trip, one processor", "ns"};
    r.loss = sleeps_each_time;
    r.subjects =
        each_between<std::thread, kernel_eventfd, efd_inline, efd_c, bare_futex, posix_semaphore, std_semaphore,
                     moodycamel_asleep, byte_pipe>(how, same_core_budget_ns, how.cpus[0], how.cpus[0]);
    r.gates = {{"efd", 1 / 1.15, "kernel"}};
    r.note = "round trip, linger off; floor: a bare futex; moodycamel without its spins";
    return r;
}

row on_one_with_linger(const settings& how) {
    const int cpu = how.cpus[0];
    row r{"pingpong_same_core_linger", "round trip, one processor, linger auto", "ns"};
    r.loss = sleeps_each_time;
    r.subjects = each_between<std::thread, kernel_eventfd, efd_inline_linger, bare_futex, moodycamel_default>(
        how, same_core_budget_ns, cpu, cpu);
    r.subjects.insert(r.subjects.begin() + 2,
                      between<std::thread, efd_inline>(how, same_core_budget_ns, cpu, cpu, "efd_no_linger"));
    r.gates = {{"efd", 1.1, "efd_no_linger"}};
    r.note = "round trip, linger auto; moodycamel with its spins; floor: a bare futex";
    return r;
}

row on_two(const settings& how) {
    row r{"pingpong_two_cores", "round trip, two processors", "ns"};
    r.loss = sleeps_each_time;
    r.subjects =
        each_between<std::thread, kernel_eventfd, efd_inline, efd_c, bare_futex, posix_semaphore, std_semaphore,
                     moodycamel_asleep, byte_pipe>(how, two_cores_budget_ns, how.cpus.front(), how.cpus.back());
    r.gates = {{"efd", 1.05, "floor"}};
    r.note = "round trip, linger off; floor: a bare futex; moodycamel without its spins; std_semaphore spins a little";
    return r;
}

row on_two_with_linger(const settings& how) {
    const int cpu_here = how.cpus.front();
    const int cpu_there = how.cpus.back();
    row r{"pingpong_two_cores_linger", "round trip, two processors, linger auto", "ns"};
    r.loss = far_apart;
    r.subjects = each_between<std::thread, kernel_eventfd, efd_inline_linger, bare_spin, moodycamel_default>(
        how, two_cores_budget_ns, cpu_here, cpu_there);
    r.subjects.insert(r.subjects.begin() + 2,
                      between<std::thread, efd_inline>(how, two_cores_budget_ns, cpu_here, cpu_there, "efd_no_linger"));
    r.gates = {{"efd", 200, absolute}};
    r.note = "round trip, linger auto; moodycamel with its spins; floor: two threads that never sleep";
    return r;
}

} // namespace

void add_pingpong_rows(std::vector<row>& rows, const settings& how) {
    rows.push_back(on_one(how));
    rows.push_back(on_one_with_linger(how));
    for (row r : {on_two(how), on_two_with_linger(how)}) {
        if (how.cpus.size() < 2) r.impossible = "needs two processors, this process may use one";
        rows.push_back(std::move(r));
    }
    for (auto one = rows.end() - 4; one != rows.end(); ++one) one->sampled = "a round trip";
}

} // namespace efd::bench
