// SPDX-License-Identifier: MIT
// bench/rows_set.cpp: waiting on many: write one random member, wait, take; and looking where nothing is ready.
//
// The kernel's side is an epoll over as many eventfds; it is left out where the process may not have that many
// descriptors. The floor touches what no set can spare: the member's own line, at random, with a locked add and an
// exchange, so that the cost of the cache misses stands beside the rest.
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

// Objects stay from round to round: a million of them take longer to make than to measure.
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
    if (has_descriptors_for(n)) r.subjects.push_back({"kernel", [how, n] { return one_of_kernel(how, n); }});
    r.subjects.push_back({"efd", [how, n] { return one_of_efd(how, n); }});
    r.subjects.push_back({"floor", [how, n] { return one_of_lines(how, n); }});
    r.note = "write one random member, wait, take; floor: a locked add and an exchange on one of as many lines";
    r.rounds_brief = n > 10'000 ? 1 : 11;
    r.rounds_full = n > 10'000 ? 5 : 31;
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
