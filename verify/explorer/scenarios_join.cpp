// SPDX-License-Identifier: MIT
// Configurations of joining a wait queue at any time, beside a thread that may be stopped
// for ever at any step. A joining thread comes to an end, and hears of all that is written after it.
#include "explorer/scenarios.hpp"
#include "explorer/world.hpp"

#include "core/wait_queue.hpp"

namespace explore {
namespace {

struct joining {
    wait_queue_entry first; // in the queue from the start
    wait_queue_entry entries[2];
    efd::base::atomic<std::uint64_t> calls[2] = {};
    std::uint64_t ready[2] = {};
    bool joined[2] = {};
};
joining* fixture = nullptr;

template <int Which>
int hears(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) {
    fixture->calls[Which].fetch_add(1, efd::base::relaxed);
    return 0;
}
int hears_nothing(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) { return 0; }

void queue_with(wait_queue_entry::function callback) {
    make_world(0, 0);
    fixture = new joining;
    efd::core::context_layout::make_queue(w().object);
    efd::core::context_layout::name_queue(w().object);
    fixture->first.callback = callback;
    fixture->entries[0].callback = hears<0>;
    fixture->entries[1].callback = hears<1>;
    for (wait_queue_entry* one : {&fixture->first, &fixture->entries[0], &fixture->entries[1]}) one->mask = poll_in;
    std::uint32_t ready = 0;
    if (callback != nullptr) (void)w().object.add_wait_queue(fixture->first, ready);
}
void one_entry() { queue_with(hears_nothing); }
void no_entry() { queue_with(nullptr); }

void signaller() { signal_once(); }
// What it waits for at the gate is a callback or a removal, by contract.
void leaver() {
    doing(task::leaves);
    must(w().object.remove_wait_queue(fixture->first) == status::ok, "an entry could not be removed");
    doing(task::none);
}
template <int Which>
void joiner() {
    doing(task::other);
    std::uint32_t ready = 0;
    must(w().object.add_wait_queue(fixture->entries[Which], ready) == status::ok, "an entry could not be added");
    fixture->ready[Which] = ready & poll_in;
    fixture->joined[Which] = true;
    doing(task::none);
}
template <int Which>
void joining_signaller() {
    joiner<Which>();
    signal_once();
}
void joining_leaver() {
    joiner<1>();
    doing(task::leaves);
    must(w().object.remove_wait_queue(fixture->entries[1]) == status::ok, "an entry could not be removed");
    fixture->joined[1] = false;
    doing(task::none);
}
// Nobody waits for a stopped thread, and the word tells changers of each that has joined.
std::string joined_are_watched() {
    if (std::string wrong = audit_with_stops(); !wrong.empty()) return wrong;
    const bool watched = efd::core::is_watched(efd::core::context_layout::newest_state(w().object));
    return (fixture->joined[0] || fixture->joined[1]) && !watched ? "WATCH_OFF: an entry that has joined hears nothing"
                                                                  : "";
}
bool somebody_stopped() {
    for (const thread_state& t : the_machine().now.threads)
        if (t.alive == life::stopped) return true;
    return false;
}
// Where nobody was stopped each unit that came after the joining, or beside it, was called for or told.
template <int Units>
std::string joined_are_notified() {
    if (std::string wrong = joined_are_watched(); !wrong.empty() || somebody_stopped()) return wrong;
    for (int i = 0; i < 2; ++i) {
        const std::uint64_t calls = fixture->calls[i].load(efd::base::relaxed);
        if (fixture->joined[i] && fixture->ready[i] == 0 && calls < Units)
            return "QUEUE_JOIN: a unit was not called for";
    }
    return {};
}

// A signal of one's own after one has joined is heard, whatever `ready` said.
std::string own_are_notified() {
    if (std::string wrong = joined_are_watched(); !wrong.empty() || somebody_stopped()) return wrong;
    return fixture->calls[0].load(efd::base::relaxed) == 0 ? "QUEUE_JOIN: a wake after the joining is not heard" : "";
}

std::vector<scenario> queues() {
    constexpr budgets one_stopped{.stops = 1};
    return {
        scenario("join-beside-a-callback", "1 signaller, 1 entry that is added, one of them stops", one_entry,
                 joined_are_notified<1>, {{"S", signaller}, {"A", joiner<0>}}, one_stopped),
        scenario("join-2", "1 signaller, 2 entries that are added, one of them stops, 2 preemptions", no_entry,
                 joined_are_notified<1>, {{"S", signaller}, {"A1", joiner<0>}, {"A2", joiner<1>}},
                 one_of_two_preemptions),
        scenario("join-and-signal", "1 signaller, 1 entry that is added and signalled, one stops", one_entry,
                 own_are_notified, {{"S", signaller}, {"A", joining_signaller<0>}}, one_stopped),
        scenario("join-beside-the-last",
                 "the only entry is removed, 1 is added and its object signalled, one of them stops", one_entry,
                 own_are_notified, {{"X", leaver}, {"A", joining_signaller<0>}}, one_stopped),
        scenario("join-and-leave",
                 "the only entry is removed, 1 comes and goes, 1 is added and signalled, one stops, 2 preemptions",
                 one_entry, own_are_notified, {{"X", leaver}, {"P", joining_leaver}, {"A", joining_signaller<0>}},
                 one_of_two_preemptions),
    };
}

} // namespace

std::vector<scenario> join_scenarios() { return queues(); }

} // namespace explore
