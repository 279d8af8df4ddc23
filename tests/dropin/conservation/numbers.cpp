// SPDX-License-Identifier: MIT
// tests/dropin/conservation/numbers.cpp: see work.hpp.
//
// Each slot has eight numbers of its own, for dup2 and close_range; a number from dup may be another thread's as soon
// as it is closed. A handler that came between would use a number that is closed, so none does.
#include "work.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace conservation {
namespace {

constexpr int first_own = 200;
constexpr int own_numbers = 8;

int own_base() { return first_own + own_numbers * static_cast<int>(me->slot - book->slots.data()); }
bool is_own(int number) { return number >= own_base() && number < own_base() + own_numbers; }

int original(int object) { return book->object[static_cast<std::size_t>(object)].number; }
int& known(int object) { return me->number[static_cast<std::size_t>(object)]; }

// By every name that there is for it.
void close_number(int number) {
    const int result = me->drawn.one_in(4) ? static_cast<int>(::syscall(SYS_close, number)) : ::close(number);
    if (result != 0) fault("close of number %d: %s", number, std::strerror(errno));
}

// A number stands for something else now.
void forget_own(int number) {
    for (int i = 0; i < book->eventfds; ++i)
        if (known(i) == number) known(i) = original(i);
}

void give_up(int object) {
    const int old = known(object);
    if (old == original(object)) return;
    known(object) = original(object);
    close_number(old);
}

// Eight bytes into a file that has this number: none of them may become units.
void write_record(int number) {
    const int index = me->slot->used.fetch_add(1);
    if (index >= most_entries) return;
    entry& made = me->slot->journal[static_cast<std::size_t>(index)];
    made.number = static_cast<std::int16_t>(number);
    made.what = act::record;
    const std::uint64_t bytes = 1;
    const ssize_t written = ::write(number, &bytes, sizeof bytes);
    if (written != sizeof bytes) fault("a write to a file of number %d returned %zd", number, written);
    made.how = outcome::done;
}

void put_a_file_there(int number) {
    forget_own(number);
    if (::dup2(book->records, number) != number) fault("dup2 to %d: %s", number, std::strerror(errno));
    for (int i = me->drawn.below(3); i >= 0; --i) write_record(number);
    close_number(number);
}

// An eventfd of this thread alone, which is read and written as such that are worth to be cached; then, with units in
// it, its number becomes a file's.
void reuse_a_busy_number() {
    const int fd = ::eventfd(0, EFD_NONBLOCK);
    if (fd < 0) return;
    std::uint64_t left = 0;
    const auto read_some = [&] { // fewer than there are, where another thread is about to hand them back
        std::uint64_t units = 0;
        if (::read(fd, &units, 8) != 8) return false;
        if (units > left)
            fault("an eventfd of its own: %llu units, %llu read", static_cast<unsigned long long>(left),
                  static_cast<unsigned long long>(units));
        left -= units;
        return true;
    };
    for (int i = 0; i < 97; ++i) {
        const std::uint64_t one = 1;
        if (i % 5 == 4)
            (void)read_some();
        else if (::write(fd, &one, 8) == 8)
            ++left;
    }
    while (me->slot->used % 2 == 0 && left > 0) // none may be missing: that would never end
        if (!read_some()) ::sched_yield();
    int file = fd;
    const int how = me->drawn.below(4);
    if (how == 0) close_number(fd);
    if (how == 1) (void)::close_range(static_cast<unsigned>(fd), static_cast<unsigned>(fd), 0);
    if (how < 2) file = ::dup(book->records); // often the same number
    if (how == 2) file = ::dup2(book->records, fd);
    if (how == 3) file = ::dup3(book->records, fd, O_CLOEXEC);
    if (file < 0) fault("dup of a file: %s", std::strerror(errno));
    for (int i = me->drawn.below(3); i >= 0; --i) write_record(file);
    close_number(file);
}

} // namespace

void change_numbers() {
    if (journal_is_full()) return;
    me->is_nested = 1;
    const int object = me->drawn.below(book->eventfds);
    const int own = own_base() + me->drawn.below(own_numbers);
    const int old = known(object);
    switch (me->drawn.below(8)) {
    case 0:
    case 1:
        if (old == own) break;
        forget_own(own);
        if ((me->drawn.one_in(2) ? ::dup2(old, own) : ::dup3(old, own, O_CLOEXEC)) == own) known(object) = own;
        break;
    case 2:
        if (const int made = ::dup(old); made >= 0) {
            give_up(object);
            known(object) = made;
        }
        break;
    case 3:
        if (const int made = ::fcntl(old, F_DUPFD_CLOEXEC, 100); made >= 0) {
            give_up(object);
            known(object) = made;
        }
        break;
    case 4: give_up(object); break;
    case 6: reuse_a_busy_number(); break;
    case 5:
        if (is_own(old) || old == original(object)) {
            put_a_file_there(own);
        } else { // a number from dup: closed, and the next call that makes a number gets it again
            give_up(object);
            if (const int made = ::dup(book->records); made >= 0) {
                write_record(made);
                close_number(made);
            }
        }
        break;
    default:
        for (int i = 0; i < own_numbers; ++i) forget_own(own_base() + i);
        (void)::close_range(static_cast<unsigned>(own_base()), static_cast<unsigned>(own_base() + own_numbers - 1), 0);
        break;
    }
    me->is_nested = 0;
}

} // namespace conservation
