// SPDX-License-Identifier: MIT
// Configurations of a set in the child of a fork: other threads of the parent are in the midst of a call, at any step,
// and not there any more. What the child then does is right: no member is lost, and nobody sleeps beside a ready one.
#include "explorer/scenarios.hpp"
#include "explorer/set_world.hpp"

#include <array>

namespace explore {
namespace {

void one_inside(std::uint64_t count, bool watched) {
    make_hall({.counts = {count, 0}, .joined = {{0, 0}}, .watched = watched});
}
void one_empty() { one_inside(0, false); }
void one_empty_watched() { one_inside(0, true); }
void one_ready() { one_inside(1, false); }
void one_ready_watched() { one_inside(1, true); }
void none_inside() { make_hall({.counts = {0, 0}}); }
void one_permit() { make_hall({.counts = {1}, .joined = {{0, 0}}, .flags = flag_semaphore}); }
void two_inside(std::uint64_t count) { make_hall({.counts = {count, count}, .joined = {{0, 0}, {0, 1}}}); }
void two_ready() { two_inside(1); }
void two_empty() { two_inside(0); }
void growing() {
    make_set_world(1, {0, 0});
    join_set(0, 0);
    skip_places(0, second_word);
    name_sets({0, second_word});
}

// In the parent.
void writes() { (void)hall().objects[0]->write(1); }
void takes() {
    efd::set_event got{};
    (void)hall().sets[0]->try_any(got);
}
void waits() {
    efd::set_event got{};
    (void)hall().sets[0]->wait_any(got, {});
}
template <std::size_t Object>
void enters() {
    int place = -1;
    (void)hall().sets[0]->add(*hall().objects[Object], Object, place);
}
void takes_all() {
    std::array<efd::set_event, 2> room;
    std::size_t number = 0;
    (void)hall().sets[0]->wait_all(room, number, {.blocking = efd::core::blocking::never});
}
void leaves() { (void)hall().sets[0]->remove(hall().places[0][0]); }

// In the child.
// One thread of the child lets another one begin.
void note(std::uint64_t value) { w().payload[0].store(value, efd::base::release); }
void await_note(std::uint64_t value) {
    request asked{};
    asked.address = &w().payload[0];
    asked.size = sizeof value;
    asked.what = act::await_change;
    asked.expected = value - 1;
    asked.operand = reinterpret_cast<std::uintptr_t>(asked.address); // names no thread whose end would do as well
    perform(asked);
    (void)w().payload[0].load(efd::base::acquire);
}
set_core& set() { return *hall().sets[0]; }
void fork_from(int parents) {
    become_child_of(parents);
    set_layout::hide_top(set());
}
bool finds(std::size_t object) {
    efd::set_event got{};
    for (std::size_t i = 0; i < most_objects; ++i)
        if (set().surely_nothing() || set().try_any(got) != status::ok)
            return false;
        else if (got.token == object)
            return true;
    return false;
}
void write_and_find(std::size_t object) {
    must(hall().objects[object]->write(1) == status::ok, "a plain write was refused");
    must(finds(object), "FORK: a member of the child's is not found");
}
template <int Parents>
void looks() {
    fork_from(Parents);
    const bool is_ready = hall().objects[0]->count() > 0;
    must(finds(0) == is_ready, "FORK: the child's set does not say what its member says");
    write_and_find(0);
}
// A member that was about to be removed is there, or is not; it can be removed, and come back.
void removes() {
    fork_from(1);
    const bool is_ready = hall().objects[0]->count() > 0;
    const bool found = finds(0);
    const status result = set().remove(hall().places[0][0]);
    must(result == status::ok || result == status::invalid, "FORK: a removal ended otherwise");
    must(is_ready && result == status::ok ? found : !found, "FORK: a member that is there is not found");
    int place = -1;
    must(set().add(*hall().objects[0], 0, place) == status::ok, "an object could not be added");
    write_and_find(0);
}
// RESERVE: the take has happened, or has not, and what the child does is no part of it.
void looks_at_both_and_removes_them() {
    fork_from(1);
    const std::uint64_t first = hall().objects[0]->count();
    must(first == hall().objects[1]->count(), "FORK: a part of a take from all has happened");
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        must(set().remove(hall().places[0][i]) == status::ok, "a member could not be removed");
        must(hall().objects[i]->count() == first, "FORK: a removal has changed what a take from all has taken");
    }
}
void removes_both_at_once() {
    fork_from(1);
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}})
        must(set().remove(hall().places[0][i]) == status::ok, "a member could not be removed");
    must(hall().objects[0]->count() == hall().objects[1]->count(), "FORK: a part of a take from all has happened");
}
// It hears what the member says, if it is one still.
void writes_to_who_was_removed() {
    fork_from(1);
    (void)finds(0);
    if (set_layout::stands_here(set(), hall().places[0][0])) write_and_find(0);
}
// Nobody looks for what is ready: the repair alone has made it right.
void joins_and_does_not_look() {
    fork_from(1);
    int place = -1;
    must(set().add(*hall().objects[1], 1, place) == status::ok, "an object could not be added");
}
void joins() {
    fork_from(1);
    int place = -1;
    must(set().add(*hall().objects[1], 1, place) == status::ok, "an object could not be added");
    write_and_find(1);
}
void sleeps() { // a thread that the child has made
    await_note(1);
    efd::set_event got{};
    must(set().wait_any(got, {}) == status::ok, "a wait without end came back");
}
void writes_to_who_sleeps() {
    fork_from(2);
    note(1);
    must(hall().objects[0]->write(1) == status::ok, "a plain write was refused");
}

// In a signal handler of a thread that is in the midst of a call, and goes on with it in the child.
void looks_and_writes() {
    set_layout::hide_top(set()); // before: the thread must not go on in the child ahead of it
    become_child_of(0);
    efd::set_event got{};
    (void)set().try_any(got);
    must(hall().objects[0]->write(1) == status::ok, "a plain write was refused");
}
void looks_and_writes_both() {
    looks_and_writes();
    must(hall().objects[1]->write(1) == status::ok, "a plain write was refused");
}
void waits_on() {
    efd::set_event got{};
    must(set().wait_any(got, {}) == status::ok, "a wait without end came back");
}
void waits_on_for_all() {
    std::array<efd::set_event, 2> room;
    std::size_t number = 0;
    must(set().wait_all(room, number, {}) == status::ok, "a wait for all without end came back");
}

// At rest, with what the parent's threads have left: bits, marks and contexts say what the counts say.
std::string child_is_right() {
    if (the_machine().now.process == 0) return {}; // the others are there still
    for (int i = 0; i < the_machine().thread_count(); ++i) {
        const life alive = the_machine().now.threads[static_cast<std::size_t>(i)].alive;
        if (alive == life::runnable) return "thread " + std::to_string(i) + " can never go on";
        if (alive == life::asleep && set_layout::ready(set(), false))
            return "lost wakeup in the child: thread " + std::to_string(i);
    }
    if (set_layout::waiters(set()) > 0 || set_layout::awaited(set()) > 0)
        return "FORK: the parent's waiters are counted in the child";
    return set_layout::fault(set());
}

constexpr budgets one_gone{.crashes = 1, .preemptions = 2};
constexpr budgets two_gone{.crashes = 2, .preemptions = 2};

std::vector<scenario> changes() {
    return {
        scenario("fork-writer", "a writer is not in the child, which looks, writes and takes", one_empty,
                 child_is_right, {{"W", writes, may_crash}, {"C", looks<1>}}, one_gone),
        scenario("fork-writer-watched", "watched: a writer is not in the child", one_empty_watched, child_is_right,
                 {{"W", writes, may_crash}, {"C", looks<1>}}, one_gone),
        scenario("fork-taker", "watched: one that takes from a ready member is not in the child", one_ready_watched,
                 child_is_right, {{"T", takes, may_crash}, {"C", looks<1>}}, one_gone),
        scenario("fork-taker-unseen", "the same, and the child does not look", one_ready_watched, child_is_right,
                 {{"T", takes, may_crash}, {"C", joins_and_does_not_look}}, one_gone),
        scenario("fork-taker-of-all",
                 "both there: one that tries for all is not in the child, which looks, and removes both", two_ready,
                 child_is_right, {{"T", takes_all, may_crash}, {"C", looks_at_both_and_removes_them}}, one_gone),
        scenario("fork-taker-of-all-unseen", "the same, and the child removes both before it looks", two_ready,
                 child_is_right, {{"T", takes_all, may_crash}, {"C", removes_both_at_once}}, one_gone),
        scenario("fork-taker-inside", "a thread inside a member, a semaphore, is not in the child, which removes it",
                 one_permit, child_is_right, {{"T", takes, may_crash}, {"C", removes}}, one_gone),
        scenario("fork-leaver-heard", "one that removes a member is not in the child, which writes to it", one_ready,
                 child_is_right, {{"X", leaves, may_crash}, {"C", writes_to_who_was_removed}}, one_gone),
        scenario("fork-waiter", "a waiter and a writer are not in the child, where one waits and one writes", one_empty,
                 child_is_right,
                 {{"A", waits, may_crash}, {"W", writes, may_crash}, {"S", sleeps}, {"C", writes_to_who_sleeps}},
                 two_gone),
    };
}

std::vector<scenario> comings_and_goings() {
    return {
        scenario("fork-joiner", "one that joins is not in the child, where another joins", none_inside, child_is_right,
                 {{"J", enters<0>, may_crash}, {"C", joins}}, one_gone),
        scenario("fork-leaver", "one that removes a ready member is not in the child", one_ready, child_is_right,
                 {{"X", leaves, may_crash}, {"C", removes}}, one_gone),
        scenario("fork-grower", "the 33rd joins, the first is written to, and neither thread is in the child", growing,
                 child_is_right, {{"J", enters<1>, may_crash}, {"W", writes, may_crash}, {"C", looks<2>}}, two_gone),
    };
}

std::vector<scenario> handlers() {
    return {
        scenario("fork-waiter-goes-on",
                 "a handler of a waiter forks, and writes in the child, where the waiter goes on", one_empty,
                 child_is_right, {{"A", waits_on}, {"H", looks_and_writes}}, two_preemptions),
        scenario("fork-taker-goes-on",
                 "watched: a handler of one that takes a ready member forks, and writes in the child, where it goes on",
                 one_ready_watched, child_is_right, {{"T", takes}, {"H", looks_and_writes}}, two_preemptions),
        scenario("fork-waiter-for-all-goes-on",
                 "a handler of one that waits for all forks, and writes both in the child, where it goes on", two_empty,
                 child_is_right, {{"A", waits_on_for_all}, {"H", looks_and_writes_both}}, two_preemptions),
    };
}

} // namespace

std::vector<scenario> fork_scenarios() { return joined({changes(), comings_and_goings(), handlers()}); }

} // namespace explore
