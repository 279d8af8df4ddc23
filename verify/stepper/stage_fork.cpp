// SPDX-License-Identifier: MIT
// stage_fork.cpp: scenes in which the process forks while one thread stands in the midst of a call.
//
// In most of them a healthy thread forks beside the stepped one, which the child does not have: whatever that was
// changing the child can use, and its calls end. In the others a signal handler of the stepped thread forks, the child
// uses the set in the handler, and then returns into the call, which goes on there as in the parent.
#include "stepper/stepped_process.hpp"

#include <algorithm>
#include <cerrno>
#include <efd/efd.h>
#include <efd/wait_set.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::stepper {
namespace {

constexpr unsigned patience_s = 15; // of a child: without a fault it ends at once
constexpr int high_number = 200;    // of a descriptor: the sets have room for all below
constexpr std::uint64_t watched_token = 7;

efd_t* object = nullptr;
efd_t* other = nullptr;
efd_wait_set_t* set = nullptr;
int members[2] = {-1, -1};
int watched[2] = {-1, -1}; // a pipe that the stepped thread adds or removes
int fresh[2] = {-1, -1};   // another one, which the child adds
int added = -1;
volatile std::sig_atomic_t is_in_call = 0; // of the stepped thread
volatile std::sig_atomic_t is_child = 0;   // of a handler

// In a queue: two that stay, with one between them that comes and goes.
struct heard_entry {
    efd_wait_queue_entry entry;
    int calls;
};
heard_entry entries[3]{};
constexpr int between = 1;

int hear(efd_wait_queue_entry* entry, unsigned /*key*/) {
    ++static_cast<heard_entry*>(entry->context)->calls;
    return 0;
}

void make_queue() {
    object = efd_create(0, 0);
    for (heard_entry& one : entries) {
        one.entry = EFD_WAIT_QUEUE_ENTRY_INIT(hear, POLLIN, 0, &one);
        (void)efd_wait_queue_add(object, &one.entry, nullptr);
    }
}
void make_queue_of_two() {
    make_queue();
    (void)efd_wait_queue_remove(object, &entries[between].entry);
}
void add_entry() { (void)efd_wait_queue_add(object, &entries[between].entry, nullptr); }
void remove_entry() { (void)efd_wait_queue_remove(object, &entries[between].entry); }
void nothing() {}
void write_one() { (void)efd_write(object, 1); }

void make_set() {
    object = efd_create(0, 0);
    other = efd_create(0, 0);
    set = efd_wait_set_create();
    members[0] = efd_wait_set_add(set, object, 0);
    members[1] = efd_wait_set_add(set, other, 1);
}
// With descriptors already, so that the calls that follow allocate nothing: a fork would wait for that.
void make_set_of_descriptors() {
    make_set();
    if (::pipe(watched) != 0 || ::pipe(fresh) != 0) std::_Exit(2);
    const int high = ::fcntl(fresh[1], F_DUPFD, high_number);
    (void)efd_wait_set_remove(set, efd_wait_set_add_fd(set, high, POLLERR, 0));
}
void add_descriptor() { added = efd_wait_set_add_fd(set, watched[0], POLLIN, watched_token); }
void remove_descriptor() { (void)efd_wait_set_remove(set, added); }
void put_both() {
    (void)efd_write(object, 1);
    (void)efd_write(other, 1);
}

template <class Body>
bool child_is_right(Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(patience_s);
        ::_exit(body() ? 0 : 1);
    }
    int status = -1;
    return ::waitpid(child, &status, 0) == child && status == 0;
}

// In the child. Both that stay hear, and each can be removed; then nobody hears.
bool queue_is_whole() {
    for (heard_entry& one : entries) one.calls = 0;
    heard_entry own{};
    own.entry = EFD_WAIT_QUEUE_ENTRY_INIT(hear, POLLIN, 0, &own);
    if (efd_wait_queue_add(object, &own.entry, nullptr) != 0 || efd_signal(object) != 0) return false;
    if (own.calls == 0 || entries[0].calls == 0 || entries[2].calls == 0) return false;
    for (heard_entry& one : entries) {
        const bool may_be_absent = &one == &entries[between];
        const int end = efd_wait_queue_remove(object, &one.entry);
        if (end != 0 && !(may_be_absent && errno == EINVAL)) return false;
        one.calls = 0;
    }
    own.calls = 0;
    if (efd_signal(object) != 0 || own.calls == 0) return false;
    return std::all_of(entries, entries + 3, [](const heard_entry& one) { return one.calls == 0; }) &&
           efd_wait_queue_remove(object, &own.entry) == 0;
}
// What the stepped thread was adding or removing is a member or none; all else is as it was.
bool set_is_whole() {
    efd_wait_set_event got{};
    if (efd_renew_descriptors() != 0 || efd_wait_set_fd(set) < 0) return false;
    const int own = efd_wait_set_add_fd(set, fresh[0], POLLIN, watched_token + 1);
    if (own < 0 || ::write(fresh[1], "x", 1) != 1) return false;
    if (efd_wait_set_wait_any(set, &got, EFD_FOREVER) != 0 || got.token != watched_token + 1) return false;
    if (efd_wait_set_remove(set, own) != 0 || efd_write(object, 1) != 0) return false;
    if (efd_wait_set_wait_any(set, &got, EFD_FOREVER) != 0 || got.token != 0) return false;
    const int again = efd_wait_set_add_fd(set, watched[0], POLLIN, watched_token);
    if (again < 0 && errno != EEXIST) return false;
    efd_wait_set_destroy(set);
    return true;
}
// Nobody is inside of a member or counted as a waiter who is not there.
bool set_can_be_taken_apart() {
    for (const int member : members)
        if (efd_wait_set_remove(set, member) != 0) return false;
    efd_wait_set_destroy(set);
    return efd_write(object, 1) == 0;
}

bool child_has_the_queue() { return child_is_right(queue_is_whole); }
bool child_has_the_set() { return child_is_right(set_is_whole); }
bool child_takes_it_apart() {
    return child_is_right([] {
        efd_wait_set_event got{};
        (void)efd_wait_set_try_any(set, &got);
        return set_can_be_taken_apart();
    });
}

bool drain() {
    std::uint64_t value = 0;
    while (efd_try_read(object, &value) == 0) {
    }
    while (other != nullptr && efd_try_read(other, &value) == 0) {
    }
    return true;
}
bool drain_and_remove_entry() {
    (void)efd_wait_queue_remove(object, &entries[between].entry);
    return drain();
}
bool drain_and_remove_descriptor() {
    if (added >= 0) (void)efd_wait_set_remove(set, added);
    added = -1;
    return drain();
}

// The child looks, which makes the set its own, writes, and goes on with the call.
void fork_in_handler(int /*unused*/) {
    shared_state& all = *shared;
    if (is_in_call == 0 || !all.may_jump.exchange(false)) return;
    const int error = errno;
    const pid_t child = ::fork();
    if (child == 0) {
        is_child = 1;
        ::alarm(patience_s);
        efd_wait_set_event got{};
        (void)efd_wait_set_try_any(set, &got);
        put_both();
    } else {
        int status = -1;
        if (::waitpid(child, &status, 0) != child || status != 0) all.wrong_after_jump = true;
    }
    errno = error;
}
void wait_for_any() {
    efd_wait_set_event got{};
    is_in_call = 1;
    const int end = efd_wait_set_wait_any(set, &got, EFD_FOREVER);
    is_in_call = 0;
    if (is_child != 0) ::_exit(end == 0 && set_can_be_taken_apart() ? 0 : 1);
}
void wait_for_all() {
    efd_wait_set_event got[2];
    is_in_call = 1;
    const int end = efd_wait_set_wait_all(set, got, 2, EFD_FOREVER);
    is_in_call = 0;
    if (is_child != 0) ::_exit(end == 2 && set_can_be_taken_apart() ? 0 : 1);
}
bool both_are_put() {
    put_both();
    return true;
}
bool nothing_is_wrong() { return !shared->wrong_after_jump; }

} // namespace

const scene fork_scenes[fork_scene_count] = {
    {"fork, queue add", waiter::none, make_queue_of_two, nothing, add_entry, child_has_the_queue,
     drain_and_remove_entry, false, false},
    {"fork, queue remove", waiter::none, make_queue_of_two, add_entry, remove_entry, child_has_the_queue, drain, false,
     false},
    {"fork, callback", waiter::none, make_queue, nothing, write_one, child_has_the_queue, drain, false, false},
    {"fork, set add_fd", waiter::none, make_set_of_descriptors, nothing, add_descriptor, child_has_the_set,
     drain_and_remove_descriptor, false, false},
    {"fork, set remove_fd", waiter::none, make_set_of_descriptors, add_descriptor, remove_descriptor, child_has_the_set,
     drain_and_remove_descriptor, false, false},
    {"fork, set take", waiter::none, make_set, put_both, wait_for_any, child_takes_it_apart, drain, false, false},
    {"set take forks", waiter::none, make_set, put_both, wait_for_any, nullptr, drain, false, false, nothing_is_wrong,
     fork_in_handler},
    {"set wait forks", waiter::none, make_set, nothing, wait_for_any, nullptr, drain, true, false, nothing_is_wrong,
     fork_in_handler, both_are_put},
    {"set wait_all forks", waiter::none, make_set, nothing, wait_for_all, nullptr, drain, true, false, nothing_is_wrong,
     fork_in_handler, both_are_put},
};

} // namespace efd::stepper
