// SPDX-License-Identifier: MIT
// What the scenarios of the drop-in are made of: see parked_world.hpp.
#include "explorer/parked_world.hpp"

#include "explorer/parked_parts.hpp"
#include "explorer/tell.hpp"

#include "os/eventfd.hpp"

#include <array>
#include <bit>
#include <cerrno>

namespace explore {
// All fibers run on one thread of the machine; to the rules each is a thread of its own.
inline void* thread_of_scenario() noexcept { return reinterpret_cast<void*>(running() + 1); }
} // namespace explore
#define __builtin_thread_pointer() ::explore::thread_of_scenario()
#include "dropin/rules/calls.hpp"

namespace explore {

using namespace efd::dropin;

parked_world* parked = nullptr;

namespace {

parked_word newest_word() noexcept { return the_machine().newest_value(&parked->slot.word, sizeof(parked_word)); }
std::uint64_t in_kernel() noexcept { return units_in(doorbell_word(the_fd)); }

// A step of its own, so the search decides when the call begins.
void pass() noexcept {
    request asked{};
    asked.what = act::pass;
    perform(asked);
}

std::uint64_t worth(int number) noexcept { return parked->semaphore ? 1 : std::uint64_t{1} << number; }

bool is_halted(const thread_state& t) noexcept { return t.alive == life::crashed || t.alive == life::stopped; }
// Is a thread stopped within a call? It may hold units.
bool any_halted() noexcept {
    const machine& m = the_machine();
    for (int i = 0; i < m.thread_count(); ++i)
        if (is_halted(m.now.threads[static_cast<std::size_t>(i)]) && parked->calls[static_cast<std::size_t>(i)] > 0)
            return true;
    return false;
}
// Is a thread stopped that has taken from the kernel? The parked units are its own.
bool any_halted_with_units() noexcept {
    const machine& m = the_machine();
    for (int i = 0; i < m.thread_count(); ++i)
        if (is_halted(m.now.threads[static_cast<std::size_t>(i)]) &&
            parked->from_kernel[static_cast<std::size_t>(i)] > 0)
            return true;
    return false;
}

// Checked at any moment.
const char* fault_of_word() noexcept {
    const parked_word word = newest_word();
    if (units_of(word) == 0) return nullptr;
    if (!is_promoted(word)) return "units parked beside an eventfd that is not promoted";
    if (readers_of(word) > 0 || parked->stolen || in_kernel() > 0) return nullptr;
    return "PARKED: units parked, and the kernel holds none";
}

void begin_call() noexcept {
    pass();
    ++parked->calls[running()];
}
void end_call() noexcept {
    if (--parked->calls[running()] == 0) parked->from_kernel[running()] = 0;
    if (const char* const wrong = fault_of_word(); wrong != nullptr) must(false, wrong);
}

ssize_t ask_to_write(std::uint64_t n) noexcept {
    return efd::os::ring_doorbell(the_fd, n) ? static_cast<ssize_t>(sizeof n) : -1;
}

void begin_write(int number) noexcept {
    begin_call();
    parked->before_write[static_cast<std::size_t>(number)] = parked->writes_done;
    parked->given += worth(number);
}

read_note& begin_read(int number) noexcept {
    begin_call();
    read_note& note = parked->reads[static_cast<std::size_t>(number)];
    note.is = course::runs;
    note.writes_before = parked->writes_done;
    note.reads_before = parked->reads_done;
    parked->reads_begun |= only(number);
    note.beside_demotion = parked->demotions_begun > parked->demotions_ended;
    return note;
}

void end_read(int number, read_note& note, std::uint64_t value) noexcept {
    parked->reads_done |= only(number);
    note.is = value > 0 ? course::took : course::empty;
    note.took = parked->semaphore ? call_set{0} : static_cast<call_set>(value);
    note.begun_before_end = parked->reads_begun;
    if (parked->demotions_begun > parked->demotions_ended) note.beside_demotion = true;
    parked->taken += value;
    must(!parked->semaphore || value <= 1, "a semaphore read took more than one");
    must(value < (1U << most_writes_here), "a read took more than was ever written");
    if (parked->publishes && !parked->semaphore)
        for (int i = 0; i < 2; ++i)
            if ((value & only(i)) != 0) must(parked_is_published(i), "a unit came before what its writer had stored");
    end_call();
}

void name_parts() {
    name_place(&parked->slot.word, "word");
    name_place(&parked->slot.reader, "reader");
    name_place(&parked->slot.incarnation, "incarnation");
    name_place(&parked->slot.in_read, "in_read");
    name_place(&parked->slot.reads, "reads");
    name_place(&parked->slot.useful, "useful");
    name_place(&parked->slot.unread, "unread");
}

// Checked when no thread can go on: E3, E4 and E7.
std::string no_sleeper_beside_units() {
    const machine& m = the_machine();
    const parked_word word = newest_word();
    for (int i = 0; i < m.thread_count(); ++i) {
        const thread_state& t = m.now.threads[static_cast<std::size_t>(i)];
        if (t.alive != life::runnable) continue;
        const std::string thread = "thread " + std::to_string(i);
        if (t.pending->what != act::await_doorbell) return thread + " can never go on: a deadlock";
        if (in_kernel() > 0 && parked->calls[static_cast<std::size_t>(i)] > 0)
            return "lost wakeup: " + thread + " sleeps in the kernel beside units";
        if (units_of(word) > 0 && !any_halted_with_units())
            return "lost wakeup: " + thread + " sleeps in the kernel beside parked units";
    }
    if (units_of(word) > 0 && in_kernel() == 0 && !parked->stolen && !any_halted_with_units())
        return "units are parked, and no poll can see them";
    return {};
}

std::uint64_t left_over() { return in_kernel() + units_of(newest_word()); }

std::string conserved_units() {
    const std::uint64_t found = parked->taken + left_over();
    if (found == parked->given || (found < parked->given && any_halted())) return {};
    return "units are not conserved: given " + std::to_string(parked->given) + ", taken " +
           std::to_string(parked->taken) + ", left " + std::to_string(left_over());
}

// A read may find nothing only if others had taken all, or if it ran beside another reader that owns the units, which
// may leave them to a third reader if a write comes between (COMBINED_READ), or beside a demotion, which holds units
// for one step.
std::string empty_reads_explained() {
    for (const read_note& a : parked->reads) {
        if (a.is != course::empty || a.beside_demotion || any_halted() || parked->stolen) continue;
        int others = 0;
        call_set took = 0;
        for (std::size_t b = 0; b < parked->reads.size(); ++b) {
            if ((a.begun_before_end & only(static_cast<int>(b))) == 0) continue;
            if (parked->reads[b].is == course::took) ++others;
            took |= parked->reads[b].took;
        }
        const bool is_beside_another = std::popcount(static_cast<call_set>(a.begun_before_end & ~a.reads_before)) > 1;
        const bool is_right = parked->semaphore ? std::popcount(a.writes_before) <= others
                                                : (a.writes_before & ~took) == 0 || is_beside_another;
        if (!is_right) return "a read found nothing, and there was a unit for it";
    }
    return {};
}

// Must read b come before read a? Yes, if b had ended before, or took a write that had ended before a began, or took a
// write that had ended before one that a took.
bool must_precede(std::size_t b, std::size_t a) {
    const read_note& first = parked->reads[b];
    const read_note& second = parked->reads[a];
    if ((second.reads_before & only(static_cast<int>(b))) != 0) return true;
    if ((first.took & second.writes_before) != 0) return true;
    for (std::size_t w = 0; w < most_writes_here; ++w)
        if ((second.took & only(static_cast<int>(w))) != 0 && (first.took & parked->before_write[w]) != 0) return true;
    return false;
}

std::string an_order_exists() {
    constexpr auto n = static_cast<std::size_t>(most_reads_here);
    const auto left = static_cast<call_set>(left_over());
    std::array<std::array<bool, n>, n> before{};
    for (std::size_t a = 0; a < n; ++a) {
        const read_note& read = parked->reads[a];
        if (read.is != course::took && read.is != course::empty) continue;
        if ((read.writes_before & left) != 0) return "a read left a unit that was written before it began";
        for (std::size_t w = 0; w < most_writes_here; ++w)
            if ((read.took & only(static_cast<int>(w))) != 0 && (parked->before_write[w] & left) != 0)
                return "a read took a unit and left an older one";
        for (std::size_t b = 0; b < n; ++b)
            before[b][a] = a != b && parked->reads[b].is != course::never && must_precede(b, a);
    }
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) before[i][j] = before[i][j] || (before[i][k] && before[k][j]);
    for (std::size_t i = 0; i < n; ++i)
        if (before[i][i]) return "COMBINED_READ: no order explains what the reads took: one count was divided";
    return {};
}

} // namespace

void make_parked_world(bool semaphore) {
    forget_names();
    make_doorbells();
    parked = new parked_world;
    parked->nested.fill(-1);
    parked->nested_before.fill(-1);
    parked->semaphore = semaphore;
    parked->slot.semaphore.store(semaphore ? 1 : 0, efd::base::relaxed);
    parked->slot.incarnation.store(1, efd::base::relaxed);
    parked->slot.word.store(with_note(0), efd::base::relaxed);
    (void)efd::os::make_doorbell(false);
    (void)promote(parked->slot);
    name_parts();
}

void make_filled_world(bool semaphore) {
    make_parked_world(semaphore);
    (void)efd::os::ring_doorbell(the_fd, worth(0));
    parked->given += worth(0);
    parked->writes_done |= only(0);
    mark_filled(parked->slot, parked->slot.word.load(efd::base::relaxed));
}

void make_busy_world(bool semaphore) {
    make_filled_world(semaphore);
    parked_word word = parked->slot.word.load(efd::base::relaxed);
    (void)try_park(parked->slot, word, worth(1));
    parked->given += worth(1);
    parked->writes_done |= only(1);
}

void make_awaiting_world(bool nearly) {
    make_parked_world();
    parked->slot.word.store(with_note(0), efd::base::relaxed);
    parked->slot.useful.store(useful_enough, efd::base::relaxed);
    parked->slot.reads.store(reads_enough - (nearly ? 1 : 0), efd::base::relaxed);
    (void)efd::os::ring_doorbell(the_fd, worth(0));
    parked->given += worth(0);
    parked->writes_done |= only(0);
}

void make_weighed_world() {
    make_filled_world();
    parked->slot.reads.store(reads_weighed, efd::base::relaxed);
    parked->slot.useful.store(0, efd::base::relaxed);
}

void leave_room_for_readers(unsigned room) {
    (void)parked->slot.word.fetch_or((most_readers - room) << readers_shift, efd::base::relaxed);
    (void)parked->slot.word.fetch_and(~filled_mark, efd::base::relaxed);
}

void parked_write(int number) {
    begin_write(number);
    const std::uint64_t n = worth(number);
    const bool may_be_parked = !is_demoted(newest_word());
    bool is_asked = false;
    const ssize_t done = write_value(parked->slot, the_fd, &n, sizeof n, [&](const void* from) {
        std::uint64_t given = 0;
        std::memcpy(&given, from, sizeof given);
        is_asked = true;
        return ask_to_write(given);
    });
    must(is_asked || may_be_parked, "a write was parked beside a demoted eventfd");
    must(done == static_cast<ssize_t>(sizeof n), "a write was refused, and there was room");
    parked->writes_done |= only(number);
    end_call();
}

void unseen_write(int number) {
    begin_write(number);
    (void)ask_to_write(worth(number));
    parked->writes_done |= only(number);
    end_call();
}

bool parked_read(int number, way_of_read way) {
    read_note& note = begin_read(number);
    std::uint64_t value = 0;
    const bool sleeps = way == way_of_read::sleeps;
    const ssize_t got =
        read_value(parked->slot, the_fd, &value, sizeof value, [&] { return ask_to_read(&value, sleeps); });
    must(got == static_cast<ssize_t>(sizeof value) || !sleeps, "a read that sleeps came back without a unit");
    if (got != static_cast<ssize_t>(sizeof value)) value = 0;
    end_read(number, note, value);
    return value > 0;
}

void nested_read(int number, int inner, bool before) {
    (before ? parked->nested_before : parked->nested)[running()] = inner;
    (void)parked_read(number, way_of_read::returns);
}

void unpromoted_read(int number) {
    read_note& note = begin_read(number);
    std::uint64_t value = 0;
    if (unpromote(parked->slot)) {
        (void)ask_to_read(&value, false);
        (void)promote(parked->slot);
    } else {
        note.is = course::never;
    }
    end_read(number, note, value);
    if (value == 0) note.is = course::never; // not judged
}

void unseen_read(int number) {
    read_note& note = begin_read(number);
    parked->stolen = true;
    std::uint64_t value = 0;
    (void)ask_to_read(&value, false);
    end_read(number, note, value);
}

void await_readable() {
    std::uint64_t edges = 0;
    await_doorbell(the_fd, watch_for::readable, edges);
}

void parked_demote() {
    begin_call();
    ++parked->demotions_begun;
    demote(parked->slot, the_fd, reason::denied);
    ++parked->demotions_ended;
    must(is_demoted(newest_word()) || !is_noted(newest_word()), "it is not demoted");
    end_call();
}

// As table/table.cpp forgets.
void parked_close() {
    begin_call();
    demote(parked->slot, the_fd, reason::none);
    parked_word word = parked->slot.word.load(efd::base::acquire);
    while (!parked->slot.word.compare_exchange_weak(word, without_note(word), efd::base::acq_rel, efd::base::acquire)) {
    }
    pass(); // the close; a file gets the number
    parked->closed = true;
    --parked->calls[running()];
}

void parked_publish(int number) {
    parked->publishes = true;
    parked->payload[number].store(1, efd::base::relaxed);
    parked_write(number);
}
bool parked_is_published(int number) { return parked->payload[number].load(efd::base::relaxed) == 1; }

std::string audit_parked_units() {
    std::string wrong = no_sleeper_beside_units();
    if (wrong.empty()) wrong = conserved_units();
    return wrong.empty() ? empty_reads_explained() : wrong;
}

std::string audit_parked() {
    std::string wrong = audit_parked_units();
    return wrong.empty() && !parked->semaphore && !any_halted() ? an_order_exists() : wrong;
}

std::string audit_parked_closing() { return {}; }

} // namespace explore
