// What the scenarios of the drop-in are made of: see parked_world.hpp.
#include "explore/parked_world.hpp"

#include "explore/parked_parts.hpp"
#include "explore/tell.hpp"

#include "dropin/kernel_calls.hpp"
#include "os/descriptor.hpp"

#include <array>
#include <bit>
#include <cerrno>

namespace explore {

using namespace efd::dropin;

parked_world* parked = nullptr;

namespace {

parked_word newest_word() noexcept { return the_machine().newest_value(&parked->there.state, sizeof(parked_word)); }
std::uint64_t in_kernel() noexcept { return held_by(bell_word(the_fd)); }

// So that a call begins where the search puts it, not where the thread's last one ended.
void pass() noexcept {
    request asked{};
    asked.what = act::pass;
    perform(asked);
}

std::uint64_t worth(int number) noexcept { return parked->semaphore ? 1 : std::uint64_t{1} << number; }

// At any moment but inside a claim.
const char* fault_of_word() noexcept {
    const parked_word word = newest_word();
    if (units_of(word) == 0 || is_taking(word)) return nullptr;
    if (is_demoted(word)) return "units parked beside a demoted eventfd";
    if (readers_of(word) > 0) return "units parked beside a reader that asks the kernel";
    return parked->stolen || parked->gave_up || in_kernel() > 0 ? nullptr
                                                                : "PARKED: units parked, and the kernel holds none";
}

void end_of_call() noexcept {
    parked->from_kernel[running()] = 0;
    parked->to_kernel[running()] = 0;
    if (const char* const wrong = fault_of_word(); wrong != nullptr) must(false, wrong);
}

ssize_t ask_to_write(std::uint64_t n) noexcept { return add_units(parked->called, n); }

void begin_write(int number) noexcept {
    pass();
    parked->before_write[static_cast<std::size_t>(number)] = parked->writes_done;
    parked->given += worth(number);
}

read_note& begin_read(int number) noexcept {
    pass();
    read_note& note = parked->reads[static_cast<std::size_t>(number)];
    note.is = course::runs;
    note.writes_before = parked->writes_done;
    note.reads_before = parked->reads_done;
    parked->reads_begun |= only(number);
    return note;
}

void end_read(int number, read_note& note, std::uint64_t value) noexcept {
    parked->reads_done |= only(number);
    note.is = value > 0 ? course::took : course::empty;
    note.took = parked->semaphore ? call_set{0} : static_cast<call_set>(value);
    note.begun_before_end = parked->reads_begun;
    parked->taken += value;
    must(!parked->semaphore || value <= 1, "a semaphore read took more than one");
    must(value < (1U << most_writes_here), "a read took more than was ever written");
    if (parked->publishes && !parked->semaphore)
        for (int i = 0; i < 2; ++i)
            if ((value & only(i)) != 0) must(parked_is_published(i), "a unit came before what its writer had stored");
    end_of_call();
}

void name_parts() {
    name_place(&parked->there.state, "state");
    name_place(&parked->there.owner, "owner");
    name_place(&parked->there.counted.parked_writes, "parked_writes");
    name_place(&parked->there.counted.asked_reads, "asked_reads");
    name_place(&parked->there.counted.asked_writes, "asked_writes");
}

// What must be the case when nobody can go on.
std::string nobody_beside_units() {
    const machine& m = the_machine();
    const parked_word word = newest_word();
    for (int i = 0; i < m.thread_count(); ++i) {
        const thread_state& t = m.now.threads[static_cast<std::size_t>(i)];
        if (t.alive != life::runnable) continue;
        const std::string who = "thread " + std::to_string(i);
        if (t.pending->what != act::await_bell) return who + " can never go on: a deadlock";
        if (units_of(word) > 0) return "lost wakeup: " + who + " sleeps in the kernel beside parked units";
    }
    if (m.somebody_crashed() && is_taking(word)) return {}; // until somebody comes and takes over
    if (units_of(word) > 0 && in_kernel() == 0 && !parked->stolen) return "units are parked, and no poll can see them";
    return {};
}

std::uint64_t left_over() { return in_kernel() + units_of(newest_word()); }

std::string conserved_units(std::uint64_t may_miss, std::uint64_t may_double) {
    const std::uint64_t found = parked->taken + left_over();
    if (found == parked->given || found == parked->given - may_miss || found == parked->given + may_double) return {};
    return "units are not conserved: given " + std::to_string(parked->given) + ", taken " +
           std::to_string(parked->taken) + ", left " + std::to_string(left_over());
}

// In semaphore mode: who found nothing must have come after others had taken all that was there.
std::string found_nothing_rightly() {
    for (const read_note& a : parked->reads) {
        if (a.is != course::empty) continue;
        int others = 0;
        for (std::size_t b = 0; b < parked->reads.size(); ++b)
            if (parked->reads[b].is == course::took && (a.begun_before_end & only(static_cast<int>(b))) != 0) ++others;
        if (std::popcount(a.writes_before) > others) return "a read found nothing, and there was a unit for it";
    }
    return {};
}

// Read b must come before read a: it was over before, or took what was there for a, or took what came before what a
// took.
bool must_precede(std::size_t b, std::size_t a) {
    const read_note& first = parked->reads[b];
    const read_note& second = parked->reads[a];
    if ((second.reads_before & only(static_cast<int>(b))) != 0) return true;
    if ((first.took & second.writes_before) != 0) return true;
    for (std::size_t w = 0; w < most_writes_here; ++w)
        if ((second.took & only(static_cast<int>(w))) != 0 && (first.took & parked->before_write[w]) != 0) return true;
    return false;
}

std::string one_after_the_other() {
    constexpr auto n = static_cast<std::size_t>(most_reads_here);
    const auto left = static_cast<call_set>(left_over());
    std::array<std::array<bool, n>, n> before{};
    for (std::size_t a = 0; a < n; ++a) {
        const read_note& mine = parked->reads[a];
        if (mine.is != course::took && mine.is != course::empty) continue;
        if ((mine.writes_before & left) != 0) return "a read left a unit that was written before it began";
        for (std::size_t w = 0; w < most_writes_here; ++w)
            if ((mine.took & only(static_cast<int>(w))) != 0 && (parked->before_write[w] & left) != 0)
                return "a read took a unit and left an older one";
        for (std::size_t b = 0; b < n; ++b)
            before[b][a] = a != b && parked->reads[b].is != course::never && must_precede(b, a);
    }
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) before[i][j] = before[i][j] || (before[i][k] && before[k][j]);
    for (std::size_t i = 0; i < n; ++i)
        if (before[i][i]) return "TOGETHER: no order explains what the reads took: one count was divided";
    return {};
}

std::string first_of(std::string wrong, std::string (*next)()) { return wrong.empty() ? next() : wrong; }

} // namespace

efd::dropin::slot& the_slot() noexcept { return parked->there; }

void make_parked_world(bool semaphore, int give_ups) {
    is_noted = nullptr; // one number, which nobody closes
    forget_names();
    make_bells();
    parked = new parked_world;
    parked->semaphore = semaphore;
    parked->give_ups = give_ups;
    parked->there.semaphore.store(semaphore ? 1 : 0, efd::base::relaxed);
    (void)efd::os::make_bell(false);
    promote(parked->there);
    name_parts();
}

void make_filled_world(bool semaphore, int give_ups) {
    make_parked_world(semaphore, give_ups);
    (void)efd::os::ring_bell(the_fd, worth(0));
    parked->given += worth(0);
    parked->writes_done |= only(0);
    note_filled(parked->there, parked->there.state.load(efd::base::relaxed));
}

void make_closing_world(bool semaphore, bool closed) {
    make_filled_world(semaphore);
    is_noted = [](int fd, slot& there) noexcept { return fd != the_fd || stands_for(parked->note, there); };
    parked->note.store(closed ? nullptr : &parked->there, efd::base::relaxed);
    parked->closed = closed;
    parked->called = other_fd;
    name_place(&parked->note, "note");
}

void parked_write(int number) {
    begin_write(number);
    const std::uint64_t n = worth(number);
    const ssize_t done = write_value(parked->there, parked->called, &n, sizeof n, [n] { return ask_to_write(n); });
    must(done == static_cast<ssize_t>(sizeof n), "a write was refused, and there was room");
    parked->writes_done |= only(number);
    end_of_call();
}

void unseen_write(int number) {
    begin_write(number);
    (void)ask_to_write(worth(number));
    parked->writes_done |= only(number);
    end_of_call();
}

bool parked_read(int number, way_of_read way) {
    read_note& note = begin_read(number);
    std::uint64_t value = 0;
    const bool sleeps = way == way_of_read::sleeps || way == way_of_read::asked_sleeps;
    const auto real = [&] { return ask_to_read(parked->called, &value, sleeps); };
    const bool asked = way == way_of_read::asked_sleeps || way == way_of_read::asked_returns;
    const ssize_t got = asked ? read_asked(parked->there, parked->called, real)
                              : read_value(parked->there, parked->called, &value, sizeof value, real);
    must(got == static_cast<ssize_t>(sizeof value) || !sleeps, "a read that sleeps came back without a unit");
    if (got != static_cast<ssize_t>(sizeof value)) value = 0;
    end_read(number, note, value);
    return value > 0;
}

void unseen_read(int number) {
    read_note& note = begin_read(number);
    parked->stolen = true;
    std::uint64_t value = 0;
    (void)ask_to_read(parked->called, &value, false);
    end_read(number, note, value);
}

void await_readable() {
    std::uint64_t edges = 0;
    await_bell(the_fd, watch_for::readable, edges);
}

void parked_hand_back() {
    hand_back(parked->there, the_fd);
    end_of_call();
}
void parked_forget() {
    parked_hand_back();
    must(take_away(parked->note) == &parked->there, "the note was another's");
    pass(); // closes it, and a file gets the number
    parked->closed = true;
}
void parked_close() {
    pass();
    asking_call mine;
    begin_quiet(mine, parked->there, the_fd);
    must(take_away(parked->note) == &parked->there, "the note was another's");
    pass(); // closes it, and a file gets the number
    parked->closed = true;
    end_quiet(mine);
    end_of_call();
}
void parked_duplicate() {
    pass();
    demote(parked->there, other_fd, reason::replaced);
    pass(); // the number is the eventfd's
    parked->closed = false;
    parked->note.store(&parked->there, efd::base::release);
    end_of_call();
}
void unnoted_read(int number) {
    read_note& note = begin_read(number);
    std::uint64_t value = 0;
    const auto ask = [&] { return ask_to_read(the_fd, &value, false); };
    slot* const there = parked->note.load(efd::base::acquire);
    const ssize_t got = there == nullptr ? ask() : read_value(*there, the_fd, &value, sizeof value, ask);
    if (got < 0 && errno == EBADF) {
        note.is = course::never;
        return;
    }
    if (got != static_cast<ssize_t>(sizeof value)) value = 0;
    end_read(number, note, value);
}
void parked_demote() {
    demote(parked->there, parked->called, reason::denied);
    must(units_of(newest_word()) == 0, "a demoted eventfd has units parked");
    end_of_call();
}
void parked_doubt_and_promote() {
    doubt(parked->there, parked->called);
    promote(parked->there);
    end_of_call();
}

void parked_publish(int number) {
    parked->publishes = true;
    parked->payload[number].store(1, efd::base::relaxed);
    parked_write(number);
}
bool parked_is_published(int number) { return parked->payload[number].load(efd::base::relaxed) == 1; }

std::string audit_parked_units() {
    std::string wrong = nobody_beside_units();
    return wrong.empty() ? conserved_units(0, 0) : wrong;
}

std::string audit_parked() {
    return first_of(audit_parked_units(), parked->semaphore ? found_nothing_rightly : one_after_the_other);
}

// Who was killed behind its release had the parked units as well; which are no longer to be told from here.
std::string audit_parked_deaths() {
    const machine& m = the_machine();
    std::uint64_t may_miss = 0;
    std::uint64_t may_double = 0;
    for (int i = 0; i < m.thread_count(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (m.now.threads[at].alive != life::crashed) continue;
        may_miss = parked->from_kernel[at];
        may_double = parked->to_kernel[at];
        const request* const last = m.now.threads[at].pending;
        const bool released =
            last != nullptr && (last->address == &parked->there.counted.parked_writes ||
                                last->address == &parked->there.counted.parked_reads ||
                                (last->address == &parked->there.owner && last->what == act::cas_strong));
        const bool read =
            parked->from_kernel[at] > 0 && last != nullptr && last->address == &parked->there.counted.asked_reads;
        if (released || read) return nobody_beside_units();
    }
    std::string wrong = nobody_beside_units();
    return wrong.empty() ? conserved_units(may_miss, may_double) : wrong;
}

} // namespace explore
