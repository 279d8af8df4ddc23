// SPDX-License-Identifier: MIT
// conformance/claims/poll_masks.cpp: section D of docs/semantics.md, ppoll and pselect, which wait with a signal mask
// of their own.
//
// Owns K-167 and K-168: the same steps under either name. The thread has that mask from before the call looks until
// after it has decided, and no longer.
#include "conformance/framework/calm.hpp"
#include "conformance/framework/counts.hpp"
#include "conformance/framework/sleeper.hpp"

#include <atomic>
#include <csignal>
#include <poll.h>
#include <pthread.h>
#include <sys/select.h>

namespace efd::claims {
namespace {

std::atomic<int> handled{0};

// 1 for ready, 0 for not ready, or a negated errno. ms: how long it may wait; below zero: for ever.
using waiting_call = int (*)(int fd, bool to_write, long ms, const sigset_t* mask);

timespec time_of(long ms) { return {ms / 1000, ms % 1000 * 1'000'000}; }

int by_ppoll(int fd, bool to_write, long ms, const sigset_t* mask) {
    pollfd asked{fd, static_cast<short>(to_write ? POLLOUT : POLLIN), 0};
    const timespec limit = time_of(ms);
    const int ready = ::ppoll(&asked, 1, ms < 0 ? nullptr : &limit, mask);
    return ready < 0 ? -errno : ready == 1 && asked.revents == asked.events ? 1 : 0;
}

int by_pselect(int fd, bool to_write, long ms, const sigset_t* mask) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    const timespec limit = time_of(ms);
    const int ready = ::pselect(fd + 1, to_write ? nullptr : &set, to_write ? &set : nullptr, nullptr,
                                ms < 0 ? nullptr : &limit, mask);
    return ready < 0 ? -errno : ready == 1 && FD_ISSET(fd, &set) ? 1 : 0;
}

sigset_t set_of(int signal_number) {
    sigset_t set;
    sigemptyset(&set);
    if (signal_number != 0) sigaddset(&set, signal_number);
    return set;
}

bool is_blocked(int signal_number) {
    sigset_t now;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
    return sigismember(&now, signal_number) == 1;
}

bool is_pending(int signal_number) {
    sigset_t now;
    ::sigpending(&now);
    return sigismember(&now, signal_number) == 1;
}

void readiness(trial& t, waiting_call call) {
    const auto o = t.make();
    const int fd = o->number();
    t.expect_equal(call(fd, false, 0, nullptr), 0, "to read at count 0, without waiting");
    t.expect_equal(call(fd, false, 1, nullptr), 0, "to read at count 0, for a millisecond");
    t.expect_equal(call(fd, true, -1, nullptr), 1, "to write at count 0");
    t.expect_error(o->write(largest), 0, "write of MAX-1");
    t.expect_equal(call(fd, false, -1, nullptr), 1, "to read at MAX-1");
    t.expect_equal(call(fd, true, 0, nullptr), 0, "to write at MAX-1");
    t.expect_equal(o->count(), largest, "count afterwards");
}

// A signal that this thread blocks is pending.
void pending_signal(trial& t, waiting_call call) {
    const auto o = t.make();
    const sigset_t none = set_of(0);
    const sigset_t usr1 = set_of(SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
    const int before = handled.load();
    ::raise(SIGUSR1);
    t.expect_equal(call(o->number(), false, 1, nullptr), 0, "without a mask a blocked signal does not interrupt");
    t.expect_equal(call(o->number(), false, 1, &usr1), 0, "nor with one that blocks it");
    t.expect_error(o->write(1), 0, "write");
    t.expect_equal(call(o->number(), false, -1, &none), 1, "what is there comes before a signal that the mask lets in");
    t.expect(handled.load() == before && is_pending(SIGUSR1), "that signal stays pending");
    std::uint64_t value = 0;
    t.expect_error(o->read(value), 0, "read");
    t.expect_equal(call(o->number(), false, -1, &none), -EINTR, "at count 0 the mask lets the signal in");
    t.expect_equal(handled.load(), before + 1, "how often the handler ran");
    t.expect(is_blocked(SIGUSR1), "the thread's own mask is back");
    ::pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
}

void signal_while_asleep(trial& t, waiting_call call) {
    const auto o = t.make();
    const sigset_t none = set_of(0);
    const sigset_t usr1 = set_of(SIGUSR1);
    const auto asks = [&](const sigset_t& mask) {
        return [&mask, call, fd = o->number()](std::uint64_t& ready) {
            const int found = call(fd, false, -1, &mask);
            ready = found > 0 ? 1 : 0;
            return found < 0 ? -found : 0;
        };
    };
    const int before = handled.load();
    auto deaf = polling(t, asks(usr1), "a call with a mask that blocks the signal");
    const calm undisturbed(deaf);
    deaf.send(SIGUSR1);
    t.expect(undisturbed.lasts(), "a signal that the mask blocks does not interrupt");
    t.expect_error(o->write(1), 0, "write");
    deaf.must_return_with(0, 1, "a write");
    t.expect(wait_until([&] { return handled.load() == before + 1; }), "the signal comes when the call has ended");
    std::uint64_t value = 0;
    t.expect_error(o->read(value), 0, "read");

    ::pthread_sigmask(SIG_BLOCK, &usr1, nullptr); // the next thread inherits it
    auto open = polling(t, asks(none), "a call with an empty mask");
    open.send(SIGUSR1);
    open.must_return_with(EINTR, "a signal that the mask lets in, in spite of SA_RESTART");
    t.expect(wait_until([&] { return handled.load() == before + 2; }), "the handler ran");
    ::pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
}

void ask(trial& t, waiting_call call) {
    struct sigaction action{};
    action.sa_handler = [](int) { handled.fetch_add(1); };
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR1, &action, nullptr);
    readiness(t, call);
    pending_signal(t, call);
    signal_while_asleep(t, call);
}

} // namespace

CLAIM(K_167, number, "ppoll says what poll says; its signal mask holds for the call alone; data beats a signal") {
    ask(t, by_ppoll);
}

CLAIM(K_168, number, "pselect says what select says; its signal mask holds for the call alone; data beats a signal") {
    ask(t, by_pselect);
}

} // namespace efd::claims
