// SPDX-License-Identifier: MIT
// tests/dropin/conservation/work.cpp: see work.hpp.
#include "work.hpp"

#include <cstdlib>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include <vector>

namespace conservation {
namespace {

bool blocks(int object) { return book->object[static_cast<std::size_t>(object)].blocks; }

void step() {
    numbers_of_seed& from = me->drawn;
    const int object = from.below(book->eventfds);
    const int choice = from.below(100);
    if (choice < 55) {
        for (int burst = from.one_in(3) ? from.below(8) : 0; burst >= 0; --burst) guarded(add_something, object);
    } else if (choice < 85) {
        if (may_take(object)) guarded(take, object);
    } else if (choice < 93) {
        if (has(numbers)) change_numbers();
    } else if (choice < 97) {
        if (has(forks) && from.one_in(3)) fork_a_child();
    } else if (choice < 99) {
        if (has(execs) && from.one_in(3)) start_a_program();
    } else {
        ::sched_yield();
    }
}

// However the thread ends: also by pthread_exit and cancellation.
struct leaves_at_end {
    thread_slot& where;
    ~leaves_at_end() {
        me = nullptr;
        where.where = place::ended;
    }
};

} // namespace

void work_a_little(int most) {
    for (int i = 1 + me->drawn.below(most); i > 0 && !journal_is_full(); --i) {
        const int object = me->drawn.below(book->eventfds);
        if (me->drawn.below(3) != 0)
            add_something(object);
        else if (!blocks(object) && may_take(object))
            take(object);
    }
}

void* work(void* start_of_thread) {
    const start& begun = *static_cast<start*>(start_of_thread);
    worker self;
    self.thread = begun.thread;
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    begin_work(self, *begun.where, begun.salt);
    const leaves_at_end leaves{*begun.where};
    if (begun.watches) {
        watch_until_over();
        return nullptr;
    }
    for (int steps = 20 + self.drawn.below(120); steps > 0 && !journal_is_full() && !book->is_over; --steps) step();
    return nullptr;
}

void be_a_process(thread_slot* where, std::uint64_t salt) {
    me = nullptr; // it was another thread's
    const pid_t self = thread_of_proc();
    begin_signals();
    numbers_of_seed drawn(book->seed * 41 + salt);
    static std::vector<start> starts; // a handler may end this thread before the others have read theirs
    std::vector<pthread_t> others;
    for (int i = has(threads) ? drawn.below(3) : 0; i > 0; --i)
        if (thread_slot* const another = claim_slot(self); another != nullptr)
            starts.push_back({another, salt * 8 + static_cast<std::uint64_t>(i), -1, false});
    for (start& one : starts) {
        pthread_t thread{};
        if (::pthread_create(&thread, nullptr, work, &one) == 0)
            others.push_back(thread);
        else
            one.where->where = place::ended;
    }
    start own{where, salt, -1, has(watchers) && drawn.one_in(3)};
    work(&own);
    if (has(execs) && drawn.one_in(4)) become_a_program();
    if (has(cancels) && !others.empty()) ::pthread_cancel(others.front());
    for (const pthread_t thread : others) ::pthread_join(thread, nullptr);
    while (await_child(-1, 0) > 0) continue;
    ::_exit(0);
}

void be_a_program(int slot_number) {
    worker self;
    thread_slot& where = book->slots[static_cast<std::size_t>(slot_number)];
    begin_work(self, where, static_cast<std::uint64_t>(slot_number) + 1000);
    work_a_little(12);
    where.where = place::ended;
    ::_exit(0);
}

} // namespace conservation
