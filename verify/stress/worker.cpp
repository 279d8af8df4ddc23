// SPDX-License-Identifier: MIT
// verify/stress/worker.cpp: the loop of a worker and the operations that sleep; the others are in worker_quick.cpp.
//
// A call that may sleep stands under a notice (waiting_at), so that the watch knows what it waits for. Every answer is
// accounted for, and an answer that such a call cannot have is a failure.
#include "stress/worker.hpp"
#include "api/internal_access.hpp"

#include "stress/tamper.hpp"
#include "support/waiting.hpp"

namespace efd::stress {

// Often: what gives units and room, so that a burst does not end with all threads asleep.
const std::array<worker::operation, 24> worker::operations{
    &worker::try_read,  &worker::read,          &worker::read_for,        &worker::read_until_stopped,
    &worker::try_write, &worker::try_write,     &worker::write,           &worker::write_for,
    &worker::write,     &worker::signal,        &worker::signal,          &worker::signal_deferred,
    &worker::look,      &worker::through_c,     &worker::through_c,       &worker::through_c_with_token,
    &worker::duplicate, &worker::join,          &worker::leave,           &worker::set_linger,
    &worker::serve,     &worker::stop_somebody, &worker::toggle_nonblock, &worker::live_and_die};

void worker::run() {
    slot_.tid = tests::this_tid();
    for (std::uint64_t last = 0; wait_for_burst(last);) {
        const std::uint64_t most = 1 + d().below(2000);
        for (std::uint64_t i = 0; i < most && !shared_.paused.load(std::memory_order_relaxed); ++i) {
            const std::size_t at = d().below(subjects_many);
            (this->*d().of(operations))(at);
            slot_.operations.fetch_add(1, std::memory_order_relaxed);
            if (d().one_in(16)) std::this_thread::yield();
            if (broken == breakage::passed_bound && d().one_in(8)) signal(static_cast<std::size_t>(kind::bound));
        }
        for (std::size_t at = 0; at < subjects_many; ++at) leave(at);
        slot_.parked = true;
    }
}

bool worker::wait_for_burst(std::uint64_t& last) {
    std::unique_lock hold(shared_.lock);
    shared_.begun.wait(hold, [&] { return shared_.over || shared_.burst != last; });
    last = shared_.burst;
    return !shared_.over;
}

void worker::account_read(std::size_t at, std::errc end, const std::uint64_t& value) {
    if (end == std::errc{}) {
        if (value == 0 || value > shared_.subjects[at].most())
            shared_.complain("a read of " + std::string(shared_.subjects[at].name()) + " took " +
                             std::to_string(value));
        slot_.books[at].taken.add(value);
        return;
    }
    if (end != std::errc::resource_unavailable_try_again && end != std::errc::timed_out &&
        end != std::errc::operation_canceled)
        shared_.complain("a read ended with errno " + std::to_string(static_cast<int>(end)));
}

void worker::account_write(std::size_t at, std::errc end, std::uint64_t n) {
    if (end == std::errc{}) return slot_.books[at].written.add(n);
    if (end != std::errc::resource_unavailable_try_again && end != std::errc::timed_out &&
        end != std::errc::operation_canceled)
        shared_.complain("a write ended with errno " + std::to_string(static_cast<int>(end)));
}

void worker::read(std::size_t at) {
    std::uint64_t value = 0;
    const waiting_at notice(slot_, at, false, 0);
    account_read(at, object(at).read(value), value);
}

void worker::read_for(std::size_t at) {
    std::uint64_t value = 0;
    const waiting_at notice(slot_, at, false, 0);
    account_read(at, object(at).read_for(value, moment()), value);
}

void worker::read_until_stopped(std::size_t at) {
    std::uint64_t value = 0;
    const std::stop_token token = slot_.fresh_stop();
    const waiting_at notice(slot_, at, false, 0);
    account_read(at, object(at).read(value, token), value);
}

void worker::write(std::size_t at) {
    const std::uint64_t n = shared_.subjects[at].value(d());
    const waiting_at notice(slot_, at, true, n);
    account_write(at, object(at).write(n), n);
}

void worker::write_for(std::size_t at) {
    const std::uint64_t n = shared_.subjects[at].value(d());
    const waiting_at notice(slot_, at, true, n);
    account_write(at, object(at).write_for(n, moment()), n);
}

void worker::write_until_stopped(std::size_t at) {
    const std::uint64_t n = shared_.subjects[at].value(d());
    const std::stop_token token = slot_.fresh_stop();
    const waiting_at notice(slot_, at, true, n);
    account_write(at, object(at).write(n, token), n);
}

// Born, written to once by a stranger, read, destroyed at once. A timed wait that could not withdraw its pointer is
// owed that write and waits for it.
void worker::live_and_die(std::size_t) {
    eventfd own(0, d().one_in(2) ? flags::semaphore : flags::none);
    std::atomic<core::context*>* const slot = shared_.letters.post(efd::internal_access::context_of(own));
    if (slot == nullptr) return;
    const waiting_at notice(slot_, own);
    std::uint64_t value = 0;
    std::errc end = std::errc::timed_out;
    if (d().one_in(2)) {
        end = own.read_for(value, moment());
        core::context* expected = efd::internal_access::context_of(own);
        if (end == std::errc::timed_out && slot->compare_exchange_strong(expected, nullptr)) return;
    }
    if (end == std::errc::timed_out) end = own.read(value);
    if (end != std::errc{} || (value != 1 && (own.semaphore() || value != core::packed_limit)))
        shared_.complain("an object that was written to once had something else");
}

} // namespace efd::stress
