// SPDX-License-Identifier: MIT
// tests/dropin/conservation/calls.cpp: see calls.hpp.
#include "calls.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

namespace conservation {

thread_local worker* me = nullptr;

namespace {

thread_local std::uint64_t in_thread_memory[2];

// The next entry of the journal; null: it is full. Handlers have theirs between.
entry* begin_entry(act what, int object, int form) {
    const int index = me->slot->used.fetch_add(1);
    if (index >= most_entries) {
        me->slot->used = most_entries;
        return nullptr;
    }
    entry& made = me->slot->journal[static_cast<std::size_t>(index)];
    made.form = static_cast<std::uint8_t>(form);
    made.object = static_cast<std::int8_t>(object);
    made.number = static_cast<std::int16_t>(me->number[static_cast<std::size_t>(object)]);
    made.what = what;
    book->beat.fetch_add(1, std::memory_order_relaxed);
    return &made;
}

// An answer that no eventfd gives.
void judge_error(const entry& made, int why) {
    const bool blocks = book->object[static_cast<std::size_t>(made.object)].blocks;
    if (why == EINTR || (why == EAGAIN && !blocks)) return;
    if (made.what == act::write && (why == EINVAL || why == EFAULT)) return;
    fault("%s of eventfd %d, number %d, form %d: %s", made.what == act::write ? "write" : "read", made.object,
          made.number, made.form, std::strerror(why));
}

ssize_t write_by(int form, int fd, std::uint64_t* value) {
    iovec one{value, sizeof *value};
    switch (form) {
    case 0: return ::write(fd, value, sizeof *value);
    case 1: return ::eventfd_write(fd, *value) == 0 ? 8 : -1;
    case 2: return ::syscall(SYS_write, fd, value, sizeof *value);
    case 3: return ::writev(fd, &one, 1);
    default: return ::pwritev2(fd, &one, 1, -1, 0);
    }
}

ssize_t read_by(int form, int fd, std::uint64_t* value) {
    iovec one{value, 2 * sizeof *value};
    switch (form) {
    case 0: return ::read(fd, value, sizeof *value);
    case 1: return ::eventfd_read(fd, value) == 0 ? 8 : -1;
    case 2: return ::syscall(SYS_read, fd, value, sizeof *value);
    case 3: return ::readv(fd, &one, 1);
    case 4: return ::preadv2(fd, &one, 1, -1, 0);
    default: return ::read(fd, value, 2 * sizeof *value);
    }
}

int draw_form(numbers_of_seed& from, int plain, int all) {
    if (from.below(4) != 0) return 0;
    return from.below(has(vectors) ? all : plain);
}

numbers_of_seed& draws() { return me->is_nested != 0 ? me->drawn_in_handler : me->drawn; }

} // namespace

bool journal_is_full() { return me->slot->used >= most_entries - 16; }

pid_t thread_of_proc() {
    std::array<char, 64> name{};
    if (::readlink("/proc/thread-self", name.data(), name.size() - 1) <= 0) return 0;
    const char* const task = std::strstr(name.data(), "/task/");
    return task == nullptr ? 0 : static_cast<pid_t>(std::strtol(task + 6, nullptr, 10));
}

void begin_work(worker& self, thread_slot& where, std::uint64_t salt) {
    self.slot = &where;
    self.drawn = numbers_of_seed(book->seed * 31 + salt);
    self.drawn_in_handler = numbers_of_seed(book->seed * 37 + salt);
    for (int i = 0; i < book->eventfds; ++i)
        self.number[static_cast<std::size_t>(i)] = book->object[static_cast<std::size_t>(i)].number;
    where.thread = thread_of_proc();
    where.where = place::between_calls;
    me = &self;
}

void add(int object, std::uint64_t units) {
    const auto at = static_cast<std::size_t>(object);
    entry* const made = begin_entry(act::write, object, draw_form(draws(), 2, 5));
    if (made == nullptr) return;
    std::uint64_t on_stack = units;
    made->units = units;
    std::uint64_t* where = &on_stack;
    switch (draws().below(4)) {
    case 0: where = &made->units; break;
    case 1: where = me->is_nested != 0 ? where : in_thread_memory; break;
    default: break;
    }
    *where = units;
    thread_slot& slot = *me->slot;
    const place before = slot.where.exchange(place::in_call);
    const ssize_t written = write_by(made->form, me->number[at], where);
    if (written < 0) judge_error(*made, errno);
    made->how = written == 8 ? outcome::done : outcome::refused;
    slot.where = before;
}

void take(int object) { (void)take_if_any(object); }

bool take_if_any(int object) {
    const auto at = static_cast<std::size_t>(object);
    entry* const made = begin_entry(act::read, object, draw_form(draws(), 2, 6));
    if (made == nullptr) return false;
    std::uint64_t on_stack[2] = {};
    std::uint64_t* const where = draws().one_in(4) && me->is_nested == 0 ? in_thread_memory : on_stack;
    thread_slot& slot = *me->slot;
    const place before = slot.where.exchange(place::in_call);
    const ssize_t length = read_by(made->form, me->number[at], where);
    if (length < 0) judge_error(*made, errno);
    if (length >= 0 && (length != 8 || *where == 0))
        fault("a read of eventfd %d returned %zd and %llu", object, length, static_cast<unsigned long long>(*where));
    if (length == 8 && book->object[at].is_semaphore && *where != 1) fault("a read of a semaphore took more than one");
    made->units = *where;
    made->how = length == 8 ? outcome::done : outcome::refused;
    slot.where = before;
    return length == 8;
}

void add_something(int object) {
    static constexpr std::uint64_t small[] = {1, 1, 1, 1, 1, 2, 3, 7, 100};
    static constexpr std::uint64_t big[] = {0, 4096, 65534, 65535, 65536, 70000, UINT64_MAX, 1ULL << 32};
    numbers_of_seed& from = draws();
    std::uint64_t units = small[from.below(9)];
    if (has(large) && from.one_in(4)) {
        units = big[from.below(8)];
        if (book->object[static_cast<std::size_t>(object)].is_semaphore && units < UINT64_MAX) units %= 300;
    }
    add(object, units);
}

bool may_take(int object) {
    const int reader = book->object[static_cast<std::size_t>(object)].reader;
    return reader == -1 || reader == me->thread || draws().one_in(60);
}

// What a handler does: calls of its own; then it may leave the call that it interrupted.
static void on_alarm(int) {
    const int why = errno;
    worker* const self = me;
    if (self == nullptr || self->is_nested != 0) return;
    if (book->handlers_stopped) {
        const itimerval none{};
        ::setitimer(ITIMER_REAL, &none, nullptr);
        errno = why;
        return;
    }
    self->is_nested = 1;
    numbers_of_seed& from = self->drawn_in_handler;
    const int object = from.below(book->eventfds);
    if (!journal_is_full()) {
        if (from.one_in(2)) add(object, 1);
        if (from.one_in(2) && !book->object[static_cast<std::size_t>(object)].blocks && may_take(object)) take(object);
    }
    self->is_nested = 0;
    if (self->may_leave != 0) {
        if (has(exits) && from.one_in(8)) ::pthread_exit(nullptr);
        if (has(jumps) && from.one_in(2)) siglongjmp(self->leave, 1);
    }
    errno = why;
}

void guarded(void (*call)(int), int object) {
    if (sigsetjmp(me->leave, 1) == 0) {
        if (has(cancels)) ::pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
        me->may_leave = 1;
        call(object);
    }
    me->may_leave = 0;
    if (has(cancels)) ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    me->slot->where = place::between_calls;
}

void begin_signals() {
    if (!has(handlers)) return;
    struct sigaction act{};
    act.sa_handler = on_alarm;
    act.sa_flags = book->seed % 2 == 0 ? SA_RESTART : 0;
    ::sigaction(SIGALRM, &act, nullptr);
    const auto between_us = static_cast<suseconds_t>(100 + book->seed % 700);
    const itimerval often{{0, between_us}, {0, between_us}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
}

} // namespace conservation
