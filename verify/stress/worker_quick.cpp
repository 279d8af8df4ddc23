// SPDX-License-Identifier: MIT
// verify/stress/worker_quick.cpp: the operations of a worker that never sleep, or not on the objects of the table.
//
// See worker.hpp. Through the C ABI as well as through the class; both are one object.
#include "stress/worker.hpp"

#include "stress/tamper.hpp"

#include <cerrno>
#include <ctime>
#include <thread>
#include <unistd.h>

namespace efd::stress {

std::errc worker::of_c(int result) { return result == 0 ? std::errc{} : static_cast<std::errc>(errno); }

void worker::try_read(std::size_t at) {
    std::uint64_t value = 0;
    if (broken == breakage::lost_unit && d().one_in(8)) (void)object(at).try_read(value);
    value = 0;
    account_read(at, object(at).try_read(value), value);
}

void worker::try_write(std::size_t at) {
    const std::uint64_t n = shared_.subjects[at].value(d());
    account_write(at, object(at).try_write(n), n);
}

void worker::signal(std::size_t at) {
    if (!shared_.subjects[at].may_signal() && broken != breakage::passed_bound) return;
    if (!object(at).signal()) shared_.complain("a signal outside of callbacks was refused");
    slot_.books[at].written.add(1);
}

void worker::signal_deferred(std::size_t at) {
    if (!shared_.subjects[at].may_signal()) return;
    object(at).signal_deferred();
    slot_.books[at].written.add(1);
}

void worker::look(std::size_t at) {
    subject& s = shared_.subjects[at];
    if (std::uint64_t value = 0; broken == breakage::lost_ring && s.fd() >= 0 && d().one_in(8))
        (void)::read(s.fd(), &value, sizeof value);
    if (s.object().count() > s.most()) shared_.complain(std::string(s.name()) + " was seen above its bound");
    const std::uint32_t mask = s.object().poll();
    if (((mask & core::poll_err) != 0 && !s.saturates()) || (mask & (core::poll_in | core::poll_out)) == 0)
        shared_.complain("poll said " + std::to_string(mask) + " of " + std::string(s.name()));
}

void worker::through_c(std::size_t at) {
    subject& s = shared_.subjects[at];
    efd_t* const c = s.c_object();
    std::uint64_t value = 0;
    const std::uint64_t n = s.value(d());
    const auto ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(moment()).count());
    switch (d().below(6)) {
    case 0: return account_read(at, of_c(efd_try_read(c, &value)), value);
    case 1: return account_write(at, of_c(efd_try_write(c, n)), n);
    case 2: {
        const waiting_at notice(slot_, at, false, 0);
        return account_read(at, of_c(efd_read_for(c, &value, ns)), value);
    }
    case 3: {
        const waiting_at notice(slot_, at, true, n);
        return account_write(at, of_c(efd_write_for(c, n, ns)), n);
    }
    case 4: {
        efd_t* const also = efd_get(c);
        account_write(at, of_c(efd_try_write(also, n)), n);
        return efd_put(also);
    }
    default:
        if (efd_count(c) > s.most() || efd_poll(c) < 0 || efd_id(c) != s.object().id())
            shared_.complain("a look through the C ABI failed");
    }
}

void worker::through_c_with_token(std::size_t at) {
    efd_cancel_t* const cancel = efd_cancel_create();
    if (cancel == nullptr) return;
    if (d().one_in(2)) (void)efd_cancel_request(cancel);
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const auto deadline = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
                          static_cast<std::uint64_t>(now.tv_nsec) + d().below(100'000);
    std::uint64_t value = 0;
    {
        const waiting_at notice(slot_, at, false, 0);
        const efd_wait_options until{deadline, cancel, EFD_BLOCKING_ALWAYS, 0, {0, 0}};
        account_read(at, of_c(efd_read_with(shared_.subjects[at].c_object(), &value, &until)), value);
    }
    efd_cancel_destroy(cancel);
}

void worker::duplicate(std::size_t at) {
    eventfd second = object(at).duplicate();
    std::uint64_t value = 0;
    account_read(at, second.try_read(value), value);
    eventfd third(std::move(second));
    const std::uint64_t n = shared_.subjects[at].value(d());
    account_write(at, third.try_write(n), n);
}

void worker::join(std::size_t at) {
    if (joined_[at]) return leave(at);
    entries_[at].prepare(shared_.subjects[at], shared_.subjects[d().below(subjects_many)], d());
    std::uint32_t ready = 0;
    const std::errc end = object(at).add_wait_queue(entries_[at], ready);
    if (end != std::errc{})
        shared_.complain("add_wait_queue ended with errno " + std::to_string(static_cast<int>(end)));
    joined_[at] = end == std::errc{};
}

// Removed by its owner, with or without a read, unless it has removed itself.
void worker::leave(std::size_t at) {
    if (!joined_[at]) return;
    busy_entry& e = entries_[at];
    std::uint64_t value = 0;
    const bool read = d().one_in(2);
    const std::errc end = read ? object(at).remove_wait_queue_and_read(e, value) : object(at).remove_wait_queue(e);
    if (end == std::errc::invalid_argument) {
        while (!e.gone) std::this_thread::yield();
    } else {
        if (read) account_read(at, end, value);
        if (!read && end != std::errc{}) shared_.complain("remove_wait_queue failed");
        e.member = false;
    }
    joined_[at] = false;
    const auto onward = static_cast<std::size_t>(e.onward->is());
    slot_.books[onward].written.add(e.signalled);
    if (e.wrong > 0) shared_.complain("a callback ran after its removal, or was allowed to signal");
    e.wrong = 0;
}

void worker::toggle_nonblock(std::size_t at) { object(at).set_nonblock(d().one_in(4)); }

void worker::set_linger(std::size_t at) {
    constexpr std::array<linger, 4> settings{linger::off(), linger::off(), linger::automatic(),
                                             linger(std::chrono::microseconds(5))};
    object(at).set_linger(d().of(settings));
}

void worker::serve(std::size_t) { shared_.letters.serve(d()); }

void worker::stop_somebody(std::size_t) { shared_.slots[d().below(shared_.slots.size())].request_stop(); }

} // namespace efd::stress
