// SPDX-License-Identifier: MIT
// tests/dropin/conservation/round.cpp: see round.hpp.
#include "round.hpp"

#include "audit.hpp"
#include "work.hpp"

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace conservation {
namespace {

// Waits for what cannot be waited for otherwise: another process's state.
void pace() { ::usleep(500); } // pace: between looks at other processes

struct participants {
    std::vector<start> starts;
    std::vector<pthread_t> threads;
    std::vector<pid_t> processes;
    int to_quit = -1;
};

void make_objects(numbers_of_seed& drawn, participants& all) {
    std::array<int, 2> pipe_ends{};
    if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) fault("pipe2");
    book->quit = pipe_ends[0];
    all.to_quit = pipe_ends[1];
    book->records = ::memfd_create("records", 0);
    (void)::fcntl(book->records, F_SETFL, O_APPEND); // a memfd's place is not locked, so records would cover each other
    book->eventfds = 1 + drawn.below(most_eventfds);
    for (int i = 0; i < book->eventfds; ++i) {
        eventfd_object& made = book->object[static_cast<std::size_t>(i)];
        made = {};
        made.is_semaphore = has(semaphores) && drawn.one_in(2);
        made.blocks = has(blocking) && drawn.one_in(2);
        if (drawn.below(5) < 3) made.reader = 0;
        made.number = ::eventfd(0, (made.is_semaphore ? EFD_SEMAPHORE : 0) | (made.blocks ? 0 : EFD_NONBLOCK));
        if (made.number < 0) fault("eventfd");
    }
}

void start_threads(numbers_of_seed& drawn, participants& all) {
    const int wanted = has(threads) ? 1 + drawn.below(4) : 1;
    for (int i = 0; i < wanted; ++i)
        if (thread_slot* const where = claim_slot(own_thread()); where != nullptr)
            all.starts.push_back({where, static_cast<std::uint64_t>(i) + 1, i, has(watchers) && i == 0});
    begin_signals();
    for (start& one : all.starts) {
        pthread_t thread{};
        if (::pthread_create(&thread, nullptr, work, &one) == 0)
            all.threads.push_back(thread);
        else
            one.where->where = place::ended;
    }
    sigset_t alarm; // the auditor has no part in it
    ::sigemptyset(&alarm);
    ::sigaddset(&alarm, SIGALRM);
    ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
}

void start_process(participants& all, std::uint64_t salt) {
    thread_slot* const where = claim_slot(own_thread());
    if (where == nullptr) return;
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        be_a_process(where, salt);
    }
    if (child < 0) where->where = place::ended;
    if (child < 0) return;
    pid_t taker = own_thread();
    where->thread.compare_exchange_strong(taker, child); // it may be killed before it begins
    all.processes.push_back(child);
}

// Only a process with one thread may have its children in another namespace.
void start_process_elsewhere(participants& all) {
    const int own = ::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (own >= 0 && ::unshare(CLONE_NEWPID) == 0) {
        start_process(all, 99);
        if (::setns(own, CLONE_NEWPID) != 0) fault("setns");
    }
    ::close(own);
}

// The auditor's own calls, which never wait: they must return while the process is stopped.
void stop_one(numbers_of_seed& drawn, const participants& all) {
    if (all.processes.empty()) return;
    const pid_t stopped = all.processes[static_cast<std::size_t>(drawn.below(static_cast<int>(all.processes.size())))];
    ::usleep(static_cast<useconds_t>(drawn.below(3000))); // delay: to stop it at some moment of its work
    ::kill(stopped, SIGSTOP);
    siginfo_t info{};
    (void)::waitid(P_PID, static_cast<id_t>(stopped), &info, WSTOPPED | WEXITED | WNOWAIT);
    for (int i = 0; i < book->eventfds; ++i) {
        if (book->object[static_cast<std::size_t>(i)].blocks) continue;
        take(i);
        add(i, 1);
        take(i);
    }
    ::kill(stopped, SIGCONT);
}

void kill_one(numbers_of_seed& drawn, const participants& all) {
    if (all.processes.empty()) return;
    ::usleep(static_cast<useconds_t>(drawn.below(4000))); // delay: to kill it at some moment of its work
    ::kill(all.processes[static_cast<std::size_t>(drawn.below(static_cast<int>(all.processes.size())))], SIGKILL);
}

void reap() {
    while (await_child(-1, WNOHANG) > 0) continue;
}

std::uint64_t steps_of_all() { return book->beat.load(); }

// Until all have ended or sleep, and nothing has moved between two looks.
void await_rest() {
    for (;;) {
        reap();
        const std::uint64_t before = steps_of_all();
        if (is_at_rest()) {
            if (book->handlers_stopped.exchange(true)) {
                pace();
                if (is_at_rest() && steps_of_all() == before) return;
            }
        }
        pace();
    }
}

void judge_rest() {
    constexpr int looks_until_sure = 200; // what a look finds may be about to change; then steps move, or it is mended
    for (int object = 0; object < book->eventfds; ++object) {
        std::string wrong = fault_at_rest(object);
        for (int look = 0; look < looks_until_sure && !wrong.empty(); ++look) {
            pace();
            await_rest();
            wrong = fault_at_rest(object);
        }
        if (!wrong.empty()) fault("at rest: %s", wrong.c_str());
    }
}

// Gives units to sleeping threads until all have ended. The next unit is given only after the last one is taken,
// because one reader may take many before another one runs, and the auditor's journal has an end.
void release(const participants& all) {
    book->is_over = true;
    (void)!::write(all.to_quit, "q", 1);
    while (!all_have_ended()) {
        reap();
        for (int i = 0; i < book->eventfds; ++i) {
            const eventfd_object& one = book->object[static_cast<std::size_t>(i)];
            if (one.blocks && (readiness(one.number) & POLLIN) == 0) add(i, 1);
        }
        pace();
    }
}

// Edges of one eventfd, in a set of its own or in one within another, which is never drained.
class edge_counter {
  public:
    void watch(int object, bool nested) {
        object_ = object;
        outer_ = inner_ = ::epoll_create1(EPOLL_CLOEXEC);
        epoll_event wanted{nested ? EPOLLIN : EPOLLIN | EPOLLET, {}};
        if (nested) inner_ = ::epoll_create1(EPOLL_CLOEXEC);
        (void)::epoll_ctl(inner_, EPOLL_CTL_ADD, book->object[static_cast<std::size_t>(object)].number, &wanted);
        wanted.events = EPOLLIN | EPOLLET;
        if (nested) (void)::epoll_ctl(outer_, EPOLL_CTL_ADD, inner_, &wanted);
    }
    [[nodiscard]] bool watches(int object) const { return object == object_; }
    // Edges come one by one, so this takes the one that there is.
    [[nodiscard]] bool has_edge() const {
        epoll_event found{};
        const bool found_one = ::epoll_wait(outer_, &found, 1, 0) == 1;
        if (found_one && inner_ != outer_) (void)::epoll_wait(inner_, &found, 1, 0);
        return found_one;
    }

  private:
    int object_ = -1;
    int outer_ = -1;
    int inner_ = -1;
};

// What the last call of this thread, a write of more than nothing, came to.
bool has_added() {
    const entry& last = me->slot->journal[static_cast<std::size_t>(me->slot->used - 1)];
    return last.what == act::write && last.how == outcome::done && last.units > 0;
}

void one_step_alone(int object, const edge_counter& edges) {
    const bool may_wait = book->object[static_cast<std::size_t>(object)].blocks;
    const bool is_semaphore = book->object[static_cast<std::size_t>(object)].is_semaphore;
    const sums all = sum_up(object, false);
    const std::uint64_t count = all.written - all.taken;
    const int choice = me->drawn.below(12);
    if (choice < 3 && (count > 0 || !may_wait)) {
        take(object);
    } else if (choice == 3 && has(numbers)) {
        change_numbers();
    } else if (choice == 4 && has(forks) && me->drawn.one_in(3)) {
        fork_a_child();
    } else if (choice == 5 && has(execs) && me->drawn.one_in(6)) {
        start_a_program();
    } else if (choice > 5 && (!may_wait || count < 1ULL << 60)) {
        if (edges.watches(object)) (void)edges.has_edge();
        if (has(bound) && !may_wait && !is_semaphore && me->drawn.one_in(5))
            add(object, most_units - count - static_cast<std::uint64_t>(me->drawn.below(4)));
        else
            add_something(object);
        if (edges.watches(object) && has_added() && !edges.has_edge()) fault("eventfd %d: a write was no edge", object);
    }
    while (await_child(-1, 0) > 0) continue;
}

// One thread: after each call the count is known.
void work_alone() {
    edge_counter edges;
    for (int steps = 100 + me->drawn.below(150); steps > 0 && !journal_is_full(); --steps) {
        const int object = me->drawn.below(book->eventfds);
        if (has(watchers) && steps == 60) edges.watch(object, me->drawn.one_in(2));
        one_step_alone(object, edges);
        const std::string wrong = fault_at_rest(object);
        if (!wrong.empty()) fault("alone: %s", wrong.c_str());
    }
}

} // namespace

std::uint32_t possible(std::uint32_t features) {
    if (::geteuid() != 0) features &= ~static_cast<std::uint32_t>(namespaces);
    return features;
}

void run_round() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    numbers_of_seed drawn(book->seed * 29);
    participants all;
    make_objects(drawn, all);
    worker auditor;
    begin_work(auditor, *claim_slot(thread_of_proc()), 0);
    if (has(alone)) {
        for (int i = 0; i < book->eventfds; ++i) book->object[static_cast<std::size_t>(i)].reader = -1;
        work_alone();
    } else {
        if (has(namespaces)) start_process_elsewhere(all);
        start_threads(drawn, all);
        for (int i = has(processes) ? 1 + drawn.below(3) : 0; i > 0; --i)
            start_process(all, static_cast<std::uint64_t>(i) + 100);
        if (has(stops)) stop_one(drawn, all);
        if (has(kills)) kill_one(drawn, all);
        if (has(cancels) && all.threads.size() > 1) ::pthread_cancel(all.threads.back());
        await_rest();
        judge_rest();
        release(all);
        for (const pthread_t thread : all.threads) ::pthread_join(thread, nullptr);
    }
    while (await_child(-1, 0) > 0) continue;
    for (int object = 0; object < book->eventfds; ++object) settle_accounts(object);
    settle_records();
    add_to_totals();
    ::_exit(0);
}

} // namespace conservation
