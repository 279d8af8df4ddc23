// SPDX-License-Identifier: MIT
// bench/rows_set.cpp: waiting on many objects: write one random member, wait, take; and a look when none is ready.
//
// The kernel's side is an epoll over as many eventfds; it is left out if the process may not have that many
// descriptors. The floor does what no set can avoid: a locked add and an exchange on a random member's own line, so
// that the cost of the cache misses can be compared. Its accesses overlap. Those of a set cannot: a signaller learns
// from the object who watches it. So `chase` makes three misses that depend on each other, and a locked add.
#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/subjects.hpp"

#include <efd/wait_set.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <poll.h>
#include <random>
#include <sys/epoll.h>
#include <sys/resource.h>

namespace efd::bench {
namespace {

constexpr std::size_t picks = 1U << 16;

std::vector<std::uint32_t> random_picks(std::size_t n) {
    std::minstd_rand random(42);
    std::vector<std::uint32_t> all(picks);
    for (std::uint32_t& one : all) one = static_cast<std::uint32_t>(random() % n);
    return all;
}

effort effort_of(const settings& how) { return {how.brief ? 4'000'000 : 20'000'000, 1000, unbounded}; }

// Objects are kept from round to round: making a million takes longer than measuring them.
struct efd_many {
    explicit efd_many(std::size_t n) : picked(random_picks(n)) {
        objects.reserve(n);
        for (std::size_t i = 0; i < n; ++i) {
            objects.emplace_back();
            set.add(objects.back(), i);
        }
    }
    std::vector<efd::eventfd> objects;
    efd::wait_set set;
    std::vector<std::uint32_t> picked;
};

double one_of_efd(const settings& how, std::size_t n) {
    const pinned here(how.cpus[0]);
    const auto many = std::make_unique<efd_many>(n);
    std::size_t at = 0;
    return ns_per_call(effort_of(how), [&] {
        must(many->objects[many->picked[at++ % picks]].write(1) == std::errc{}, "efd::eventfd::write");
        efd::set_event got{};
        must(many->set.wait_any(got) == std::errc{}, "efd::wait_set::wait_any");
        keep(&got);
    });
}

double one_of_lines(const settings& how, std::size_t n) {
    const pinned here(how.cpus[0]);
    const auto lines = std::make_unique<locked_add[]>(n);
    const std::vector<std::uint32_t> picked = random_picks(n);
    std::size_t at = 0;
    return ns_per_call(effort_of(how), [&] {
        locked_add& one = lines[picked[at++ % picks]];
        one.signal();
        const std::uint64_t taken = one.take();
        keep(&taken);
    });
}

struct alignas(64) chase_line {
    base::atomic<std::uint64_t> word{0};
    std::uint32_t next = 0;
};

// From a random line to a line of a second array, from there to one of a third.
double one_of_chase(const settings& how, std::size_t n) {
    const pinned here(how.cpus[0]);
    constexpr std::size_t misses = 3;
    std::minstd_rand random(7);
    const auto lines = std::make_unique<chase_line[]>(misses * n);
    for (std::size_t i = 0; i < misses * n; ++i) lines[i].next = static_cast<std::uint32_t>(random() % n);
    const std::vector<std::uint32_t> picked = random_picks(n);
    std::size_t at = 0;
    return ns_per_call(effort_of(how), [&] {
        std::size_t line = picked[at++ % picks];
        for (std::size_t array = 1; array < misses; ++array) line = array * n + lines[line].next;
        const std::uint64_t before = lines[line].word.fetch_add(1, base::acq_rel);
        keep(&before);
    });
}

class kernel_many {
  public:
    explicit kernel_many(std::size_t n) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        for (std::size_t i = 0; i < n; ++i) {
            fds_.push_back(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
            epoll_event interest{};
            interest.events = EPOLLIN;
            interest.data.u64 = i;
            must(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fds_.back(), &interest) == 0, "epoll_ctl");
        }
    }
    ~kernel_many() {
        for (const int fd : fds_) ::close(fd);
        ::close(epoll_);
    }
    kernel_many(const kernel_many&) = delete;
    kernel_many& operator=(const kernel_many&) = delete;
    void write_and_take(std::size_t which) {
        std::uint64_t value = 1;
        must(::write(fds_[which], &value, sizeof value) == sizeof value, "write to an eventfd");
        epoll_event got{};
        must(::epoll_wait(epoll_, &got, 1, -1) == 1, "epoll_wait");
        must(::read(fds_[got.data.u64], &value, sizeof value) == sizeof value, "read from an eventfd");
    }
    void write_to(std::size_t which) {
        const std::uint64_t value = 1;
        must(::write(fds_[which], &value, sizeof value) == sizeof value, "write to an eventfd");
    }
    // How many were ready; all are read.
    template <std::size_t Most>
    std::size_t take_all() {
        epoll_event got[Most];
        const int number = ::epoll_wait(epoll_, got, static_cast<int>(Most), -1);
        must(number > 0, "epoll_wait");
        std::uint64_t value = 0;
        for (int i = 0; i < number; ++i)
            must(::read(fds_[got[i].data.u64], &value, sizeof value) == sizeof value, "read from an eventfd");
        return static_cast<std::size_t>(number);
    }
    void look() {
        epoll_event got{};
        must(::epoll_wait(epoll_, &got, 1, 0) == 0, "epoll_wait");
    }
    void poll_all() {
        if (polled_.empty())
            for (const int fd : fds_) polled_.push_back({fd, POLLIN, 0});
        must(::poll(polled_.data(), polled_.size(), 0) == 0, "poll");
    }

  private:
    int epoll_;
    std::vector<int> fds_;
    std::vector<pollfd> polled_;
};

double one_of_kernel(const settings& how, std::size_t n) {
    const pinned here(how.cpus[0]);
    kernel_many many(n);
    const std::vector<std::uint32_t> picked = random_picks(n);
    std::size_t at = 0;
    return ns_per_call(effort_of(how), [&] { many.write_and_take(picked[at++ % picks]); });
}

bool has_descriptors_for(std::size_t n) {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > n + 64;
}

row one_of(const settings& how, std::size_t n, const char* name) {
    row r;
    r.name = name;
    r.title = fmt::format("write one of {}, wait, take", n);
    r.unit = "ns";
    r.place = {"set_one_of", "members", static_cast<double>(n)};
    if (has_descriptors_for(n)) r.subjects.push_back({"kernel", [how, n] { return one_of_kernel(how, n); }});
    r.subjects.push_back({"efd", [how, n] { return one_of_efd(how, n); }});
    r.subjects.push_back({"floor", [how, n] { return one_of_lines(how, n); }});
    r.subjects.push_back({"chase", [how, n] { return one_of_chase(how, n); }});
    r.note = "write one random member, wait, take; floor: a locked add and an exchange on one of as many lines; chase: "
             "three misses that depend on each other and a locked add";
    r.rounds_brief = n > 10'000 ? 1 : 11;
    r.rounds_full = n > 10'000 ? 5 : 31;
    return r;
}

constexpr std::size_t batch = 64;
constexpr std::size_t batch_members = 1024;

// Writes to 64 members of 1024 and takes from all that are ready; ns for each. A member that is picked twice is taken
// from once.
template <class Write, class Take>
double batch_of(const settings& how, Write write, Take take) {
    const std::vector<std::uint32_t> picked = random_picks(batch_members);
    std::size_t at = 0;
    return ns_per_call({effort_of(how).budget_ns, 10, unbounded},
                       [&] {
                           for (std::size_t i = 0; i < batch; ++i) write(picked[at++ % picks]);
                           take();
                       }) /
           batch;
}

double batch_of_kernel(const settings& how) {
    const pinned here(how.cpus[0]);
    kernel_many many(batch_members);
    return batch_of(how, [&](std::size_t which) { many.write_to(which); }, [&] { many.take_all<batch>(); });
}

double batch_of_efd(const settings& how) {
    const pinned here(how.cpus[0]);
    const auto many = std::make_unique<efd_many>(batch_members);
    efd::set_event ready[batch];
    return batch_of(
        how, [&](std::size_t which) { must(many->objects[which].write(1) == std::errc{}, "efd::eventfd::write"); },
        [&] {
            std::size_t number = 0;
            must(many->set.wait_ready(ready, number) == std::errc{}, "efd::wait_set::wait_ready");
            for (std::size_t i = 0; i < number; ++i) {
                std::uint64_t value = 0;
                must(many->objects[ready[i].token].try_read(value) == std::errc{}, "efd::eventfd::try_read");
            }
        });
}

row batch_row(const settings& how) {
    row r;
    r.name = "set_batch_64";
    r.title = "write 64 of 1024, one look, take all";
    r.unit = "ns";
    if (has_descriptors_for(batch_members)) r.subjects.push_back({"kernel", [how] { return batch_of_kernel(how); }});
    r.subjects.push_back({"efd", [how] { return batch_of_efd(how); }});
    r.note =
        "64 random members of 1024 are written to; one epoll_wait or wait_ready for up to 64, then a read of each; "
        "for each write";
    return r;
}

template <class Look>
subject idle(const settings& how, const char* name, Look look) {
    return {name, [how, look] {
                const pinned here(how.cpus[0]);
                return look(how);
            }};
}

} // namespace

void add_set_rows(std::vector<row>& rows, const settings& how) {
    rows.push_back(one_of(how, 1, "set_one_of_1"));
    rows.push_back(one_of(how, 1024, "set_one_of_1024"));
    rows.back().gates = {{"efd", 20, absolute}};
    rows.push_back(one_of(how, 100'000, "set_one_of_100000"));
    rows.push_back(one_of(how, 1'000'000, "set_one_of_1000000"));
    rows.push_back(batch_row(how));

    constexpr std::size_t members = 1024;
    row& nothing = rows.emplace_back();
    nothing.name = "set_idle";
    nothing.title = "look at 1024 of which none is ready";
    nothing.unit = "ns";
    if (has_descriptors_for(members)) {
        nothing.subjects.push_back(idle(how, "kernel", [](const settings& s) {
            kernel_many many(members);
            return ns_per_call(effort_of(s), [&] { many.look(); });
        }));
        nothing.subjects.push_back(idle(how, "poll", [](const settings& s) {
            kernel_many many(members);
            return ns_per_call({effort_of(s).budget_ns, 10, unbounded}, [&] { many.poll_all(); });
        }));
    }
    nothing.subjects.push_back(idle(how, "efd", [](const settings& s) {
        efd_many many(members);
        return ns_per_call(effort_of(s), [&] {
            efd::set_event got{};
            must(many.set.try_any(got) != std::errc{}, "efd::wait_set::try_any");
        });
    }));
    nothing.gates = {{"efd", 1, absolute}};
    nothing.note = "a look at 1024 members of which none is ready: epoll_wait and poll without waiting, try_any";
}

} // namespace efd::bench
