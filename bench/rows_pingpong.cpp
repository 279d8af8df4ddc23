// SPDX-License-Identifier: MIT
// bench/rows_pingpong.cpp: two threads, two objects, and a signal back and forth; the time of one round trip.
//
// On one processor it is the price of two switches, on two that of two wake-ups, and with a linger that of two cache
// lines. It warms up before the clock starts, so that adaptive subjects have adapted. Single trips are timed
// afterwards.
#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/subjects.hpp"

#include <thread>

namespace efd::bench {
namespace {

using moodycamel_asleep = moodycamel_semaphore<0>;
using moodycamel_default = moodycamel_semaphore<10'000>;

template <class Subject>
double round_trip(std::int64_t budget_ns, int cpu_here, int cpu_there, latencies& sampled) {
    Subject there;
    Subject back;
    base::atomic<bool> over{false};
    std::thread partner([&] {
        const pinned here(cpu_there);
        do {
            there.take();
            back.signal();
        } while (!over.load(base::acquire));
    });
    const pinned here(cpu_here);
    const auto trip = [&] {
        there.signal();
        back.take();
    };
    (void)ns_per_call({budget_ns / 4, 20, unbounded}, trip);
    const double ns = ns_per_call({budget_ns, 20, unbounded}, trip);
    sample_calls(budget_ns / 4, sampled, trip);
    over.store(true, base::release);
    there.signal(); // the partner reads `over` after its answer to this signal at the latest
    partner.join();
    return ns;
}

template <class Subject>
subject between(const settings& how, std::int64_t full_budget_ns, int cpu_here, int cpu_there, const char* name) {
    const std::int64_t budget_ns = how.brief ? full_budget_ns / 3 : full_budget_ns;
    return {name, {}, [=](latencies& sampled) { return round_trip<Subject>(budget_ns, cpu_here, cpu_there, sampled); }};
}

template <class... Subjects>
std::vector<subject> each_between(const settings& how, std::int64_t full_budget_ns, int cpu_here, int cpu_there) {
    return {between<Subjects>(how, full_budget_ns, cpu_here, cpu_there, Subjects::name)...};
}

constexpr std::int64_t same_core_budget_ns = 15'000'000;
constexpr std::int64_t two_cores_budget_ns = 45'000'000;

// What a round trip consists of if both sides sleep each time.
constexpr const char* sleeps_each_time = "Both sides sleep each time: the switch and the wake are the cost, they are "
                                         "the kernel's, and no object spares them";
constexpr const char* far_apart =
    "Two processors pass a cache line to and fro, see the floor; where they are far apart the aim is below it";

row on_one(const settings& how) {
    row r;
    r.name = "pingpong_same_core";
    r.title = "round trip, one processor";
    r.loss = sleeps_each_time;
    r.unit = "ns";
    r.subjects = each_between<kernel_eventfd, efd_inline, efd_c, bare_futex, posix_semaphore, std_semaphore,
                              moodycamel_asleep, byte_pipe>(how, same_core_budget_ns, how.cpus[0], how.cpus[0]);
    r.gates = {{"efd", 1 / 1.15, "kernel"}};
    r.note = "round trip, linger off; floor: a bare futex; moodycamel without its spins";
    return r;
}

row on_one_with_linger(const settings& how) {
    const int cpu = how.cpus[0];
    row r;
    r.name = "pingpong_same_core_linger";
    r.title = "round trip, one processor, linger auto";
    r.loss = sleeps_each_time;
    r.unit = "ns";
    r.subjects = each_between<kernel_eventfd, efd_inline_linger, bare_futex, moodycamel_default>(
        how, same_core_budget_ns, cpu, cpu);
    r.subjects.insert(r.subjects.begin() + 2, between<efd_inline>(how, same_core_budget_ns, cpu, cpu, "efd_no_linger"));
    r.gates = {{"efd", 1.1, "efd_no_linger"}};
    r.note = "round trip, linger auto; moodycamel with its spins; floor: a bare futex";
    return r;
}

row on_two(const settings& how) {
    row r;
    r.name = "pingpong_two_cores";
    r.title = "round trip, two processors";
    r.loss = sleeps_each_time;
    r.unit = "ns";
    r.subjects =
        each_between<kernel_eventfd, efd_inline, efd_c, bare_futex, posix_semaphore, std_semaphore, moodycamel_asleep,
                     byte_pipe>(how, two_cores_budget_ns, how.cpus.front(), how.cpus.back());
    r.gates = {{"efd", 1.05, "floor"}};
    r.note = "round trip, linger off; floor: a bare futex; moodycamel without its spins; std_semaphore spins a little";
    return r;
}

row on_two_with_linger(const settings& how) {
    const int here = how.cpus.front();
    const int there = how.cpus.back();
    row r;
    r.name = "pingpong_two_cores_linger";
    r.title = "round trip, two processors, linger auto";
    r.loss = far_apart;
    r.unit = "ns";
    r.subjects = each_between<kernel_eventfd, efd_inline_linger, bare_spin, moodycamel_default>(
        how, two_cores_budget_ns, here, there);
    r.subjects.insert(r.subjects.begin() + 2,
                      between<efd_inline>(how, two_cores_budget_ns, here, there, "efd_no_linger"));
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
