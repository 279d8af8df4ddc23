// Configurations of the drop-in: PARKED, TOGETHER, NOTED, over a kernel's eventfd.
#include "explore/parked_world.hpp"
#include "explore/scenarios.hpp"

namespace explore {
namespace {

using way = way_of_read;

void empty_world() { make_parked_world(); }
void filled_world() { make_filled_world(); }
void closing_world() { make_closing_world(); }
void closed_world() { make_closing_world(false, true); }
void closing_semaphore_world() { make_closing_world(true); }
void semaphore_world() { make_filled_world(true); }
void hasty_world() { make_filled_world(false, 2); }
void hasty_once_world() { make_filled_world(false, 1); }
void hasty_semaphore_world() { make_filled_world(true, 2); }
// As many readers as can be counted were killed while they asked.
void crowded_world() {
    make_parked_world();
    (void)the_slot().state.fetch_or(efd::dropin::most_readers << efd::dropin::readers_shift, efd::base::relaxed);
}
// A reader that cannot be counted any more comes while there are units.
void full_world() {
    make_parked_world();
    (void)the_slot().state.fetch_or((efd::dropin::most_readers - 1) << efd::dropin::readers_shift, efd::base::relaxed);
}

template <int... Numbers>
void writes() {
    (parked_write(Numbers), ...);
}
template <int... Numbers>
void publishes() {
    (parked_publish(Numbers), ...);
}
template <int... Numbers>
void adds_unseen() {
    (unseen_write(Numbers), ...);
}
template <way Way, int... Numbers>
void reads() {
    (parked_read(Numbers, Way), ...);
}
// Has taken the unit that was there and the one that was written.
void reads_both() {
    reads<way::sleeps, 0, 1>();
    must(parked_is_published(1), "a unit came before what its writer had stored");
}
// Whoever polled comes for what he saw; alone, he finds it.
template <int... Numbers>
void loops() {
    const auto turn = [](int number) {
        await_readable();
        must(parked_read(number, way::returns), "poll said readable, and a read found nothing");
    };
    (turn(Numbers), ...);
}
template <int Number>
void steals() {
    unseen_read(Number);
}
void hands_back() { parked_hand_back(); }
void hands_back_twice() {
    parked_hand_back();
    parked_hand_back();
}
void closes() { parked_close(); }
void forgets() { parked_forget(); }
void duplicates() { parked_duplicate(); }
template <int... Numbers>
void reads_by_number() {
    (unnoted_read(Numbers), ...);
}
void demotes() { parked_demote(); }
void doubts() { parked_doubt_and_promote(); }

constexpr budgets one_weak_failure{.weak_failures = 1};
constexpr budgets one_death{.crashes = 1};
constexpr budgets two_preemptions{.preemptions = 2};
constexpr budgets three_preemptions{.preemptions = 3};
constexpr budgets one_death_two_preemptions{.crashes = 1, .preemptions = 2};
constexpr budgets one_death_three_preemptions{.crashes = 1, .preemptions = 3};

std::vector<scenario> counts() {
    return {
        {.name = "parked-1w1r",
         .what = "1 writer of three, 1 sleeping reader twice",
         .threads = {{"W", '-', writes<0, 1, 2>}, {"R", '-', reads<way::sleeps, 0, 1>}},
         .set_up = empty_world,
         .check = audit_parked},
        {.name = "parked-publish",
         .what = "1 writer of two, each after a store; 1 sleeping reader twice",
         .threads = {{"W", '-', publishes<0, 1>}, {"R", '-', reads<way::sleeps, 0, 1>}},
         .set_up = empty_world,
         .check = audit_parked,
         .allowed = one_weak_failure},
        {.name = "parked-2w1r",
         .what = "2 writers, one of two, 1 sleeping reader, filled",
         .threads = {{"W1", '-', writes<1, 2>}, {"W2", '-', writes<3>}, {"R", '-', reads<way::sleeps, 0>}},
         .set_up = filled_world,
         .check = audit_parked},
        {.name = "parked-2w1r-empty",
         .what = "2 writers, one of three, 1 reader that sleeps, 3 preemptions",
         .threads = {{"W1", '-', writes<0>}, {"W2", '-', writes<1, 2, 3>}, {"R", '-', reads<way::sleeps, 0>}},
         .set_up = empty_world,
         .check = audit_parked,
         .allowed = three_preemptions},
        {.name = "parked-1w2r",
         .what = "1 writer of two, 2 readers that return, filled",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0>},
                     {"R2", '-', reads<way::returns, 1>}},
         .set_up = filled_world,
         .check = audit_parked},
        {.name = "parked-1w2r-sleep",
         .what = "1 writer of three, 2 sleeping readers, 3 preemptions",
         .threads = {{"W", '-', writes<0, 1, 2>},
                     {"R1", '-', reads<way::sleeps, 0>},
                     {"R2", '-', reads<way::sleeps, 1>}},
         .set_up = empty_world,
         .check = audit_parked,
         .allowed = three_preemptions},
        {.name = "parked-2w2r",
         .what = "2 writers, 2 readers, one of them twice, filled; 2 preemptions",
         .threads = {{"W1", '-', writes<1, 2>},
                     {"W2", '-', writes<3>},
                     {"R1", '-', reads<way::returns, 0, 1>},
                     {"R2", '-', reads<way::sleeps, 2>}},
         .set_up = filled_world,
         .check = audit_parked,
         .allowed = two_preemptions,
         .full = true},
        {.name = "parked-asked",
         .what = "1 writer of two; 2 readers, one by its own call; filled",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::asked_returns, 0>},
                     {"R2", '-', reads<way::returns, 1>}},
         .set_up = filled_world,
         .check = audit_parked},
    };
}

std::vector<scenario> pollers_and_strangers() {
    return {
        {.name = "parked-loop",
         .what = "1 writer of three, 1 that polls and reads, twice",
         .threads = {{"W", '-', writes<0, 1, 2>}, {"L", '-', loops<0, 1>}},
         .set_up = empty_world,
         .check = audit_parked},
        {.name = "parked-loop-2w",
         .what = "2 writers, 1 that polls and reads, twice",
         .threads = {{"W1", '-', writes<0, 1>}, {"W2", '-', writes<2>}, {"L", '-', loops<0, 1>}},
         .set_up = empty_world,
         .check = audit_parked},
        {.name = "parked-unseen",
         .what = "1 writer of two, the kernel adds beside it, 1 sleeping reader twice",
         .threads = {{"W", '-', writes<0, 1>}, {"K", '-', adds_unseen<2>}, {"R", '-', reads<way::sleeps, 0, 1>}},
         .set_up = empty_world,
         .check = audit_parked},
        {.name = "parked-stolen",
         .what = "1 writer of two, one reads unseen, 1 reader that returns twice, filled",
         .threads = {{"W", '-', writes<1, 2>}, {"S", '-', steals<0>}, {"R", '-', reads<way::returns, 1, 2>}},
         .set_up = filled_world,
         .check = audit_parked_units},
    };
}

std::vector<scenario> semaphores() {
    return {
        {.name = "parked-semaphore-publish",
         .what = "semaphore, 1 writer after a store, 1 sleeping reader twice; filled",
         .threads = {{"W", '-', publishes<1>}, {"R", '-', reads_both}},
         .set_up = semaphore_world,
         .check = audit_parked},
        {.name = "parked-semaphore",
         .what = "semaphore, 1 writer of two, 2 readers that return, filled",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0, 1>},
                     {"R2", '-', reads<way::returns, 2>}},
         .set_up = semaphore_world,
         .check = audit_parked,
         .full = true},
        {.name = "parked-semaphore-sleep",
         .what = "semaphore, 1 writer of two, 2 sleeping readers, one by its own call; filled",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::sleeps, 0, 1>},
                     {"R2", '-', reads<way::asked_sleeps, 2>}},
         .set_up = semaphore_world,
         .check = audit_parked,
         .allowed = three_preemptions},
    };
}

std::vector<scenario> changes() {
    return {
        {.name = "parked-hand-back",
         .what = "1 writer of two, 1 reader that sleeps, one hands back; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads<way::sleeps, 0>}, {"H", '-', hands_back}},
         .set_up = filled_world,
         .check = audit_parked},
        {.name = "parked-hand-back-2",
         .what = "1 writer of three, 2 hand back, one twice; filled",
         .threads = {{"W", '-', writes<1, 2, 3>}, {"H1", '-', hands_back_twice}, {"H2", '-', hands_back}},
         .set_up = filled_world,
         .check = audit_parked},
        {.name = "parked-demote",
         .what = "1 writer of two, 1 sleeping reader, one demotes; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads<way::sleeps, 0>}, {"D", '-', demotes}},
         .set_up = filled_world,
         .check = audit_parked},
        {.name = "parked-doubt",
         .what = "1 writer of two, 1 sleeping reader, one doubts and promotes; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads<way::sleeps, 0>}, {"D", '-', doubts}},
         .set_up = filled_world,
         .check = audit_parked},
        {.name = "parked-demote-2r",
         .what = "1 writer of two, 2 readers that return, one demotes; filled; 3 preemptions",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0>},
                     {"R2", '-', reads<way::returns, 1>},
                     {"D", '-', demotes}},
         .set_up = filled_world,
         .check = audit_parked,
         .allowed = three_preemptions,
         .full = true},
        {.name = "parked-crowded",
         .what = "no reader can be counted any more; 1 writer of two, 1 sleeping reader",
         .threads = {{"W", '-', writes<0, 1>}, {"R", '-', reads<way::sleeps, 0>}},
         .set_up = crowded_world,
         .check = audit_parked},
        {.name = "parked-crowding",
         .what = "one reader can still be counted; 1 writer of two, 2 sleeping readers",
         .threads = {{"W", '-', writes<0, 1>}, {"R1", '-', reads<way::sleeps, 0>}, {"R2", '-', reads<way::returns, 1>}},
         .set_up = full_world,
         .check = audit_parked},
    };
}

std::vector<scenario> closings() {
    return {
        {.name = "parked-closed",
         .what = "1 writer, one hands back by a number that another closes; filled",
         .threads = {{"W", '-', writes<1>}, {"H", '-', hands_back}, {"C", '-', forgets}},
         .set_up = closing_world,
         .check = audit_parked},
        {.name = "parked-closed-read",
         .what = "1 writer of two, 1 reader, one hands back by a number that another closes; filled; 2 preemptions",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R", '-', reads<way::returns, 0>},
                     {"H", '-', hands_back},
                     {"C", '-', forgets}},
         .set_up = closing_world,
         .check = audit_parked,
         .allowed = two_preemptions},
        {.name = "parked-closed-reader",
         .what = "1 writer of two, 1 that reads by a number that another closes; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads_by_number<0>}, {"C", '-', closes}},
         .set_up = closing_world,
         .check = audit_parked},
        {.name = "parked-duplicated",
         .what = "1 writer of two, 1 that reads by a number, twice, which becomes the eventfd's meanwhile; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads_by_number<0, 1>}, {"D", '-', duplicates}},
         .set_up = closed_world,
         .check = audit_parked},
        {.name = "parked-closed-quietly",
         .what =
             "1 writer, one hands back twice by a number that another closes, with nothing parked until then; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"H", '-', hands_back_twice}, {"C", '-', closes}},
         .set_up = closing_world,
         .check = audit_parked,
         .allowed = three_preemptions},
        {.name = "parked-closed-semaphore",
         .what = "semaphore, 1 writer, one hands back by a number that another closes, 1 reader; filled",
         .threads =
             {{"W", '-', writes<1>}, {"R", '-', reads<way::returns, 0>}, {"H", '-', hands_back}, {"C", '-', forgets}},
         .set_up = closing_semaphore_world,
         .check = audit_parked,
         .allowed = three_preemptions},
        {.name = "parked-closed-killed",
         .what = "1 writer, one hands back and may be killed, another closes the number; filled",
         .threads = {{"W", '-', writes<1>}, {"H", '-', hands_back, true}, {"C", '-', forgets}},
         .set_up = closing_world,
         .check = audit_parked_deaths,
         .allowed = one_death},
    };
}

std::vector<scenario> deaths() {
    return {
        {.name = "parked-reader-killed",
         .what = "1 writer of two, 2 readers that return, one may be killed; filled",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0>, true},
                     {"R2", '-', reads<way::returns, 1>}},
         .set_up = filled_world,
         .check = audit_parked_deaths,
         .allowed = one_death},
        {.name = "parked-hander-killed",
         .what = "1 writer of two, 1 reader that returns twice, one hands back and may be killed; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads<way::returns, 0, 1>}, {"H", '-', hands_back, true}},
         .set_up = filled_world,
         .check = audit_parked_deaths,
         .allowed = one_death_three_preemptions},
        {.name = "parked-semaphore-killed",
         .what = "semaphore, 1 writer of two, 2 readers that return, one may be killed; filled",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0, 1>, true},
                     {"R2", '-', reads<way::returns, 2>}},
         .set_up = semaphore_world,
         .check = audit_parked_deaths,
         .allowed = one_death_two_preemptions},
    };
}

std::vector<scenario> take_overs() {
    return {
        {.name = "parked-taken-over",
         .what = "2 readers that return, who give each other up at any moment; 1 writer of two; filled",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0>},
                     {"R2", '-', reads<way::returns, 1>}},
         .set_up = hasty_world,
         .check = audit_parked_units,
         .full = true},
        {.name = "parked-taken-over-once",
         .what = "the same, one of them once, 3 preemptions",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0>},
                     {"R2", '-', reads<way::returns, 1>}},
         .set_up = hasty_once_world,
         .check = audit_parked_units,
         .allowed = three_preemptions},
        {.name = "parked-taken-over-filled",
         .what = "the same, 1 writer of three; 3 preemptions",
         .threads = {{"W", '-', writes<1, 2, 3>},
                     {"R1", '-', reads<way::returns, 0>},
                     {"R2", '-', reads<way::returns, 1>}},
         .set_up = hasty_once_world,
         .check = audit_parked_units,
         .allowed = three_preemptions},
        {.name = "parked-taken-over-demote",
         .what = "the same, and one demotes; 3 preemptions",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0>},
                     {"R2", '-', reads<way::returns, 1>},
                     {"D", '-', demotes}},
         .set_up = hasty_world,
         .check = audit_parked_units,
         .allowed = two_preemptions,
         .full = true},
        {.name = "parked-taken-over-semaphore",
         .what = "semaphore, one reads, one hands back, claims are given up at any moment; 1 writer of two; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads<way::returns, 0, 1>}, {"H", '-', hands_back_twice}},
         .set_up = hasty_semaphore_world,
         .check = audit_parked_units,
         .allowed = three_preemptions},
    };
}

} // namespace

std::vector<scenario> parked_scenarios() {
    std::vector<scenario> all;
    for (const auto& some :
         {counts(), pollers_and_strangers(), semaphores(), changes(), closings(), deaths(), take_overs()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
