// SPDX-License-Identifier: MIT
// bench/rows_loop.cpp: signals into an epoll loop on the other processor: a burst, single signals, a round trip.
//
// Each side counts the system calls that it makes; libuv does not report its own.
#include "bench/loops.hpp"
#include "bench/measure.hpp"
#include "bench/row.hpp"

#include <algorithm>
#include <thread>

#ifdef EFD_BENCH_LIBUV
#include <uv.h>
#endif

namespace efd::bench {
namespace {

struct burst_end {
    double ns_per_signal;
    double calls_per_1000;
};

// That many signals back to back; the time is the signaller's. The loop runs until it has seen the last.
template <class Way>
burst_end burst(const settings& how, std::int64_t signals) {
    Way way;
    base::atomic<bool> over{false};
    base::atomic<std::uint64_t> loop_calls{0};
    base::atomic<bool> running{false};
    std::thread consumer([&] {
        const pinned on_cpu(how.cpus.back());
        loop_on<Way> loop(way);
        running.store(true, base::release);
        while (!over.load(base::acquire)) {
            const std::uint64_t taken = loop.wait_and_take();
            keep(&taken);
        }
        loop_calls.store(loop.calls(), base::release);
    });
    const pinned on_cpu(how.cpus.front());
    while (!running.load(base::acquire)) std::this_thread::yield();
    const std::uint64_t before = way.calls();
    const double ns = ns_per_call({INT64_MAX, 1000, signals}, [&] { way.signal(); });
    over.store(true, base::release);
    way.signal();
    consumer.join();
    const auto calls = static_cast<double>(way.calls() - before + loop_calls.load(base::acquire));
    return {ns, calls * 1000 / static_cast<double>(signals)};
}

constexpr std::int64_t signals_in(const settings& how) { return how.brief ? 200'000 : 1'000'000; }

template <class Way>
subject burst_ns(const settings& how) {
    return {Way::name, [how] { return burst<Way>(how, signals_in(how)).ns_per_signal; }};
}
template <class Way>
subject burst_calls(const settings& how) {
    return {Way::name, [how] { return burst<Way>(how, signals_in(how)).calls_per_1000; }};
}

// The same for a bare counter that no loop polls: the cost of the add while the other processor reads it.
double counter_burst(const settings& how, std::int64_t signals) {
    locked_add it;
    base::atomic<bool> over{false};
    std::thread consumer([&] {
        const pinned on_cpu(how.cpus.back());
        while (!over.load(base::acquire)) {
            const std::uint64_t taken = it.take();
            keep(&taken);
            std::this_thread::sleep_for(std::chrono::microseconds(50)); // delay: a reader that is slow
        }
    });
    const pinned on_cpu(how.cpus.front());
    const double ns = ns_per_call({INT64_MAX, 1000, signals}, [&] { it.signal(); });
    over.store(true, base::release);
    consumer.join();
    return ns;
}

#ifdef EFD_BENCH_LIBUV
double uv_burst(const settings& how, std::int64_t signals) {
    uv_loop_t loop;
    uv_async_t async;
    base::atomic<bool> over{false};
    base::atomic<bool> running{false};
    must(::uv_loop_init(&loop) == 0, "uv_loop_init");
    must(::uv_async_init(&loop, &async,
                         [](uv_async_t* handle) {
                             auto* const end = static_cast<base::atomic<bool>*>(handle->data);
                             if (end->load(base::acquire)) ::uv_close(reinterpret_cast<uv_handle_t*>(handle), nullptr);
                         }) == 0,
         "uv_async_init");
    async.data = &over;
    std::thread consumer([&] {
        const pinned on_cpu(how.cpus.back());
        running.store(true, base::release);
        ::uv_run(&loop, UV_RUN_DEFAULT);
    });
    const pinned on_cpu(how.cpus.front());
    while (!running.load(base::acquire)) std::this_thread::yield();
    const double ns = ns_per_call({INT64_MAX, 1000, signals}, [&] { ::uv_async_send(&async); });
    over.store(true, base::release);
    ::uv_async_send(&async);
    consumer.join();
    must(::uv_loop_close(&loop) == 0, "uv_loop_close");
    return ns;
}
#endif

// One signal each 200 us to a loop that sleeps; from before the signal until the loop has taken it.
struct sparse_end {
    double latency_ns;
    double calls_per_signal;
};
template <class Way>
sparse_end sparse(const settings& how, latencies& sampled) {
    const int signals = how.brief ? 50 : 400;
    Way way;
    base::atomic<std::int64_t> sent{0};
    base::atomic<std::int64_t> got{0};
    base::atomic<std::uint64_t> loop_calls{0};
    std::vector<double> times;
    std::thread consumer([&] {
        const pinned on_cpu(how.cpus.back());
        loop_on<Way> loop(way);
        for (int i = 0; i < signals; ++i) {
            (void)loop.wait_and_take();
            const std::int64_t ns = now_ns() - sent.load(base::acquire);
            times.push_back(static_cast<double>(ns));
            sampled.add(ns);
            got.fetch_add(1, base::acq_rel);
        }
        loop_calls.store(loop.calls(), base::release);
    });
    const pinned on_cpu(how.cpus.front());
    const std::uint64_t before = way.calls();
    for (int i = 0; i < signals; ++i) {
        const std::int64_t next = now_ns() + 200'000;
        while (now_ns() < next) {
        }
        while (got.load(base::acquire) < i) std::this_thread::yield();
        sent.store(now_ns(), base::release);
        way.signal();
    }
    consumer.join();
    const auto calls = static_cast<double>(way.calls() - before + loop_calls.load(base::acquire));
    return {spread_of(times).median, calls / signals};
}
template <class Way>
subject sparse_ns(const settings& how) {
    return {Way::name, {}, [how](latencies& sampled) { return sparse<Way>(how, sampled).latency_ns; }};
}
template <class Way>
subject sparse_calls(const settings& how) {
    return {Way::name, [how] {
                latencies unwanted;
                return sparse<Way>(how, unwanted).calls_per_signal;
            }};
}

// A loop on each processor, and a signal back and forth.
template <class Way>
double loop_round_trip(const settings& how, latencies& sampled) {
    Way subject;
    Way back;
    base::atomic<bool> over{false};
    std::thread partner([&] {
        const pinned on_cpu(how.cpus.back());
        loop_on<Way> loop(subject);
        do {
            (void)loop.wait_and_take();
            back.signal();
        } while (!over.load(base::acquire));
    });
    const pinned on_cpu(how.cpus.front());
    loop_on<Way> loop(back);
    const auto trip = [&] {
        subject.signal();
        (void)loop.wait_and_take();
    };
    const std::int64_t budget_ns = how.brief ? 15'000'000 : 45'000'000;
    (void)ns_per_call({budget_ns / 4, 20, unbounded}, trip);
    const double ns = ns_per_call({budget_ns, 20, unbounded}, trip);
    sample_calls(budget_ns / 4, sampled, trip);
    over.store(true, base::release);
    subject.signal();
    partner.join();
    return ns;
}
template <class Way>
subject loop_trip(const settings& how, const char* name) {
    return {name, {}, [how](latencies& sampled) { return loop_round_trip<Way>(how, sampled); }};
}

double spin_round_trip(const settings& how) {
    bare_spin subject;
    bare_spin back;
    base::atomic<bool> over{false};
    std::thread partner([&] {
        const pinned on_cpu(how.cpus.back());
        do {
            (void)subject.take();
            back.signal();
        } while (!over.load(base::acquire));
    });
    const pinned on_cpu(how.cpus.front());
    const double ns = ns_per_call({10'000'000, 20, unbounded}, [&] {
        subject.signal();
        (void)back.take();
    });
    over.store(true, base::release);
    subject.signal();
    partner.join();
    return ns;
}

// Unread writes to a descriptor in an epoll with EPOLLET, in which no thread waits.
template <class Way>
subject edge_ns(const settings& how) {
    return {Way::name, [how] {
                const pinned on_cpu(how.cpus.front());
                Way way;
                const loop_on<Way> loop(way);
                return ns_per_call({how.brief ? 4'000'000 : 20'000'000, 100, unbounded}, [&] { way.signal(); });
            }};
}

constexpr const char* loop_sleeps = "The loop sleeps before each signal: its wake is the cost, and it is the kernel's";

row every_write(const settings& how) {
    row edge{"every_write", "write to a descriptor where each is an edge", "ns"};
    edge.subjects = {edge_ns<kernel_level>(how), edge_ns<efd_every>(how)};
    edge.note = "writes that nobody reads, watched with EPOLLET; efd: fd(doorbell::every)";
    edge.loss = "Each write is a system call, as the kernel's, and another one looks whether the number is still ours";
    return edge;
}

} // namespace

void add_loop_rows(std::vector<row>& rows, const settings& how) {
    rows.push_back(every_write(how));
    row ns{"epoll_burst", "write to a busy epoll loop", "ns"};
    ns.loss = "A flag and libuv's handle carry no count: a signal that finds them set is dropped";
    ns.subjects = {burst_ns<kernel_level>(how), burst_ns<efd_armed>(how),
                   burst_ns<efd_level>(how),    burst_ns<efd_level_late>(how),
                   burst_ns<pending_flag>(how), {"floor", [how] { return counter_burst(how, signals_in(how)); }}};
    ns.gates = {{"efd", 5, absolute}, {"efd", 1.15, "pending_flag"}};
#ifdef EFD_BENCH_LIBUV
    ns.subjects.push_back({"uv_async", [how] { return uv_burst(how, signals_in(how)); }});
    ns.gates.push_back({"efd", 1, "uv_async"});
#endif
    ns.note = "signals back to back, the consumer in an epoll loop on the other processor; flag and libuv carry no "
              "count; floor: a bare locked add";

    row calls{"epoll_burst_calls", "system calls, 1000 writes to a busy loop", "calls"};
    calls.loss = "Its descriptor, level, is readable exactly while the count is above zero: each end of that is a call";
    calls.subjects = {burst_calls<kernel_level>(how), burst_calls<efd_armed>(how), burst_calls<efd_level>(how),
                      burst_calls<efd_level_late>(how), burst_calls<pending_flag>(how)};
    calls.gates = {{"efd", 10, absolute}, {"efd_level", 10, absolute}};
    calls.note = "system calls of both sides for 1000 signals of that burst";

    row latency{"epoll_sparse", "write to a sleeping epoll loop, until taken", "ns"};
    latency.sampled = "one signal, until it is taken";
    latency.loss = loop_sleeps;
    latency.subjects = {sparse_ns<kernel_level>(how), sparse_ns<efd_armed>(how), sparse_ns<efd_level>(how),
                        sparse_ns<pending_flag>(how)};
    latency.gates = {{"efd", 1.03, "kernel"}, {"efd_level", 1.03, "kernel"}};
    latency.note = "one signal each 200 us to a sleeping loop, from before the signal until it is taken";

    row few{"epoll_sparse_calls", "system calls, a write to a sleeping loop", "calls"};
    few.loss = loop_sleeps;
    few.subjects = {sparse_calls<kernel_level>(how), sparse_calls<efd_armed>(how), sparse_calls<efd_level>(how),
                    sparse_calls<pending_flag>(how)};
    few.gates = {{"efd", 1, "kernel"}, {"efd_level", 1, "kernel"}};
    few.note = "system calls of both sides for one of those signals";
    few.rounds_brief = 3;

    row trip{"pollable_linger", "round trip of two epoll loops, linger auto", "ns"};
    trip.sampled = "a round trip";
    trip.loss = "Two processors pass a cache line to and fro, see the floor";
    trip.subjects = {loop_trip<kernel_level>(how, "kernel"),
                     loop_trip<efd_armed_linger>(how, "efd"),
                     loop_trip<efd_armed>(how, "efd_no_linger"),
                     {"floor", [how] { return spin_round_trip(how); }}};
    trip.gates = {{"efd", 200, absolute}};
    trip.note = "round trip between two epoll loops, linger auto; floor: two threads that never sleep";

    for (row* one : {&ns, &calls, &latency, &few, &trip}) {
        if (how.cpus.size() < 2) one->impossible = "needs two processors, this process may use one";
        rows.push_back(std::move(*one));
    }
}

} // namespace efd::bench
