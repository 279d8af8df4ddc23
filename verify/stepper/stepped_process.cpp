// SPDX-License-Identifier: MIT
// stepped_process.cpp: see stepped_process.hpp.
#include "stepper/stepped_process.hpp"

#include <csetjmp>
#include <cstdlib>
#include <efd/efd.h>
#include <efd/wait_set.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace efd::stepper {
namespace {

efd_t* object = nullptr;
efd_t* other = nullptr;
efd_t* newcomer = nullptr;
efd_wait_set_t* set = nullptr;
efd_wait_set_t* second_set = nullptr;
int descriptor = -1;
int member = -1;
int joined = -1; // as a member, by the healthy thread
efd_t* third = nullptr;
efd_wait_queue_entry entry{};
efd_wait_queue_entry joined_entry{};
bool is_added = false;
bool is_joined = false;
std::atomic<long> calls_of_entry{0};
sigjmp_buf before_the_call;

pid_t this_thread() { return static_cast<pid_t>(::syscall(SYS_gettid)); }
void mark() { ::syscall(SYS_tgkill, ::getpid(), this_thread(), marker); }

void make_plain() { object = efd_create(0, 0); }
void make_semaphore() { object = efd_create(0, EFD_SEMAPHORE); }
void make_level() {
    make_plain();
    descriptor = efd_fd(object, EFD_LEVEL);
}
void make_armed() {
    make_plain();
    descriptor = efd_fd(object, EFD_ARMED);
}
void make_set() {
    make_plain();
    other = efd_create(0, 0);
    set = efd_wait_set_create();
    (void)efd_wait_set_add(set, object, 1);
}
// And a second one of the same objects, in opposite order.
void make_full_set() {
    make_set();
    (void)efd_wait_set_add(set, other, 2);
    second_set = efd_wait_set_create();
    (void)efd_wait_set_add(second_set, other, 2);
    (void)efd_wait_set_add(second_set, object, 1);
    newcomer = efd_create(0, 0);
}

int count_call(efd_wait_queue_entry* /*entry*/, unsigned /*key*/) {
    calls_of_entry.fetch_add(1);
    return 0;
}
void set_entries() {
    for (efd_wait_queue_entry* one : {&entry, &joined_entry}) {
        one->callback = count_call;
        one->mask = POLLIN;
    }
}
void make_queue() {
    make_plain();
    set_entries();
    third = efd_create(0, 0);
    set = efd_wait_set_create();
}
void add_entry() { is_added = efd_wait_queue_add(object, &entry, nullptr) == 0; }
void make_watched_queue() {
    make_queue();
    add_entry();
}
void make_set_of_three() {
    make_set();
    third = efd_create(0, 0);
}
// A second object, whose entry hears at once of what this thread writes.
void make_set_and_watched() {
    make_set();
    set_entries();
    (void)efd_wait_queue_add(other, &entry, nullptr);
}

void nothing() {}
void put_one_unit() { (void)efd_write(object, 1); }
void make_other() { other = efd_create(0, 0); }
void join() { member = efd_wait_set_add(set, other, 2); }
// So that the place of one that has left is taken.
void leave_and_join() {
    join();
    (void)efd_wait_set_remove(set, member);
    member = -1;
}
void put_both() {
    (void)efd_write(object, 1);
    (void)efd_write(other, 1);
}

void write_one() { (void)efd_write(object, 1); }
void write_many() { (void)efd_write(object, 100); }
void signal_one() { (void)efd_signal(object); }
void read_one() {
    std::uint64_t value = 0;
    (void)efd_read(object, &value);
}
void take() {
    std::uint64_t value = 0;
    (void)efd_try_read(object, &value);
}
void arm() { (void)efd_arm(object, POLLIN); }
void put_other() { efd_put(other); }
void leave() { (void)efd_wait_set_remove(set, member); }
void remove_entry() { is_added = efd_wait_queue_remove(object, &entry) != 0; }
void wait_for_any() {
    efd_wait_set_event got{};
    (void)efd_wait_set_wait_any(set, &got, EFD_FOREVER);
}
void take_all() {
    efd_wait_set_event got[2];
    (void)efd_wait_set_wait_all(set, got, 2, 0);
}

bool readable() {
    pollfd asked{descriptor, POLLIN, 0};
    return ::poll(&asked, 1, 0) == 1;
}
bool writes() { return efd_write(object, 1) == 0; }
bool calls() {
    std::uint64_t value = 0;
    if (efd_write(object, 1) != 0 || efd_signal(object) != 0) return false;
    (void)efd_poll(object);
    (void)efd_count(object);
    (void)efd_try_read(object, &value);
    return true;
}
// Each write that has returned leaves the descriptor readable, whether it left zero or not.
bool writes_and_looks() {
    std::uint64_t value = 0;
    if (efd_write(object, 1) != 0 || !readable() || efd_write(object, 1) != 0 || !readable()) return false;
    (void)efd_try_read(object, &value);
    return efd_write(object, 1) == 0 && readable();
}
bool makes_and_puts() {
    efd_t* const made = efd_create(1, 0);
    std::uint64_t value = 0;
    const bool right = made != nullptr && efd_read(made, &value) == 0 && value == 1;
    efd_put(made);
    return right && calls();
}
bool finds_its_own() {
    efd_wait_set_event got{};
    return efd_write(object, 1) == 0 && efd_wait_set_try_any(set, &got) == 0 && calls();
}
// What the stopped thread takes it takes from both or from none: a thread that takes both, or adds to both, is not held
// up.
bool calls_beside_a_take() {
    const bool first = efd_count(object) > 0;
    const bool second = efd_count(other) > 0;
    efd_wait_set_event got[2];
    if (first != second || (efd_wait_set_wait_all(second_set, got, 2, 0) == 2) != first) return false;
    const int place = efd_wait_set_add(set, newcomer, 3);
    if (place < 0 || efd_wait_set_remove(set, place) != 0) return false;
    return efd_write(other, 1) == 0 && calls();
}

// A thread that joins beside the stopped one comes to an end, and what joined a set is found in it.
bool joins_the_set() {
    efd_wait_set_event got{};
    if (joined < 0) joined = efd_wait_set_add(set, third, 3);
    return joined >= 0 && efd_write(third, 1) == 0 && efd_wait_set_try_any(set, &got) == 0 && finds_its_own();
}
bool joins_the_queue() {
    is_joined = is_joined || efd_wait_queue_add(object, &joined_entry, nullptr) == 0;
    if (joined < 0) joined = efd_wait_set_add(set, object, 3);
    efd_wait_set_event got{};
    return is_joined && joined >= 0 && efd_write(object, 1) == 0 && efd_wait_set_try_any(set, &got) == 0;
}
// Nobody keeps the queue: what was added hears.
bool joins_and_hears() {
    const long before = calls_of_entry.load();
    return joins_the_queue() && calls_of_entry.load() > before;
}
// The callbacks of this thread are deferred for a few calls more at most, and none is lost.
bool hears_soon() {
    constexpr int writes = 40;
    const long before = calls_of_entry.load();
    for (int i = 0; i < writes; ++i)
        if (efd_write(other, 1) != 0) return false;
    return calls_of_entry.load() == before + writes;
}
bool has_nothing_to_say() { return true; }

bool drain() {
    std::uint64_t value = 0;
    while (efd_try_read(object, &value) == 0) {
    }
    return efd_count(object) == 0;
}
bool drain_and_look() { return drain() && !readable(); }
bool drain_and_leave() {
    if (member >= 0) (void)efd_wait_set_remove(set, member);
    member = -1;
    return drain();
}
bool drain_and_leave_all() {
    const bool right = drain_and_leave();
    if (joined >= 0) (void)efd_wait_set_remove(set, joined);
    joined = -1;
    return right;
}
bool drain_and_remove_all() {
    if (is_joined) (void)efd_wait_queue_remove(object, &joined_entry);
    is_joined = false;
    if (joined >= 0) (void)efd_wait_set_remove(set, joined);
    joined = -1;
    return drain();
}
bool drain_and_remove_added() {
    if (is_added) (void)efd_wait_queue_remove(object, &entry);
    is_added = false;
    return drain_and_remove_all();
}
// The thread that was busy with the doorbell stopped in the midst of it: sixteen calls later another is busy instead.
bool drain_often_and_look() {
    for (int i = 0; i < 17; ++i)
        if (efd_write(object, 1) != 0 || !readable() || !drain()) return false;
    return !readable();
}
bool drain_both() {
    std::uint64_t value = 0;
    while (efd_try_read(other, &value) == 0) {
    }
    return drain();
}

void reading() {
    for (;;) {
        std::uint64_t value = 0;
        if (efd_read(object, &value) == 0) shared->answers.fetch_add(1);
    }
}
void looping() {
    const int epoll = ::epoll_create1(0);
    epoll_event interest{};
    interest.events = EPOLLIN | EPOLLET;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &interest);
    for (;;) {
        (void)drain();
        if (efd_arm(object, POLLIN) != 0) continue;
        epoll_event got{};
        if (::epoll_wait(epoll, &got, 1, -1) == 1) shared->answers.fetch_add(1);
    }
}

// Writes the object whose call it has interrupted, and waits for the reader's answer.
void write_in_handler(int /*unused*/) {
    const long before = shared->answers.load();
    (void)efd_write(object, 1);
    shared->handler_wrote.store(true);
    while (shared->answers.load() == before && !shared->give_up.load()) ::sched_yield();
}

void jump_in_handler(int /*unused*/) {
    if (shared->may_jump.exchange(false)) ::siglongjmp(before_the_call, 1);
}

void step_loop(const scene& what, int orders) {
    char order = 0;
    while (::read(orders, &order, 1) == 1) {
        what.before();
        mark();
        if (what.after_jump == nullptr || sigsetjmp(before_the_call, 1) == 0) {
            shared->may_jump = true;
            what.stepped();
        }
        shared->may_jump = false;
        mark();
        if (what.after_jump == nullptr) continue;
        if (!what.after_jump()) shared->wrong_after_jump = true;
        mark();
    }
}
void healthy_loop(const scene& what, int orders, int answers) {
    char order = 0;
    while (::read(orders, &order, 1) == 1) {
        const auto wakes = what.wakes != nullptr ? what.wakes : writes;
        const bool right = order == 'c' ? what.restore() : order == 'w' ? wakes() : what.healthy();
        const char answer = right ? 'y' : 'n';
        if (::write(answers, &answer, 1) != 1) std::_Exit(1);
    }
}

[[noreturn]] void run(const scene& what, int to_stepped, int to_healthy, int from_healthy) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct sigaction action{};
    action.sa_handler = what.after_jump != nullptr ? jump_in_handler : write_in_handler;
    if (what.handler != nullptr) action.sa_handler = what.handler;
    action.sa_flags = SA_RESTART;
    ::sigaction(nested, &action, nullptr);
    ::signal(marker, SIG_IGN);
    what.set_up();
    std::thread waits([&what] {
        shared->waiting = this_thread();
        if (what.waits == waiter::reader) reading();
        if (what.waits == waiter::loop) looping();
    });
    std::thread healthy([&] {
        shared->healthy = this_thread();
        healthy_loop(what, to_healthy, from_healthy);
    });
    std::thread stepped([&] {
        shared->stepped = this_thread();
        step_loop(what, to_stepped);
    });
    waits.join();
    healthy.join();
    stepped.join();
    std::_Exit(0);
}

} // namespace

const scene scenes[scene_count] = {
    {"write", waiter::reader, make_plain, nothing, write_one, writes, drain, false, true},
    {"write of 100", waiter::reader, make_plain, nothing, write_many, writes, drain, false, true},
    {"signal", waiter::reader, make_plain, nothing, signal_one, writes, drain, false, true},
    {"semaphore write", waiter::reader, make_semaphore, nothing, write_one, writes, drain, false, true},
    {"read that sleeps", waiter::reader, make_plain, nothing, read_one, writes, drain, true, true},
    {"take", waiter::reader, make_plain, nothing, take, writes, drain, false, true},
    {"level write", waiter::none, make_level, nothing, write_one, writes_and_looks, drain_and_look, false, false},
    {"level take", waiter::none, make_level, put_one_unit, take, writes_and_looks, drain_and_look, false, false},
    {"armed write", waiter::loop, make_armed, nothing, write_one, writes, drain, false, false},
    {"arm", waiter::loop, make_armed, nothing, arm, writes, drain, false, false},
    {"put", waiter::none, make_plain, make_other, put_other, makes_and_puts, drain, false, false},
    {"queue add", waiter::none, make_queue, nothing, add_entry, joins_and_hears, drain_and_remove_added, false, false},
    {"queue remove", waiter::none, make_queue, add_entry, remove_entry, joins_the_queue, drain_and_remove_all, false,
     false},
    {"callback", waiter::none, make_watched_queue, nothing, write_one, joins_the_queue, drain_and_remove_all, false,
     false},
    {"level write left", waiter::none, make_level, nothing, write_one, nullptr, drain_often_and_look, false, false,
     has_nothing_to_say},
    {"level take left", waiter::none, make_level, put_one_unit, take, nullptr, drain_often_and_look, false, false,
     has_nothing_to_say},
    {"set take left", waiter::none, make_set_and_watched, put_one_unit, wait_for_any, nullptr, drain_both, false, false,
     hears_soon},
    {"set wait left", waiter::none, make_set_and_watched, nothing, wait_for_any, nullptr, drain_both, true, false,
     hears_soon},
    {"set add", waiter::none, make_set_of_three, nothing, join, joins_the_set, drain_and_leave_all, false, false},
    {"set remove", waiter::none, make_set_of_three, join, leave, joins_the_set, drain_and_leave_all, false, false},
    {"set add again", waiter::none, make_set_of_three, leave_and_join, join, joins_the_set, drain_and_leave_all, false,
     false},
    {"set wait_all", waiter::none, make_full_set, put_both, take_all, calls_beside_a_take, drain_both, false, false},
};

stepped_process start(const scene& what) {
    stepped_process made;
    int to_stepped[2];
    int to_healthy[2];
    int from_healthy[2];
    const bool has_pipes = ::pipe(to_stepped) == 0 && ::pipe(to_healthy) == 0 && ::pipe(from_healthy) == 0;
    void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!has_pipes || page == MAP_FAILED) std::_Exit(2);
    made.shared = shared = new (page) shared_state;
    made.process = ::fork();
    if (made.process == 0) run(what, to_stepped[0], to_healthy[0], from_healthy[1]);
    for (const int end_of_child : {to_stepped[0], to_healthy[0], from_healthy[1]}) ::close(end_of_child);
    made.to_stepped = to_stepped[1];
    made.to_healthy = to_healthy[1];
    made.from_healthy = from_healthy[0];
    while (made.shared->stepped == 0 || made.shared->healthy == 0 || made.shared->waiting == 0) ::sched_yield();
    return made;
}

void end(const stepped_process& what) {
    ::kill(what.process, SIGKILL);
    int status = 0;
    while (::waitpid(what.shared->stepped, &status, __WALL) > 0 && WIFSTOPPED(status)) { // a tracer buries it first
    }
    (void)::waitpid(what.process, nullptr, 0);
    for (const int own_end : {what.to_stepped, what.to_healthy, what.from_healthy}) ::close(own_end);
    ::munmap(what.shared, 4096);
}

} // namespace efd::stepper
