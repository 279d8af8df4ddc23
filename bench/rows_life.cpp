// SPDX-License-Identifier: MIT
// bench/rows_life.cpp: what an object costs to make, to end, and to keep.
//
// Each round measures memory in a child process, so that no round sees what the one before has left.
#include "bench/child.hpp"
#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/subjects.hpp"

#include <efd/detail/core/context.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <latch>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <thread>

namespace efd::bench {
namespace {

using moodycamel_default = moodycamel_semaphore<10'000>;

template <class Subject>
subject life(const settings& how) {
    return {Subject::name, [how] {
                const pinned on_cpu(how.cpus[0]);
                return ns_per_call({how.brief ? 4'000'000 : 20'000'000, 100, unbounded}, [] {
                    Subject it;
                    keep(&it);
                });
            }};
}

// As life, in a process that has a second thread, as every program has that is signalled: locks and libc's own calls
// cost more there.
template <class Subject>
subject life_beside_a_thread(const settings& how) {
    const subject alone = life<Subject>(how);
    return {alone.name, [measure = alone.measure] {
                std::latch over(1);
                const std::jthread other([&over] { over.wait(); });
                const double cost = measure();
                over.count_down();
                return cost;
            }};
}

// The descriptor of efd_eventfd while no call uses it.
class efd_descriptor {
  public:
    static constexpr const char* name = "efd";
    efd_descriptor() : fd_(efd_eventfd(0, EFD_CLOEXEC)) { must(fd_ >= 0, "efd_eventfd"); }
    ~efd_descriptor() { (void)efd_fd_close(fd_); }
    efd_descriptor& operator=(efd_descriptor&&) = delete; // neither copied nor moved

  private:
    int fd_;
};

subject size(const char* name, std::size_t bytes) {
    return {name, [bytes] { return static_cast<double>(bytes); }};
}

// What the kernel accounts to this process.
double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    double total_pages = 0;
    double resident_pages = 0;
    statm >> total_pages >> resident_pages;
    return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// What the kernel has allocated for its own objects: exact if slabinfo may be read, else in whole pages.
double kernel_bytes() {
    std::ifstream slabinfo("/proc/slabinfo");
    double bytes = 0;
    for (std::string line; std::getline(slabinfo, line);) {
        std::istringstream words(line);
        std::string cache;
        double active = 0;
        double total = 0;
        double size = 0;
        if (words >> cache >> active >> total >> size) bytes += active * size;
    }
    if (bytes > 0) return bytes;
    std::ifstream meminfo("/proc/meminfo");
    for (std::string key; meminfo >> key;)
        if (key == "Slab:" && meminfo >> bytes) break;
    return bytes * 1024;
}

// Waits, for two seconds at most, until the kernel has freed what others left.
double settled_kernel_bytes() {
    double before = kernel_bytes();
    for (int look = 0; look < 40; ++look) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50)); // pace: the kernel does not report when it frees
        const double now = kernel_bytes();
        if (std::abs(now - before) < 32 * 1024) return now;
        before = now;
    }
    return before;
}

constexpr std::size_t many = 1'000'000;

// The handles' own memory is touched before, so that it does not count.
template <class Make>
double resident_bytes_each(Make make) {
    using handle = decltype(make());
    std::vector<handle> all(many, handle{});
    const double before = resident_bytes();
    for (handle& one : all) one = make();
    const double after = resident_bytes();
    keep(all.data());
    return (after - before) / static_cast<double>(many);
}

// As many as the limit on descriptors allows, minus the few that the measurement needs.
double kernel_bytes_each() {
    rlimit limit{};
    must(::getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
    const auto most = static_cast<std::size_t>(std::clamp<rlim_t>(limit.rlim_cur, 128, 100'000)) - 64;
    std::vector<int> all;
    all.reserve(most);
    const double before = settled_kernel_bytes();
    while (all.size() < most) {
        const int fd = ::eventfd(0, EFD_CLOEXEC);
        if (fd < 0) break;
        all.push_back(fd);
    }
    const double after = kernel_bytes();
    return (after - before) / static_cast<double>(std::max<std::size_t>(all.size(), 1));
}

core::context* make_context() {
    core::context* const made = core::context::create(0, 0);
    must(made != nullptr, "context::create");
    return made;
}

efd_t* make_efd() {
    efd_t* const made = efd_create(0, 0);
    must(made != nullptr, "efd_create");
    return made;
}

} // namespace

void add_life_rows(std::vector<row>& rows, const settings& how) {
    row& life_row = rows.emplace_back(row{"create_destroy", "make one and end it", "ns"});
    life_row.subjects = {life<kernel_eventfd>(how),  life<efd_inline>(how),    life<efd_c>(how),
                         life<posix_semaphore>(how), life<std_semaphore>(how), life<moodycamel_default>(how),
                         life<byte_pipe>(how)};
    life_row.gates = {{"efd", 100, absolute}};
    life_row.note = "make one and end it; the semaphores are made in place, on the stack";
    life_row.loss =
        "An object takes an id and 64 bytes that stay valid for late threads; a semaphore on the stack takes "
        "nothing";

    const auto close_row = [&rows](const char* name, const char* title, const char* note,
                                   std::vector<subject> subjects) {
        row& closing = rows.emplace_back(row{name, title, "ns"});
        closing.subjects = std::move(subjects);
        closing.gates = {{"efd", 1.1, "kernel"}};
        closing.note = note;
        closing.loss = "The two calls of the kernel's, and the object beside them";
    };
    close_row("create_close", "make a descriptor and close it",
              "in a process with two threads; efd: efd_eventfd and efd_fd_close; kernel: eventfd and close",
              {life_beside_a_thread<kernel_eventfd>(how), life_beside_a_thread<efd_descriptor>(how)});
    close_row("create_close_alone", "make a descriptor and close it, one thread",
              "as create_close, in a process that has one thread, where libc's close is quicker",
              {life<kernel_eventfd>(how), life<efd_descriptor>(how)});

    row& memory = rows.emplace_back(row{"memory", "memory of one, if there are many", "bytes"});
    memory.subjects = {{"kernel", [] { return in_child(kernel_bytes_each); }},
                       {"efd", [] { return in_child([] { return resident_bytes_each(make_context); }); }},
                       {"efd_c", [] { return in_child([] { return resident_bytes_each(make_efd); }); }}};
    memory.note = "efd: resident memory for each of a million live objects; kernel: growth of the slabs for each of as "
                  "many descriptors as are allowed, which other processes disturb";
    memory.rounds_brief = 3;
    memory.rounds_full = 11;

    row& size_row = rows.emplace_back(row{"memory_sizeof", "sizeof", "bytes"});
    size_row.subjects = {size("efd", sizeof(core::context)), size("sem_t", sizeof(sem_t)),
                         size("std_semaphore", sizeof(std::counting_semaphore<>)),
                         size("moodycamel", sizeof(moodycamel::LightweightSemaphore))};
    size_row.gates = {{"efd", 64, absolute}};
    size_row.note = "sizeof of the object";
    size_row.rounds_brief = 1;
    size_row.rounds_full = 1;
}

} // namespace efd::bench
