// SPDX-License-Identifier: MIT
// What the scenarios of the drop-in are made of: see cached_world.hpp.
#include "explorer/cached_world.hpp"

#include "explorer/cached_parts.hpp"
#include "explorer/tell.hpp"

#include "os/eventfd.hpp"

#include <array>
#include <bit>
#include <cerrno>

namespace explore {
void* thread_of_scenario() noexcept;
} // namespace explore
#define __builtin_thread_pointer() ::explore::thread_of_scenario()
#include "dropin/rules/calls.hpp"

namespace explore {

using namespace efd::dropin;

cached_world* cached = nullptr;

// All fibers run on one thread of the machine. To the rules each is a thread of its own, or a context between which a
// thread's signal handlers switch.
void* thread_of_scenario() noexcept {
    return reinterpret_cast<void*>(cached->is_one_thread ? std::size_t{1} : running() + 1);
}

namespace {

cached_word newest_word() noexcept { return the_machine().newest_value(&cached->slot.word, sizeof(cached_word)); }
std::uint64_t in_kernel() noexcept { return units_in(doorbell_word(the_fd)); }

// A step of its own, so the search decides when the call begins.
void pass() noexcept {
    request asked{};
    asked.what = act::pass;
    perform(asked);
}

std::uint64_t worth(int number) noexcept { return cached->semaphore ? 1 : std::uint64_t{1} << number; }

bool is_halted(const thread_state& t) noexcept { return t.alive == life::crashed || t.alive == life::stopped; }
// Is a thread stopped within a call? It may hold units.
bool any_halted() noexcept {
    const machine& m = the_machine();
    for (int i = 0; i < m.thread_count(); ++i)
        if (is_halted(m.now.threads[static_cast<std::size_t>(i)]) && cached->calls[static_cast<std::size_t>(i)] > 0)
            return true;
    return false;
}
// Is a thread stopped that has taken from the kernel? The cached units are its own.
bool any_halted_with_units() noexcept {
    const machine& m = the_machine();
    for (int i = 0; i < m.thread_count(); ++i)
        if (is_halted(m.now.threads[static_cast<std::size_t>(i)]) &&
            cached->from_kernel[static_cast<std::size_t>(i)] > 0)
            return true;
    return false;
}

// Checked at any moment.
const char* fault_of_word() noexcept {
    const cached_word word = newest_word();
    if (units_of(word) == 0) return nullptr;
    if (!is_promoted(word)) return "units cached beside an eventfd that is not promoted";
    if (readers_of(word) > 0 || cached->stolen || in_kernel() > 0) return nullptr;
    return "CACHED: units cached, and the kernel holds none";
}

void begin_call() noexcept {
    pass();
    ++cached->calls[running()];
}
void end_call() noexcept {
    if (--cached->calls[running()] == 0) cached->from_kernel[running()] = 0;
    if (const char* const wrong = fault_of_word(); wrong != nullptr) must(false, wrong);
}

ssize_t ask_to_write(std::uint64_t n) noexcept {
    return efd::os::ring_doorbell(the_fd, n) ? static_cast<ssize_t>(sizeof n) : -1;
}

void begin_write(int number) noexcept {
    begin_call();
    cached->before_write[static_cast<std::size_t>(number)] = cached->writes_done;
    cached->given += worth(number);
}

read_note& begin_read(int number) noexcept {
    begin_call();
    read_note& note = cached->reads[static_cast<std::size_t>(number)];
    note.is = course::runs;
    note.writes_before = cached->writes_done;
    note.reads_before = cached->reads_done;
    cached->reads_begun |= only(number);
    note.beside_demotion = cached->demotions_begun > cached->demotions_ended;
    return note;
}

void end_read(int number, read_note& note, std::uint64_t value) noexcept {
    cached->reads_done |= only(number);
    note.is = value > 0 ? course::took : course::empty;
    note.took = cached->semaphore ? call_set{0} : static_cast<call_set>(value);
    note.begun_before_end = cached->reads_begun;
    if (cached->demotions_begun > cached->demotions_ended) note.beside_demotion = true;
    cached->taken += value;
    must(!cached->semaphore || value <= 1, "a semaphore read took more than one");
    must(value < (1U << most_writes_here), "a read took more than was ever written");
    if (cached->publishes && !cached->semaphore)
        for (int i = 0; i < 2; ++i)
            if ((value & only(i)) != 0) must(cached_is_published(i), "a unit came before what its writer had stored");
    end_call();
}

void name_parts() {
    name_place(&cached->slot.word, "word");
    name_place(&cached->slot.reader, "reader");
    name_place(&cached->slot.incarnation, "incarnation");
    name_place(&cached->slot.in_read, "in_read");
    name_place(&cached->slot.reads, "reads");
    name_place(&cached->slot.useful, "useful");
    name_place(&cached->slot.unread, "unread");
}

// Checked when no thread can go on: E3, E4 and E7.
std::string no_sleeper_beside_units() {
    const machine& m = the_machine();
    const cached_word word = newest_word();
    for (int i = 0; i < m.thread_count(); ++i) {
        const thread_state& t = m.now.threads[static_cast<std::size_t>(i)];
        if (t.alive != life::runnable) continue;
        const std::string thread = "thread " + std::to_string(i);
        if (t.pending->what != act::await_doorbell) return thread + " can never go on: a deadlock";
        if (in_kernel() > 0 && cached->calls[static_cast<std::size_t>(i)] > 0)
            return "lost wakeup: " + thread + " sleeps in the kernel beside units";
        if (units_of(word) > 0 && !any_halted_with_units())
            return "lost wakeup: " + thread + " sleeps in the kernel beside cached units";
    }
    if (units_of(word) > 0 && in_kernel() == 0 && !cached->stolen && !any_halted_with_units())
        return "units are cached, and no poll can see them";
    return {};
}

std::uint64_t left_over() { return in_kernel() + units_of(newest_word()); }

std::string conserved_units() {
    const std::uint64_t found = cached->taken + left_over();
    if (found == cached->given || (found < cached->given && any_halted())) return {};
    return "units are not conserved: given " + std::to_string(cached->given) + ", taken " +
           std::to_string(cached->taken) + ", left " + std::to_string(left_over());
}

// A read may find nothing only if others had taken all, or if it ran beside another reader that owns the units, which
// may leave them to a third reader if a write comes between (COMBINED_READ), or beside a demotion, which holds units
// for one step.
std::string empty_reads_explained() {
    for (const read_note& a : cached->reads) {
        if (a.is != course::empty || a.beside_demotion || any_halted() || cached->stolen) continue;
        int others = 0;
        call_set took = 0;
        for (std::size_t b = 0; b < cached->reads.size(); ++b) {
            if ((a.begun_before_end & only(static_cast<int>(b))) == 0) continue;
            if (cached->reads[b].is == course::took) ++others;
            took |= cached->reads[b].took;
        }
        const bool is_beside_another = std::popcount(static_cast<call_set>(a.begun_before_end & ~a.reads_before)) > 1;
        const bool is_right = cached->semaphore ? std::popcount(a.writes_before) <= others
                                                : (a.writes_before & ~took) == 0 || is_beside_another;
        if (!is_right) return "a read found nothing, and there was a unit for it";
    }
    return {};
}

// Must read b come before read a? Yes, if b had ended before, or took a write that had ended before a began, or took a
// write that had ended before one that a took.
bool must_precede(std::size_t b, std::size_t a) {
    const read_note& first = cached->reads[b];
    const read_note& second = cached->reads[a];
    if ((second.reads_before & only(static_cast<int>(b))) != 0) return true;
    if ((first.took & second.writes_before) != 0) return true;
    for (std::size_t w = 0; w < most_writes_here; ++w)
        if ((second.took & only(static_cast<int>(w))) != 0 && (first.took & cached->before_write[w]) != 0) return true;
    return false;
}

std::string an_order_exists() {
    constexpr auto n = static_cast<std::size_t>(most_reads_here);
    const auto left = static_cast<call_set>(left_over());
    std::array<std::array<bool, n>, n> before{};
    for (std::size_t a = 0; a < n; ++a) {
        const read_note& read = cached->reads[a];
        if (read.is != course::took && read.is != course::empty) continue;
        if ((read.writes_before & left) != 0) return "a read left a unit that was written before it began";
        for (std::size_t w = 0; w < most_writes_here; ++w)
            if ((read.took & only(static_cast<int>(w))) != 0 && (cached->before_write[w] & left) != 0)
                return "a read took a unit and left an older one";
        for (std::size_t b = 0; b < n; ++b)
            before[b][a] = a != b && cached->reads[b].is != course::never && must_precede(b, a);
    }
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) before[i][j] = before[i][j] || (before[i][k] && before[k][j]);
    for (std::size_t i = 0; i < n; ++i)
        if (before[i][i]) return "COMBINED_READ: no order explains what the reads took: one count was divided";
    return {};
}

} // namespace

void make_cached_world(bool semaphore) {
    forget_names();
    make_doorbells();
    cached = new cached_world;
    cached->nested.fill(-1);
    cached->nested_before.fill(-1);
    cached->semaphore = semaphore;
    cached->slot.semaphore.store(semaphore ? 1 : 0, efd::base::relaxed);
    cached->slot.incarnation.store(1, efd::base::relaxed);
    cached->slot.word.store(with_note(0), efd::base::relaxed);
    (void)efd::os::make_doorbell(false);
    (void)promote(cached->slot);
    name_parts();
}

void make_filled_world(bool semaphore) {
    make_cached_world(semaphore);
    (void)efd::os::ring_doorbell(the_fd, worth(0));
    cached->given += worth(0);
    cached->writes_done |= only(0);
    mark_filled(cached->slot, cached->slot.word.load(efd::base::relaxed));
}

void make_busy_world(bool semaphore) {
    make_filled_world(semaphore);
    cached_word word = cached->slot.word.load(efd::base::relaxed);
    (void)try_cache(cached->slot, word, worth(1));
    cached->given += worth(1);
    cached->writes_done |= only(1);
}

void make_awaiting_world(bool nearly) {
    make_cached_world();
    cached->slot.word.store(with_note(0), efd::base::relaxed);
    cached->slot.useful.store(useful_enough, efd::base::relaxed);
    cached->slot.reads.store(reads_enough - (nearly ? 1 : 0), efd::base::relaxed);
    (void)efd::os::ring_doorbell(the_fd, worth(0));
    cached->given += worth(0);
    cached->writes_done |= only(0);
}

void make_weighed_world() {
    make_filled_world();
    cached->slot.reads.store(reads_weighed, efd::base::relaxed);
    cached->slot.useful.store(0, efd::base::relaxed);
}

void switch_between_reads() { cached->is_one_thread = true; }

void leave_room_for_readers(unsigned room) {
    (void)cached->slot.word.fetch_or((most_readers - room) << readers_shift, efd::base::relaxed);
    (void)cached->slot.word.fetch_and(~filled_mark, efd::base::relaxed);
}

void cached_write(int number) {
    begin_write(number);
    const std::uint64_t n = worth(number);
    const bool may_be_cached = !is_demoted(newest_word());
    bool is_asked = false;
    const ssize_t done = write_value(cached->slot, the_fd, &n, sizeof n, [&](const void* from) {
        std::uint64_t given = 0;
        std::memcpy(&given, from, sizeof given);
        is_asked = true;
        return ask_to_write(given);
    });
    must(is_asked || may_be_cached, "a write was cached beside a demoted eventfd");
    must(done == static_cast<ssize_t>(sizeof n), "a write was refused, and there was room");
    cached->writes_done |= only(number);
    end_call();
}

void unseen_write(int number) {
    begin_write(number);
    (void)ask_to_write(worth(number));
    cached->writes_done |= only(number);
    end_call();
}

bool cached_read(int number, way_of_read way) {
    read_note& note = begin_read(number);
    std::uint64_t value = 0;
    const bool sleeps = way == way_of_read::sleeps;
    const ssize_t got =
        read_value(cached->slot, the_fd, &value, sizeof value, [&] { return ask_to_read(&value, sleeps); });
    must(got == static_cast<ssize_t>(sizeof value) || !sleeps, "a read that sleeps came back without a unit");
    if (got != static_cast<ssize_t>(sizeof value)) value = 0;
    end_read(number, note, value);
    return value > 0;
}

void nested_read(int number, int inner, bool before) {
    (before ? cached->nested_before : cached->nested)[running()] = inner;
    (void)cached_read(number, way_of_read::returns);
}

void unpromoted_read(int number) {
    read_note& note = begin_read(number);
    std::uint64_t value = 0;
    if (unpromote(cached->slot)) {
        (void)ask_to_read(&value, false);
        (void)promote(cached->slot);
    } else {
        note.is = course::never;
    }
    end_read(number, note, value);
    if (value == 0) note.is = course::never; // not judged
}

void earning_read(int number) {
    if (unpromote(cached->slot)) {
        cached->slot.useful.store(useful_enough, efd::base::relaxed);
        cached->slot.reads.store(reads_enough, efd::base::relaxed);
    }
    (void)cached_read(number, way_of_read::returns);
}

void unseen_read(int number) {
    read_note& note = begin_read(number);
    cached->stolen = true;
    std::uint64_t value = 0;
    (void)ask_to_read(&value, false);
    end_read(number, note, value);
}

void await_readable() {
    std::uint64_t edges = 0;
    await_doorbell(the_fd, watch_for::readable, edges);
}

void cached_demote() {
    begin_call();
    ++cached->demotions_begun;
    demote(cached->slot, the_fd, reason::denied);
    ++cached->demotions_ended;
    must(is_demoted(newest_word()) || !is_noted(newest_word()), "it is not demoted");
    end_call();
}

// As table/table.cpp forgets.
void cached_close() {
    begin_call();
    demote(cached->slot, the_fd, reason::none);
    cached_word word = cached->slot.word.load(efd::base::acquire);
    while (!cached->slot.word.compare_exchange_weak(word, without_note(word), efd::base::acq_rel, efd::base::acquire)) {
    }
    pass(); // the close; a file gets the number
    cached->closed = true;
    --cached->calls[running()];
}

void cached_publish(int number) {
    cached->publishes = true;
    cached->payload[number].store(1, efd::base::relaxed);
    cached_write(number);
}
bool cached_is_published(int number) { return cached->payload[number].load(efd::base::relaxed) == 1; }

std::string audit_cached_units() {
    std::string wrong = no_sleeper_beside_units();
    if (wrong.empty()) wrong = conserved_units();
    return wrong.empty() ? empty_reads_explained() : wrong;
}

std::string audit_cached() {
    std::string wrong = audit_cached_units();
    return wrong.empty() && !cached->semaphore && !any_halted() ? an_order_exists() : wrong;
}

std::string audit_cached_closing() { return {}; }

} // namespace explore
