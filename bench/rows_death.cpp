// SPDX-License-Identifier: MIT
// bench/rows_death.cpp: from the SIGKILL of the last process that signals to the end of a wait that asked for it.
//
// The victim has touched that much memory, which the kernel takes back before it closes what the victim had open. The
// peers wait for the same death by other means of the kernel.
#include "bench/measure.hpp"
#include "bench/processes.hpp"
#include "bench/row.hpp"
#include "common/task.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <thread>

namespace efd::bench {
namespace {

// A process that is killed once the thread that made this sleeps.
class victim {
  public:
    victim(std::size_t resident, const std::function<void()>& begin)
        : process_([this, resident, &begin] {
              void* const memory =
                  ::mmap(nullptr, resident, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              must(memory != MAP_FAILED, "mmap");
              std::memset(memory, 1, resident);
              begin();
              ready_.signal();
              for (;;) ::pause();
          }) {
        ready_.take();
    }
    [[nodiscard]] pid_t pid() const { return process_.pid(); }

    // Microseconds from the kill to the end of this wait.
    double until_the_end_of(const std::function<void()>& wait) {
        std::int64_t killed_ns = 0;
        std::thread killer([&, waiter = common::this_tid()] {
            while (!common::is_asleep(waiter)) std::this_thread::yield();
            killed_ns = now_ns();
            ::kill(pid(), SIGKILL);
        });
        wait();
        const std::int64_t heard_ns = now_ns();
        killer.join();
        return static_cast<double>(heard_ns - killed_ns) / 1000;
    }

  private:
    shared_semaphore ready_;
    other_process process_;
};

double by_arena(std::size_t resident, const arena_options& how) {
    const efd::arena shared(how);
    std::optional<efd::eventfd> its;
    victim last(resident, [&] { its = shared.make("object"); });
    const efd::arena_lookup found = shared.find("object", arena_role::waits);
    must(bool(found), "efd::arena::find");
    return last.until_the_end_of([&] {
        std::uint64_t value = 0;
        must(found.object.read(value, {.owner_death = true}) == std::errc::owner_dead, "efd::eventfd::read");
    });
}

double by_robust_mutex(std::size_t resident) {
    const in_shared_memory<pthread_mutex_t> mutex;
    pthread_mutexattr_t robust{};
    ::pthread_mutexattr_init(&robust);
    ::pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED);
    ::pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
    must(::pthread_mutex_init(&*mutex, &robust) == 0, "pthread_mutex_init");
    victim last(resident, [&] { must(::pthread_mutex_lock(&*mutex) == 0, "pthread_mutex_lock"); });
    return last.until_the_end_of([&] { must(::pthread_mutex_lock(&*mutex) == EOWNERDEAD, "pthread_mutex_lock"); });
}

double by_pidfd(std::size_t resident) {
    victim last(resident, [] {});
    const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, last.pid(), 0));
    must(fd >= 0, "pidfd_open");
    const double us = last.until_the_end_of([fd] {
        pollfd asked{fd, POLLIN, 0};
        must(::poll(&asked, 1, -1) == 1, "poll");
    });
    ::close(fd);
    return us;
}

} // namespace

void add_death_rows(std::vector<row>& rows) {
    for (const std::size_t megabytes : {std::size_t{1}, std::size_t{256}}) {
        const std::size_t resident = megabytes << 20;
        row& r = rows.emplace_back(row{fmt::format("xproc_death_{}M", megabytes),
                                       fmt::format("from SIGKILL to EOWNERDEAD, {} MB resident", megabytes), "us"});
        constexpr std::chrono::milliseconds soon(1);
        r.subjects = {{"efd", [=] { return by_arena(resident, {}); }},
                      {"look_1ms", [=] { return by_arena(resident, {.first_look = soon, .last_look = soon}); }},
                      {"robust_mutex", [=] { return by_robust_mutex(resident); }},
                      {"pidfd", [=] { return by_pidfd(resident); }}};
        r.note = "killed as soon as the waiter sleeps. efd: a sleeper that looks after 50 ms, later once a second; "
                 "look_1ms: of an arena whose sleepers look every millisecond";
        r.loss = "A waiter of an arena hears of a death at its next look";
        r.rounds_brief = 3;
    }
}

} // namespace efd::bench
