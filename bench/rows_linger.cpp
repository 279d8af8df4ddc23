// SPDX-License-Identifier: MIT
// bench/rows_linger.cpp: what a linger costs in processor time where it cannot pay: signals that come rarely.
//
// A signal each millisecond to one reader. Sleeping costs next to nothing, looking all the time a whole processor; auto
// must find out that looking does not pay, and look ever more rarely. A late reader takes several signals at once, so
// it waits for an end mark and does not count signals.
#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/subjects.hpp"

#include <atomic>
#include <ctime>
#include <thread>

namespace efd::bench {
namespace {

double thread_cpu_ns() {
    timespec used{};
    must(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0, "clock_gettime");
    return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

// The reader's processor time, in percent of the time that passed.
template <class Subject>
double reader_cpu(const settings& how) {
    const int signals = how.brief ? 60 : 300;
    Subject it;
    std::atomic<bool> ended{false};
    double used = 0;
    double passed = 1;
    std::thread reader([&] {
        const pinned on_cpu(how.cpus.back());
        it.take();
        const double cpu = thread_cpu_ns();
        const std::int64_t start = now_ns();
        while (!ended.load(std::memory_order_acquire)) it.take();
        passed = static_cast<double>(now_ns() - start);
        used = thread_cpu_ns() - cpu;
    });
    const pinned on_cpu(how.cpus.front());
    for (int i = 0; i < signals; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1)); // delay: a signal each millisecond is measured
        if (i == signals - 1) ended.store(true, std::memory_order_release);
        it.signal();
    }
    reader.join();
    return 100 * used / passed;
}

template <class Subject>
subject reader_of(const settings& how, const char* name) {
    return {name, [how] { return reader_cpu<Subject>(how); }};
}

} // namespace

void add_linger_rows(std::vector<row>& rows, const settings& how) {
    row r{"linger_cpu", "processor time of a reader that lingers", "% cpu"};
    r.subjects = {reader_of<kernel_eventfd>(how, "kernel"), reader_of<efd_inline_linger>(how, "efd"),
                  reader_of<efd_inline>(how, "efd_no_linger"),
                  reader_of<moodycamel_semaphore<10'000>>(how, "moodycamel")};
    r.gates = {{"efd", 5, absolute}};
    r.note = "processor time of a reader that gets a signal each millisecond; efd with linger auto";
    r.loss = "A look before the sleep takes processor time; auto looks ever more rarely where that does not pay";
    r.rounds_brief = 3;
    r.rounds_full = 5;
    if (how.cpus.size() < 2) r.impossible = "needs two processors, this process may use one";
    rows.push_back(std::move(r));
}

} // namespace efd::bench
