// SPDX-License-Identifier: MIT
// Configurations of the wait queue: callbacks that are counted, signallers beside them, entries that come and go.
//
// Every callback makes a step that others can see while it runs, so that two at once, or one after its removal, would
// be met by some schedule.
#include "explorer/object_parts.hpp"
#include "explorer/tell.hpp"

#include "core/deferred.hpp"
#include "core/wait_queue.hpp"

#include <string>

namespace explore {
namespace {

// A watched object, and a second one for callbacks that signal elsewhere.
struct watched {
    efd::core::context other;
    wait_queue_entry entry;
    wait_queue_entry other_entry;
    wait_queue_entry extra[2];
    efd::base::atomic<std::uint64_t> calls{0}; // counted by load and store: two at once, or unseen, lose one
    efd::base::atomic<std::uint64_t> other_calls{0};
    std::uint64_t ready_in = 0;
    std::uint64_t inside = 0;
    bool removed = false;
};
watched* fixture = nullptr;

void count_call(efd::base::atomic<std::uint64_t>& calls) noexcept {
    must(efd::core::in_callback == 1, "a callback inside a callback");
    must(!efd::core::callbacks_later::any(), "a callback while its thread holds a lock");
    must(fixture->inside++ == 0, "two callbacks of one object at once");
    calls.store(calls.load(efd::base::relaxed) + 1, efd::base::relaxed);
    --fixture->inside;
    must(!fixture->removed, "a callback that was running when its removal returned");
}
int counting(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) {
    must(!fixture->removed, "a callback after its removal returned");
    count_call(fixture->calls);
    return 0;
}
int counting_other(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) {
    must(efd::core::in_callback == 1, "a callback inside a callback");
    fixture->other_calls.fetch_add(1, efd::base::relaxed);
    return 0;
}
// The first call signals again: refused, then deferred, which runs after it.
int signalling(wait_queue_entry& entry, std::uint32_t key) {
    if (fixture->calls.load(efd::base::relaxed) == 0) {
        must(!w().object.signal(), "a signal inside a callback was not refused");
        must(w().object.signal_deferred(), "a deferred signal was refused");
        w().given.add(1);
    }
    return counting(entry, key);
}
int signalling_other(wait_queue_entry& entry, std::uint32_t key) {
    must(fixture->other.signal_deferred(), "a deferred signal was refused");
    return counting(entry, key);
}
int removing_itself(wait_queue_entry& entry, std::uint32_t key) {
    (void)counting(entry, key);
    must(w().object.remove_wait_queue(entry) == efd::base::status::ok, "an entry could not remove itself");
    fixture->removed = true;
    return 0;
}

// Each of two callbacks removes from the other's object: the one that would have to wait is refused.
int removing_other(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) {
    count_call(fixture->calls);
    (void)fixture->other.remove_wait_queue(fixture->extra[1]);
    return 0;
}
int other_removing(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) {
    fixture->other_calls.fetch_add(1, efd::base::relaxed);
    (void)w().object.remove_wait_queue(fixture->extra[0]);
    return 0;
}

void make_watched(wait_queue_entry::function callback, bool joined) {
    make_world(0, 0);
    fixture = new watched;
    efd::core::context_layout::init(fixture->other, 0, 0);
    efd::core::context_layout::make_queue(w().object);
    efd::core::context_layout::make_queue(fixture->other);
    efd::core::context_layout::name_queue(w().object);
    name_place(&fixture->calls, "calls");
    fixture->entry.callback = callback;
    fixture->entry.mask = poll_in;
    fixture->other_entry.callback = counting_other;
    fixture->other_entry.mask = poll_in;
    std::uint32_t ready = 0;
    if (joined) (void)w().object.add_wait_queue(fixture->entry, ready);
    (void)fixture->other.add_wait_queue(fixture->other_entry, ready);
}
void with_entry() { make_watched(counting, true); }
void without_entry() { make_watched(counting, false); }
void with_signalling() { make_watched(signalling, true); }
void with_signalling_other() { make_watched(signalling_other, true); }
void with_crossing() {
    make_watched(removing_other, true);
    fixture->other_entry.callback = other_removing;
    std::uint32_t ready = 0;
    for (wait_queue_entry& extra : fixture->extra) extra.callback = counting_other;
    (void)w().object.add_wait_queue(fixture->extra[0], ready);
    (void)fixture->other.add_wait_queue(fixture->extra[1], ready);
}
// A unit is there, and will be taken; another entry hears of that.
void with_unit() {
    make_watched(counting, false);
    std::uint32_t ready = 0;
    fixture->extra[0].callback = counting_other;
    fixture->extra[0].mask = efd::core::poll_out;
    (void)w().object.add_wait_queue(fixture->extra[0], ready);
    (void)w().object.signal();
    w().given.add(1);
}
void with_removing() { make_watched(removing_itself, true); }

void signaller() {
    must(w().object.signal(), "a signal was refused outside of a callback");
    w().given.add(1);
}
// Signals while its thread holds one of the library's locks.
void locked_signaller() {
    const efd::core::callbacks_later no_callbacks;
    signaller();
}
void reader() {
    std::uint64_t value = 0;
    if (w().object.try_read(value) == efd::base::status::ok) w().taken.add(value);
}
// Adds an entry while its thread holds a lock: wakes that come meanwhile are owed.
void locked_adder() {
    const efd::core::callbacks_later no_callbacks;
    std::uint32_t ready = 0;
    fixture->extra[1].callback = counting_other;
    fixture->extra[1].mask = poll_in;
    doing(task::other);
    must(w().object.add_wait_queue(fixture->extra[1], ready) == efd::base::status::ok, "an entry could not be added");
    doing(task::none);
}
// Removes an entry while its thread holds a lock: it holds the queue, and wakes that come meanwhile are owed.
void locked_remover() {
    const efd::core::callbacks_later no_callbacks;
    doing(task::other);
    must(w().object.remove_wait_queue(fixture->extra[1]) == efd::base::status::ok, "an entry could not be removed");
    doing(task::none);
}
void with_two_entries() {
    with_entry();
    std::uint32_t ready = 0;
    fixture->extra[1].callback = counting_other;
    fixture->extra[1].mask = 0; // it is never called
    must(w().object.add_wait_queue(fixture->extra[1], ready) == efd::base::status::ok, "an entry could not be added");
}
void other_signaller() { must(fixture->other.signal(), "a signal was refused outside of a callback"); }
void remover() {
    (void)fixture->calls.load(efd::base::relaxed); // a step, so that what follows on plain memory may come at any time
    doing(task::other);
    must(w().object.remove_wait_queue(fixture->entry) == efd::base::status::ok, "an entry could not be removed");
    fixture->removed = true;
    doing(task::none);
}
void taking_remover() {
    doing(task::other);
    std::uint64_t count = 0;
    (void)w().object.remove_wait_queue_and_read(fixture->entry, count);
    w().taken.add(count);
    fixture->removed = true;
    doing(task::none);
}
void adder() {
    doing(task::other);
    std::uint32_t ready = 0;
    must(w().object.add_wait_queue(fixture->entry, ready) == efd::base::status::ok, "an entry could not be added");
    fixture->ready_in = ready & poll_in;
    doing(task::none);
}
void passer() { // comes and goes
    adder();
    remover();
}
std::string calls_are(std::uint64_t expected) {
    if (std::string wrong = audit(); !wrong.empty()) return wrong;
    const std::uint64_t calls = fixture->calls.load(efd::base::relaxed);
    if (calls == expected) return {};
    return std::to_string(calls) + " callbacks for " + std::to_string(expected) + " wakes";
}
std::string one_call() { return calls_are(1); }
std::string two_calls() { return calls_are(2); }
std::string three_calls() { return calls_are(3); }
std::string two_and_two() {
    if (fixture->other_calls.load(efd::base::relaxed) != 2) return "a wake that a callback left to be run was lost";
    return one_call();
}
std::string at_most_one_call() {
    return fixture->calls.load(efd::base::relaxed) <= 1 ? audit() : "a removed entry was called";
}
// No unit falls between what the adder was told and the first call.
template <int Signals>
std::string told_of_all() {
    const std::uint64_t calls = fixture->calls.load(efd::base::relaxed);
    if (fixture->ready_in == 0 && calls != Signals) return "WATCH: a unit was neither told nor called for";
    return audit();
}

// The unit that is there at last came after the joining, or was in the answer.
std::string told_of_the_last() {
    const std::uint64_t calls = fixture->calls.load(efd::base::relaxed);
    if (w().object.count() == 1 && fixture->ready_in == 0 && calls != 1)
        return "WATCH: a unit was neither told nor called for";
    return audit();
}

// Wakes that are left in a free queue: more than one holder's share, or owed by a thread with a lock.
std::vector<scenario> left_in_the_word() {
    return {
        scenario("queue-locked", "1 signaller with a lock, 1 signaller, 1 entry", with_entry, two_calls,
                 {{"L", locked_signaller}, {"S", signaller}}),
        scenario("queue-2-locked", "2 signallers with locks, 1 entry", with_entry, two_calls,
                 {{"L1", locked_signaller}, {"L2", locked_signaller}}),
        scenario("queue-locked-2s", "1 signaller with a lock, 2 signallers, 1 entry, 3 preemptions", with_entry,
                 three_calls, {{"L", locked_signaller}, {"S1", signaller}, {"S2", signaller}}, {.preemptions = 3}),
        scenario("queue-locked-remove", "1 signaller with a lock, 1 entry that is removed", with_entry, audit,
                 {{"L", locked_signaller}, {"X", remover}}),
        scenario("queue-locked-add", "1 that adds an entry with a lock, 1 signaller, 1 entry", with_entry, one_call,
                 {{"A", locked_adder}, {"S", signaller}}),
        scenario("queue-locked-remover", "1 that removes an entry with a lock, 1 signaller, 1 other entry",
                 with_two_entries, one_call, {{"X", locked_remover}, {"S", signaller}}),
        scenario("queue-add-read", "1 unit there: 1 reader, 1 signaller, 1 entry that is added, 3 preemptions",
                 with_unit, told_of_the_last, {{"R", reader}, {"S", signaller}, {"A", adder}}, {.preemptions = 3}),
    };
}

std::vector<scenario> entries() {
    return {
        scenario("queue-2s", "2 signallers, 1 entry", with_entry, two_calls, {{"S1", signaller}, {"S2", signaller}}),
        scenario("queue-3s", "3 signallers, 1 entry", with_entry, three_calls,
                 {{"S1", signaller}, {"S2", signaller}, {"S3", signaller}})
            .large(),
        scenario("queue-zero", "1 signaller, 1 write of 0, 1 entry", with_entry, two_calls,
                 {{"S", signaller}, {"Z", zero_writer}}),
        scenario("queue-remove", "2 signallers, 1 entry that is removed", with_entry, audit,
                 {{"S1", signaller}, {"S2", signaller}, {"X", remover}}),
        scenario("queue-take", "1 writer, 1 entry that is removed with the count", with_entry, audit,
                 {{"W", writer}, {"X", taking_remover}}),
        scenario("queue-add", "2 signallers, 1 entry that is added", without_entry, told_of_all<2>,
                 {{"S1", signaller}, {"S2", signaller}, {"A", adder}}),
        scenario("queue-pass", "1 signaller, 1 entry that comes and goes", without_entry, audit,
                 {{"S", signaller}, {"A", passer}}),
    };
}

std::vector<scenario> callbacks_that_act() {
    return {
        scenario("queue-again", "1 signaller, a callback that signals its own object", with_signalling, two_calls,
                 {{"S", signaller}}),
        scenario("queue-again-2", "2 signallers, a callback that signals its own object", with_signalling, three_calls,
                 {{"S1", signaller}, {"S2", signaller}}),
        scenario("queue-other", "1 signaller, a callback that signals a second object, 1 signaller of that",
                 with_signalling_other, two_and_two, {{"S", signaller}, {"O", other_signaller}}),
        scenario("queue-cross", "2 signallers of 2 objects, callbacks that remove from each other's", with_crossing,
                 one_call, {{"S", signaller}, {"O", other_signaller}}),
        scenario("queue-self", "2 signallers, a callback that removes itself", with_removing, at_most_one_call,
                 {{"S1", signaller}, {"S2", signaller}}),
    };
}

} // namespace

std::vector<scenario> queue_scenarios() { return joined({entries(), callbacks_that_act(), left_in_the_word()}); }

} // namespace explore
