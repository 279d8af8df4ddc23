// SPDX-License-Identifier: MIT
// bench/rows_share.cpp: objects between processes: a signal, a round trip, a herd, and what it costs to sleep.
//
// As the rows of the same names without xproc_, with a process in place of each thread. The subjects are made before
// the forks.
#include "bench/looped.hpp"
#include "bench/many.hpp"
#include "bench/round_trip.hpp"

#include <efd/efd.h>
#include <efd/wait_set.hpp>

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <thread>

namespace efd::bench {
namespace {

template <class Subject>
subject idle(const settings& how, const char* name) {
    return {name, [how] {
                const pinned on_cpu(how.cpus[0]);
                Subject it;
                keep(&it);
                const std::int64_t most = it.most_pending();
                return ns_per_call({how.brief ? 4'000'000 : 20'000'000, 1000, most}, [&] { it.signal(); });
            }};
}

row signal_row(const settings& how) {
    row r{"xproc_signal_idle", "write to a shared object, nobody waits", "ns"};
    r.subjects = {idle<kernel_eventfd>(how, "kernel"), idle<shared_efd>(how, "efd"), idle<efd_inline>(how, "private"),
                  idle<shared_semaphore>(how, "sem_t")};
    r.gates = {{"efd", 1.1, "private"}};
    r.note = "efd: an object of an arena; private: one of this process alone; sem_t: in shared memory";
    return r;
}

// ---- A round trip.

constexpr const char* deadline_costs =
    "A sleeper that looks by itself sleeps with a deadline, which costs the kernel a "
    "timer for each sleep; first_look 0 spares it";

row trip_row(const char* name, const char* title, std::vector<subject> subjects, const gate& aim, const char* note) {
    row r{name, title, "ns"};
    r.subjects = std::move(subjects);
    r.sampled = "a round trip";
    r.gates = {aim};
    r.note = note;
    return r;
}

// Where the bench was built with Boost.
std::vector<subject> with_boost(std::vector<subject> all, [[maybe_unused]] const settings& how) {
#ifdef EFD_BENCH_BOOST
    const int cpu_here = how.cpus.front();
    all.push_back(between<other_process, boost_count>(how, same_core_budget_ns, cpu_here, cpu_here));
#endif
    return all;
}

void add_trips(std::vector<row>& rows, const settings& how) {
    const int cpu_here = how.cpus.front();
    const int cpu_there = how.cpus.back();
    rows.push_back(
        trip_row("xproc_pingpong_same_core", "round trip of two processes, one processor",
                 with_boost(each_between<other_process, kernel_eventfd, shared_efd, shared_semaphore>(
                                how, same_core_budget_ns, cpu_here, cpu_here),
                            how),
                 {"efd", 1.05, "sem_t"},
                 "round trip, linger off, no sleeper looks by itself; boost: a count under its interprocess_mutex and "
                 "condition"));
    rows.push_back(trip_row("xproc_pingpong_look", "the same, and a sleeper looks by itself",
                            each_between<other_process, kernel_eventfd, looking_efd, shared_semaphore>(
                                how, same_core_budget_ns, cpu_here, cpu_here),
                            {"efd", 1.25, "sem_t"},
                            "as xproc_pingpong_same_core, with the looks that an arena has unless asked otherwise"));
    rows.back().loss = deadline_costs;
    row two =
        trip_row("xproc_pingpong_two_cores", "round trip, two processors, linger auto",
                 each_between<other_process, kernel_eventfd, lingering_efd, shared_semaphore>(how, two_cores_budget_ns,
                                                                                              cpu_here, cpu_there),
                 {"efd", 250, absolute}, "round trip of two processes, linger auto; sem_t and kernel have no linger");
    two.loss = "Two processors pass a cache line to and fro; where they are far apart the aim is below that";
    if (how.cpus.size() < 2) two.impossible = "needs two processors, this process may use one";
    rows.push_back(std::move(two));
}

// ---- A herd.

struct herd_cost {
    double switches;
    double processor_us;
};

// For one unit: of the sleepers, and the processor time of the writer with it.
template <class Subject>
herd_cost cost_of_a_unit(int readers, std::uint64_t writes) {
    Subject it(mode::semaphore);
    sleeping_processes all(readers, [&it] { return it.take(); });
    bool seen_asleep = all.quiet_after(0);
    const std::uint64_t switches_before = all.voluntary_switches();
    const std::int64_t ns_before = all.processor_ns();
    std::int64_t writer_ns = 0;
    for (std::uint64_t done = 1; seen_asleep && done <= writes; ++done) {
        const std::int64_t start = processor_ns(::getpid());
        it.signal();
        writer_ns += processor_ns(::getpid()) - start;
        seen_asleep = all.quiet_after(done);
    }
    const auto each = static_cast<double>(writes);
    const herd_cost cost{static_cast<double>(all.voluntary_switches() - switches_before) / each,
                         static_cast<double>(all.processor_ns() - ns_before + writer_ns) / each / 1000};
    all.end();
    for (int i = 0; i < all.number(); ++i) it.signal();
    all.join();
    if (!seen_asleep) throw std::runtime_error("the readers were not seen asleep within 20 s");
    return cost;
}

template <class... Subjects>
std::vector<subject> each_herd(double herd_cost::* what, int readers, std::uint64_t writes) {
    return {subject{Subjects::name, [=] { return cost_of_a_unit<Subjects>(readers, writes).*what; }}...};
}

void add_herds(std::vector<row>& rows, const settings& how) {
    constexpr int readers = 32;
    const std::uint64_t writes = how.brief ? 8 : 50;
    row& switches = rows.emplace_back(row{"xproc_herd", "processes woken by one write, 32 asleep", "wakes"});
    switches.subjects = each_herd<kernel_eventfd, shared_efd, shared_semaphore>(&herd_cost::switches, readers, writes);
#ifdef EFD_BENCH_BOOST
    switches.subjects.push_back(each_herd<boost_count>(&herd_cost::switches, readers, writes).front());
#endif
    switches.note = "voluntary context switches of the sleeping processes for one unit";
    row& cpu = rows.emplace_back(row{"xproc_herd_cpu", "processor time of one write, 32 asleep", "us"});
    cpu.subjects = each_herd<kernel_eventfd, shared_efd, shared_semaphore>(&herd_cost::processor_us, readers, writes);
#ifdef EFD_BENCH_BOOST
    cpu.subjects.push_back(each_herd<boost_count>(&herd_cost::processor_us, readers, writes).front());
#endif
    cpu.gates = {{"efd", 1, "kernel"}};
    cpu.note = "of the sleeping processes and the writer, for one unit, until all sleep again";
    cpu.loss = "More than the chosen sleeper is woken, since it may be killed before it takes";
    for (row* one : {&switches, &cpu}) one->rounds_full = 11;
}

// ---- Sleepers that look.

constexpr int sleepers_of_a_process = 250;

// In percent of one processor. The looks are at their slowest after two seconds.
double resting_cost(const arena_options& how, int number, int seconds) {
    const efd::arena shared(how);
    const efd::eventfd object = shared.make();
    std::vector<other_process> all;
    for (int left = number; left > 0; left -= sleepers_of_a_process)
        all.emplace_back([&object, threads = std::min(left, sleepers_of_a_process)] {
            std::vector<std::jthread> sleepers;
            for (int i = 0; i < threads; ++i)
                sleepers.emplace_back([&object] {
                    std::uint64_t value = 0;
                    (void)object.read(value);
                });
        });
    const auto used_ns = [&all] {
        std::int64_t sum = 0;
        for (const other_process& one : all) sum += processor_ns(one.pid());
        return sum;
    };
    std::this_thread::sleep_for(std::chrono::milliseconds(2500)); // delay: looks after 50, 150, 350, 750, 1550 ms
    const std::int64_t start_ns = now_ns();
    const std::int64_t before = used_ns();
    std::this_thread::sleep_for(std::chrono::seconds(seconds)); // delay: what is measured
    return 100 * static_cast<double>(used_ns() - before) / static_cast<double>(now_ns() - start_ns);
}

void add_looks(std::vector<row>& rows, const settings& how) {
    const int seconds = how.brief ? 1 : 4;
    for (const int number : {1, 100, 1000}) {
        row& look = rows.emplace_back(row{
            fmt::format("xproc_look_{}", number),
            fmt::format("processor time of {} at rest", number == 1 ? "a sleeper" : fmt::format("{} sleepers", number)),
            "% cpu"});
        look.subjects = {
            {"efd", [=] { return resting_cost({}, number, seconds); }},
            {"no_look", [=] { return resting_cost({.first_look = {}, .last_look = {}}, number, seconds); }}};
        look.place = {"xproc_look", "sleepers", static_cast<double>(number)};
        if (number == 1000) look.gates = {{"efd", 2, absolute}};
        look.note = fmt::format("threads, at most {} of a process, asleep for more than two seconds on one object, so "
                                "that each looks once a second",
                                sleepers_of_a_process);
        look.rounds_brief = 1;
        look.rounds_full = 3;
    }
}

// ---- Sets.

row set_row(const settings& how, std::uint32_t members, const char* name) {
    row r{fmt::format("xproc_set_{}", name), fmt::format("write one of {} of an arena, wait, take", members), "ns"};
    r.place = {"xproc_set", "members", static_cast<double>(members)};
    r.subjects = {{"efd",
                   [=] {
                       const pinned on_cpu(how.cpus[0]);
                       const efd::arena shared({.slots = members, .sets = 1});
                       efd_many many(members, shared.make_set(), [&] { return shared.make(); });
                       return ns_one_of(how, many, members);
                   }},
                  {"private", [=] {
                       const pinned on_cpu(how.cpus[0]);
                       efd_many many(members);
                       return ns_one_of(how, many, members);
                   }}};
    r.gates = {{"efd", 2, "private"}};
    r.note = "efd: a set and objects of an arena; private: of this process alone; by one thread, as a write by another "
             "process takes the same steps";
    r.loss = "A mark goes through the words of the arena and then through those of the set, and memory of others is "
             "checked at each step";
    r.rounds_brief = members > 10'000 ? 1 : 11;
    r.rounds_full = members > 10'000 ? 5 : 31;
    return r;
}

// Of the writer, for one signal to each of many members of a set whose waiter sleeps and does not run meanwhile.
double calls_of_a_burst(std::uint32_t members) {
    const efd::arena shared({.slots = members, .first_look = {}, .last_look = {}});
    std::vector<efd::eventfd> objects;
    for (std::uint32_t i = 0; i < members; ++i) objects.push_back(shared.make());
    sleeping_processes waiter(1, [&, set = std::shared_ptr<efd::wait_set>()]() mutable -> std::uint64_t {
        if (set == nullptr) {
            set = std::make_shared<efd::wait_set>(shared.make_set());
            for (const efd::eventfd& one : objects) set->add(one, 1);
        }
        efd::set_event got{};
        must(set->wait_any(got) == std::errc{}, "efd::wait_set::wait_any");
        return got.value;
    });
    if (!waiter.quiet_after(0)) throw std::runtime_error("the waiter was not seen asleep within 20 s");
    waiter.pause();
    const std::uint64_t before = efd_system_calls();
    for (const efd::eventfd& one : objects) one.signal();
    const auto made = static_cast<double>(efd_system_calls() - before);
    waiter.go_on();
    if (!waiter.quiet_after(members)) throw std::runtime_error("the waiter has not taken all");
    waiter.end();
    objects[0].signal();
    waiter.join();
    return made;
}

void add_sets(std::vector<row>& rows, const settings& how) {
    rows.push_back(set_row(how, 1, "1"));
    rows.push_back(set_row(how, 1024, "1024"));
    rows.push_back(set_row(how, 100'000, "100k"));
    rows.push_back(set_row(how, 1'000'000, "1m"));
    const int cpu_here = how.cpus.front();
    rows.push_back(
        trip_row("xproc_set_fd", "round trip of two event loops, one processor",
                 each_between<other_process, looped_set, looped_eventfd, looped_pipe>(how, same_core_budget_ns,
                                                                                      cpu_here, cpu_here),
                 {"efd", 3, "kernel"},
                 "each process waits in an epoll: on the descriptor of an arena's set with one member, on an "
                 "eventfd, on a pipe"));
    rows.back().loss = "The descriptor of a set is an epoll in an epoll. A ringer looks at the file before it writes, "
                       "and the owner looks, empties the pipe and arms it";
    row& burst = rows.emplace_back(row{"xproc_set_burst", "to signal 1000 members, their waiter asleep", "calls"});
    burst.subjects = {{"efd", [] { return calls_of_a_burst(1000); }}};
    burst.gates = {{"efd", 1, absolute}};
    burst.note = "of the writer, for 1000 signals while a waiter of the set sleeps in another process";
    burst.rounds_brief = 1;
    burst.rounds_full = 3;
}

} // namespace

void add_share_rows(std::vector<row>& rows, const settings& how) {
    rows.push_back(signal_row(how));
    add_trips(rows, how);
    add_herds(rows, how);
    add_looks(rows, how);
    add_sets(rows, how);
}

} // namespace efd::bench
