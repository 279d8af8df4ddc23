// SPDX-License-Identifier: MIT
// Configurations of locks whose owner is not in the child of a fork: a wait queue that another thread held at any step,
// and the lock of a set's descriptors. Plain memory changes with the step before it; the stepper forks between.
#include "explorer/doorbells.hpp"
#include "explorer/scenarios.hpp"
#include "explorer/set_world.hpp"

#include "core/deferred.hpp"
#include "core/wait_queue.hpp"

namespace explore {
namespace {

constexpr std::uint64_t early = 1; // the unit of the thread that may be gone, and the units of one that has returned
constexpr std::uint64_t returned = 4;
constexpr std::uint64_t late = 16; // of the child

struct hearing {
    wait_queue_entry entry; // stays
    wait_queue_entry other;
    efd::base::atomic<std::uint64_t> heard{0}; // the count that the last callback found
    bool has_returned = false;
    bool is_over = false;
};
hearing* fixture = nullptr;

int hear(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) {
    fixture->heard.store(w().object.count(), efd::base::relaxed);
    return 0;
}
int hear_nothing(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) { return 0; }

void two_entries() {
    make_world(0, 0);
    fixture = new hearing;
    efd::core::context_layout::make_queue(w().object);
    efd::core::context_layout::name_queue(w().object);
    fixture->entry.callback = hear;
    fixture->other.callback = hear_nothing;
    for (wait_queue_entry* one : {&fixture->entry, &fixture->other}) {
        one->mask = poll_in;
        std::uint32_t ready = 0;
        (void)w().object.add_wait_queue(*one, ready);
    }
}

void add(std::uint64_t n) { must(w().object.write(n) == status::ok, "a plain write was refused"); }
void writes_early() { add(early); }
void writes_and_returns() {
    add(returned);
    fixture->has_returned = true;
}
// In the midst of a take from a set, say: the callbacks are left for later.
void writes_early_within() {
    const efd::core::callbacks_later no_callbacks;
    add(early);
}
void removes_the_other() { (void)w().object.remove_wait_queue(fixture->other); }
// In the child. The thread that comes to the queue runs the wakes that were left in it.
template <int Parents>
void removes() {
    become_child_of(Parents);
    const status result = w().object.remove_wait_queue(fixture->other);
    must(result == status::ok || result == status::invalid, "FORK: an entry could not be removed");
    fixture->is_over = true;
}
template <int Parents>
void writes() {
    become_child_of(Parents);
    add(late);
    fixture->is_over = true;
}
void writes_within() {
    become_child_of(1);
    {
        const efd::core::callbacks_later no_callbacks;
        add(late);
    }
    fixture->is_over = true;
}
std::string nobody_is_stuck() {
    for (int i = 0; i < the_machine().thread_count(); ++i) {
        const life alive = the_machine().now.threads[static_cast<std::size_t>(i)].alive;
        if (alive == life::runnable || alive == life::asleep)
            return "FORK: thread " + std::to_string(i) + " waits for a thread that is not in the child";
    }
    return {};
}
std::string the_child_has_heard() {
    if (std::string wrong = nobody_is_stuck(); !wrong.empty() || !fixture->is_over) return wrong;
    const std::uint64_t heard = fixture->heard.load(efd::base::relaxed);
    if (fixture->has_returned && (heard & returned) == 0) return "FORK: a write that had returned is not heard of";
    const bool wrote = (efd::core::context_layout::newest_count(w().object) & late) != 0;
    return wrote && (heard & late) == 0 ? "FORK: a write of the child is not heard of" : "";
}

// A set whose descriptors' lock is taken. No descriptor can be made here: each adding fails, and must end.
void with_a_bell() {
    make_set_world(1, {0});
    make_doorbells();
    name_sets({0});
}
void adds_a_descriptor() {
    int place = -1;
    (void)hall().sets[0]->add(0, poll_in, 0, place);
}
void adds_a_descriptor_in_the_child() {
    become_child_of(1);
    adds_a_descriptor();
}

} // namespace

std::vector<scenario> fork_queue_scenarios() {
    constexpr budgets one_gone{.crashes = 1, .preemptions = 2};
    return {
        scenario("fork-queue-holder",
                 "two write to an object with entries, one is not in the child, where an entry is removed", two_entries,
                 the_child_has_heard, {{"H", writes_early, may_crash}, {"W", writes_and_returns}, {"C", removes<2>}},
                 one_gone),
        scenario("fork-queue-writer", "the same, and the child writes", two_entries, the_child_has_heard,
                 {{"H", writes_early, may_crash}, {"W", writes_and_returns}, {"C", writes<2>}}, one_gone),
        scenario("fork-queue-remover", "one that removes an entry is not in the child, which writes", two_entries,
                 the_child_has_heard, {{"X", removes_the_other, may_crash}, {"C", writes<1>}}, one_gone),
        scenario("fork-queue-owed", "one that owes callbacks is not in the child, which writes while it may run none",
                 two_entries, the_child_has_heard, {{"H", writes_early_within, may_crash}, {"C", writes_within}},
                 one_gone),
        scenario("fork-set-lock", "one that adds a descriptor to a set is not in the child, which adds one",
                 with_a_bell, nobody_is_stuck,
                 {{"D", adds_a_descriptor, may_crash}, {"C", adds_a_descriptor_in_the_child}}, one_gone),
    };
}

} // namespace explore
