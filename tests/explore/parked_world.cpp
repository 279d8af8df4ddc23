// What the scenarios of the drop-in are made of: see parked_world.hpp. Also stands in for src/dropin/kernel_calls.cpp.
#include "explore/parked_world.hpp"

#include "dropin/symbols.hpp"
#include "explore/bells.hpp"
#include "explore/machine.hpp"
#include "explore/tell.hpp"
#include "os/descriptor.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

namespace explore {
namespace {

using namespace efd::dropin;

constexpr int most_writes_here = 8;
constexpr int most_reads_here = 6;
constexpr int the_fd = 0;

using call_set = std::uint8_t;
constexpr call_set only(int number) noexcept { return static_cast<call_set>(1U << number); }

enum class course : std::uint8_t { never, runs, took, empty };

struct read_note {
    course is = course::never;
    call_set took = 0;          // writes
    call_set writes_before = 0; // that had ended when it began
    call_set reads_before = 0;
    call_set begun_before_end = 0; // reads that had begun when it ended
};

struct parked_world {
    slot there;
    bool semaphore = false;
    int give_ups = 0;          // so often a living owner may still be given up
    bool given_up_now = false; // in the step that follows
    bool publishes = false;
    bool stolen = false;
    call_set writes_done = 0;
    call_set reads_done = 0;
    call_set reads_begun = 0;
    std::uint64_t given = 0;
    std::uint64_t taken = 0;
    std::array<call_set, most_writes_here> before_write{};
    std::array<read_note, most_reads_here> reads{};
    std::array<std::uint64_t, max_threads> from_kernel{}; // what a call in progress has taken from the kernel
    std::array<std::uint64_t, max_threads> to_kernel{};   // what a call in progress has handed back
    efd::base::atomic<std::uint64_t> payload[2];
};
parked_world* here = nullptr;

std::size_t running() noexcept { return static_cast<std::size_t>(the_machine().running()); }

parked_word newest_word() noexcept { return the_machine().newest_value(&here->there.state, sizeof(parked_word)); }
std::uint64_t in_kernel() noexcept { return held_by(bell_word(the_fd)); }

// So that a call begins where the search puts it, not where the thread's last one ended.
void pass() noexcept {
    request asked{};
    asked.what = act::pass;
    perform(asked);
}

std::uint64_t worth(int number) noexcept { return here->semaphore ? 1 : std::uint64_t{1} << number; }

// At any moment but inside a claim.
const char* fault_of_word() noexcept {
    const parked_word word = newest_word();
    if (units_of(word) == 0 || is_taking(word)) return nullptr;
    if (is_demoted(word)) return "units parked beside a demoted eventfd";
    if (readers_of(word) > 0) return "units parked beside a reader that asks the kernel";
    return here->stolen || in_kernel() > 0 ? nullptr : "PARKED: units parked, and the kernel holds none";
}

void end_of_call() noexcept {
    here->from_kernel[running()] = 0;
    here->to_kernel[running()] = 0;
    if (const char* const wrong = fault_of_word(); wrong != nullptr) must(false, wrong);
}

ssize_t ask_to_write(std::uint64_t n) noexcept { return add_units(the_fd, n); }

ssize_t ask_to_read(void* buffer, bool sleeps) noexcept {
    const std::uint64_t got = take_from_bell(the_fd, here->semaphore, sleeps);
    here->from_kernel[running()] = got;
    if (got == 0) {
        errno = EAGAIN;
        return -1;
    }
    std::memcpy(buffer, &got, sizeof got);
    return static_cast<ssize_t>(sizeof got);
}

void begin_write(int number) noexcept {
    pass();
    here->before_write[static_cast<std::size_t>(number)] = here->writes_done;
    here->given += worth(number);
}

read_note& begin_read(int number) noexcept {
    pass();
    read_note& note = here->reads[static_cast<std::size_t>(number)];
    note.is = course::runs;
    note.writes_before = here->writes_done;
    note.reads_before = here->reads_done;
    here->reads_begun |= only(number);
    return note;
}

void end_read(int number, read_note& note, std::uint64_t value) noexcept {
    here->reads_done |= only(number);
    note.is = value > 0 ? course::took : course::empty;
    note.took = here->semaphore ? call_set{0} : static_cast<call_set>(value);
    note.begun_before_end = here->reads_begun;
    here->taken += value;
    must(!here->semaphore || value <= 1, "a semaphore read took more than one");
    must(value < (1U << most_writes_here), "a read took more than was ever written");
    if (here->publishes && !here->semaphore)
        for (int i = 0; i < 2; ++i)
            if ((value & only(i)) != 0) must(parked_is_published(i), "a unit came before what its writer had stored");
    end_of_call();
}

void name_parts() {
    name_place(&here->there.state, "state");
    name_place(&here->there.owner, "owner");
    name_place(&here->there.counted.parked_writes, "parked_writes");
    name_place(&here->there.counted.asked_reads, "asked_reads");
    name_place(&here->there.counted.asked_writes, "asked_writes");
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
    if (units_of(word) > 0 && in_kernel() == 0 && !here->stolen) return "units are parked, and no poll can see them";
    return {};
}

std::uint64_t left_over() { return in_kernel() + units_of(newest_word()); }

std::string conserved_units(std::uint64_t may_miss, std::uint64_t may_double) {
    const std::uint64_t found = here->taken + left_over();
    if (found == here->given || found == here->given - may_miss || found == here->given + may_double) return {};
    return "units are not conserved: given " + std::to_string(here->given) + ", taken " + std::to_string(here->taken) +
           ", left " + std::to_string(left_over());
}

// In semaphore mode: who found nothing must have come after others had taken all that was there.
std::string found_nothing_rightly() {
    for (const read_note& a : here->reads) {
        if (a.is != course::empty) continue;
        int others = 0;
        for (std::size_t b = 0; b < here->reads.size(); ++b)
            if (here->reads[b].is == course::took && (a.begun_before_end & only(static_cast<int>(b))) != 0) ++others;
        if (std::popcount(a.writes_before) > others) return "a read found nothing, and there was a unit for it";
    }
    return {};
}

// Read b must come before read a: it was over before, or took what was there for a, or took what came before what a
// took.
bool must_precede(std::size_t b, std::size_t a) {
    const read_note& first = here->reads[b];
    const read_note& second = here->reads[a];
    if ((second.reads_before & only(static_cast<int>(b))) != 0) return true;
    if ((first.took & second.writes_before) != 0) return true;
    for (std::size_t w = 0; w < most_writes_here; ++w)
        if ((second.took & only(static_cast<int>(w))) != 0 && (first.took & here->before_write[w]) != 0) return true;
    return false;
}

std::string one_after_the_other() {
    constexpr auto n = static_cast<std::size_t>(most_reads_here);
    const auto left = static_cast<call_set>(left_over());
    std::array<std::array<bool, n>, n> before{};
    for (std::size_t a = 0; a < n; ++a) {
        const read_note& mine = here->reads[a];
        if (mine.is != course::took && mine.is != course::empty) continue;
        if ((mine.writes_before & left) != 0) return "a read left a unit that was written before it began";
        for (std::size_t w = 0; w < most_writes_here; ++w)
            if ((mine.took & only(static_cast<int>(w))) != 0 && (here->before_write[w] & left) != 0)
                return "a read took a unit and left an older one";
        for (std::size_t b = 0; b < n; ++b)
            before[b][a] = a != b && here->reads[b].is != course::never && must_precede(b, a);
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

efd::dropin::slot& the_slot() noexcept { return here->there; }

void make_parked_world(bool semaphore, int give_ups) {
    forget_names();
    make_bells();
    here = new parked_world;
    here->semaphore = semaphore;
    here->give_ups = give_ups;
    here->there.semaphore.store(semaphore ? 1 : 0, efd::base::relaxed);
    (void)efd::os::make_bell(false);
    promote(here->there);
    name_parts();
}

void make_filled_world(bool semaphore, int give_ups) {
    make_parked_world(semaphore, give_ups);
    (void)efd::os::ring_bell(the_fd, worth(0));
    here->given += worth(0);
    here->writes_done |= only(0);
    note_filled(here->there, here->there.state.load(efd::base::relaxed));
}

void parked_write(int number) {
    begin_write(number);
    const std::uint64_t n = worth(number);
    const ssize_t done = write_value(here->there, the_fd, &n, sizeof n, [n] { return ask_to_write(n); });
    must(done == static_cast<ssize_t>(sizeof n), "a write was refused, and there was room");
    here->writes_done |= only(number);
    end_of_call();
}

void unseen_write(int number) {
    begin_write(number);
    (void)ask_to_write(worth(number));
    here->writes_done |= only(number);
    end_of_call();
}

bool parked_read(int number, way_of_read way) {
    read_note& note = begin_read(number);
    std::uint64_t value = 0;
    const bool sleeps = way == way_of_read::sleeps || way == way_of_read::asked_sleeps;
    const auto real = [&] { return ask_to_read(&value, sleeps); };
    const bool asked = way == way_of_read::asked_sleeps || way == way_of_read::asked_returns;
    const ssize_t got =
        asked ? read_asked(here->there, the_fd, real) : read_value(here->there, the_fd, &value, sizeof value, real);
    must(got == static_cast<ssize_t>(sizeof value) || !sleeps, "a read that sleeps came back without a unit");
    if (got != static_cast<ssize_t>(sizeof value)) value = 0;
    end_read(number, note, value);
    return value > 0;
}

void unseen_read(int number) {
    read_note& note = begin_read(number);
    here->stolen = true;
    std::uint64_t value = 0;
    (void)ask_to_read(&value, false);
    end_read(number, note, value);
}

void await_readable() {
    std::uint64_t edges = 0;
    await_bell(the_fd, watch_for::readable, edges);
}

void parked_hand_back() {
    hand_back(here->there, the_fd);
    end_of_call();
}
void parked_demote() {
    demote(here->there, the_fd, reason::denied);
    must(units_of(newest_word()) == 0, "a demoted eventfd has units parked");
    end_of_call();
}
void parked_doubt_and_promote() {
    doubt(here->there, the_fd);
    promote(here->there);
    end_of_call();
}

void parked_publish(int number) {
    here->publishes = true;
    here->payload[number].store(1, efd::base::relaxed);
    parked_write(number);
}
bool parked_is_published(int number) { return here->payload[number].load(efd::base::relaxed) == 1; }

std::string audit_parked_units() {
    std::string wrong = nobody_beside_units();
    return wrong.empty() ? conserved_units(0, 0) : wrong;
}

std::string audit_parked() {
    return first_of(audit_parked_units(), here->semaphore ? found_nothing_rightly : one_after_the_other);
}

// Who was killed behind its release had the parked units as well; which are no longer to be told from here.
std::string audit_parked_deaths() {
    const machine& m = the_machine();
    std::uint64_t may_miss = 0;
    std::uint64_t may_double = 0;
    for (int i = 0; i < m.thread_count(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (m.now.threads[at].alive != life::crashed) continue;
        may_miss = here->from_kernel[at];
        may_double = here->to_kernel[at];
        const request* const last = m.now.threads[at].pending;
        const bool released =
            last != nullptr && (last->address == &here->there.counted.parked_writes ||
                                last->address == &here->there.counted.parked_reads ||
                                (last->address == &here->there.owner && last->what == act::cas_strong));
        const bool read =
            here->from_kernel[at] > 0 && last != nullptr && last->address == &here->there.counted.asked_reads;
        if (released || read) return nobody_beside_units();
    }
    std::string wrong = nobody_beside_units();
    return wrong.empty() ? conserved_units(may_miss, may_double) : wrong;
}

} // namespace explore

namespace efd::dropin {

long read_now(int fd, void* buffer, std::size_t /*unused*/) noexcept {
    explore::must(fd == explore::the_fd, "a call with another descriptor");
    const ssize_t got = explore::ask_to_read(buffer, false);
    return got < 0 ? -EAGAIN : got;
}

long add_units(int fd, std::uint64_t n) noexcept {
    if (!os::ring_bell(fd, n)) return -EAGAIN;
    explore::here->to_kernel[explore::running()] = n;
    return static_cast<long>(sizeof n);
}

bool short_wait::sees_change(const base::atomic<std::uint64_t>& word, std::uint64_t seen) noexcept {
    explore::parked_world& w = *explore::here;
    if (w.give_ups > 0 && !is_handing(seen)) {
        if (word.load(base::relaxed) != seen) return true;
        --w.give_ups;
        w.given_up_now = true;
        return false;
    }
    w.given_up_now = false;
    const auto owner = reinterpret_cast<std::uintptr_t>(&w.there.owner);
    explore::request asked{&word,
                           8,
                           explore::act::await_change,
                           base::relaxed,
                           base::relaxed,
                           is_handing(seen) ? owner : 0,
                           seen,
                           std::source_location::current(),
                           0,
                           false,
                           0,
                           false};
    explore::perform(asked);
    return word.load(base::relaxed) != seen;
}

// Longer than a claim is waited for, not longer than one that hands back is.
std::int64_t short_wait::ns() noexcept {
    constexpr std::int64_t second = 1'000'000'000;
    since_ = explore::here->given_up_now || explore::the_machine().somebody_crashed() ? second : 0;
    return since_;
}

std::uint64_t myself() noexcept { return (explore::running() + 1) << 32 | 1U; }
bool process_is_gone(std::uint64_t thread) noexcept {
    const std::uint64_t number = thread >> 32;
    return number > 0 && explore::the_machine().now.threads[number - 1].alive == explore::life::crashed;
}

bool copy_from_program(void* to, const void* from, std::size_t length) noexcept {
    return std::memcpy(to, from, length) != nullptr;
}
bool sleeps_at_zero(int /*fd*/) noexcept { return true; }
bool await_readable(int /*fd*/) noexcept { return explore::await_readable(), true; }

bool process_is_stopped(std::uint64_t /*thread*/) noexcept { return false; }
bool find_place(const void* /*address*/, code_place& /*found*/) noexcept { return false; }
void learn_process() noexcept {}
bool memory_is_my_own() noexcept { return true; }

} // namespace efd::dropin
