// SPDX-License-Identifier: MIT
// Configurations of the number by which a process rings the bell of a set, while the set gets another bell
// (SHARED_RINGER); and of a thread that wakes a set's sleeper on its bed, while the set and its arena end (SHARED_BED).
#include "explorer/scenarios.hpp"
#include "explorer/set_world.hpp"
#include "explorer/slots.hpp"
#include "explorer/tell.hpp"

#include "core/set_bells.hpp"

namespace explore {
namespace {

// ---- Two threads of a process ring. The owner, another process, makes a new bell meanwhile.

constexpr std::uint64_t oldest_bell = 1;
constexpr std::uint64_t old_bell = 2;
constexpr std::uint64_t new_bell = 3;
constexpr std::uint32_t owner = 7; // a pid
constexpr int number_of_owner = 9;

struct ringer_world {
    efd::core::set_entry entry{};
    efd::core::set_bell bell{};
    efd::core::shared_sets sets;
    ringer_numbers numbers{};
};
ringer_world* fixture = nullptr;

void process_without_a_file() {
    make_world(0, 0);
    fixture = new ringer_world;
    numbers_of_ringer = &fixture->numbers;
    fixture->sets.entries = &fixture->entry;
    fixture->sets.bells = &fixture->bell;
    fixture->numbers.of_owner.store(old_bell, efd::base::release);
    fixture->entry.bell_inode.store(old_bell, efd::base::release);
    fixture->entry.bell_at.store(efd::core::bell_at(owner, number_of_owner), efd::base::release);
    efd::core::mark_word(fixture->entry.armed, 0);
    name_place(&fixture->entry.armed, "armed");
    name_place(&fixture->entry.bell_at, "where the bell is");
    name_place(&fixture->entry.bell_inode, "inode of the bell");
    name_place(&fixture->bell.ringer, "number");
    for (const auto& file : fixture->numbers.file) name_place(&file, "file of a number");
}
void process_with(std::uint64_t file) {
    process_without_a_file();
    fixture->numbers.file[0].store(file, efd::base::release);
    (void)fixture->bell.ringer.swap_in(0);
}
void process_with_the_file() { process_with(old_bell); }
void process_with_an_older_file() { process_with(oldest_bell); }

void rings() { efd::core::ring_if_armed(fixture->sets, 0); }
// Between the two the owner empties the newest bell and arms the set.
void rings_twice() {
    rings();
    fixture->numbers.rung[new_bell].exchange(0, efd::base::acq_rel);
    efd::core::mark_word(fixture->entry.armed, 0);
    rings();
}
// As set_core::take_bell and publish_bell.
void makes_a_new_bell() {
    fixture->numbers.of_owner.exchange(new_bell, efd::base::acq_rel);
    fixture->entry.bell_at.store(0, efd::base::release);
    fixture->entry.bell_inode.store(new_bell, efd::base::release);
    fixture->entry.bell_at.store(efd::core::bell_at(owner, number_of_owner), efd::base::release);
    efd::core::mark_word(fixture->entry.armed, 0);
}

std::string one_file_and_it_was_rung() {
    int kept = 0;
    for (const auto& one : fixture->numbers.file) {
        const std::uint64_t file = one.load(efd::base::acquire);
        kept += file != ringer_numbers::none && file != ringer_numbers::of_program ? 1 : 0;
    }
    if (kept > 1) return "a process keeps " + std::to_string(kept) + " files of one set";
    const std::uint64_t inode = fixture->entry.bell_inode.load(efd::base::acquire);
    const bool is_armed = efd::core::bits_of(fixture->entry.armed.load(efd::base::acquire)) != 0;
    const bool is_rung = fixture->numbers.rung[inode].load(efd::base::acquire) != 0;
    return is_armed || is_rung ? "" : "the set is not armed, and its bell has no byte";
}

// ---- A set with a private member. One thread changes that member; the other ends the set and its arena, and makes an
// object where the bed was.

void arena_with_a_bed() {
    make_arena_world(1, false);
    name_sets({});
    hall().notes[0] = 0;
}
void wakes_a_sleeper() { set_layout::wake_sleeper(*hall().sets[0]); }
// As set_core::put, then one look of share::all_arenas::nobody_wakes.
void ends_set_and_arena() {
    efd::core::context& bed = set_layout::bed(*hall().sets[0]);
    set_layout::take_bed_away(*hall().sets[0]);
    if (efd::core::bed_wakers.fetch_add(0, efd::base::acq_rel) != 0) return; // SHARED_BED, sweep
    std::uint64_t units = 0;
    (void)bed.try_read(units);
    hall().notes[0] = reinterpret_cast<std::uintptr_t>(&bed);
}

std::string no_signal_to_what_stands_there_now() {
    if (efd::core::bed_wakers.load(efd::base::acquire) != 0) return "a thread is counted that is gone";
    if (hall().notes[0] == 0) return {};
    const auto* const fresh = reinterpret_cast<const efd::core::context*>(hall().notes[0]);
    return fresh->count() == 0 ? "" : "a signal for a set that has ended reached another object";
}

} // namespace

std::vector<scenario> ringer_scenarios() {
    return {
        scenario("ringer-first", "2 threads open the file of one bell", process_without_a_file,
                 one_file_and_it_was_rung, {{"T", rings}, {"N", rings}}),
        scenario("ringer-new-bell", "2 threads ring, 1 owner makes a new bell, 3 preemptions", process_with_the_file,
                 one_file_and_it_was_rung, {{"O", makes_a_new_bell}, {"T", rings}, {"N", rings}}, three_preemptions),
        scenario("ringer-two-new", "1 thread rings twice, 1 once, their file is older, 1 owner makes a new bell",
                 process_with_an_older_file, one_file_and_it_was_rung,
                 {{"O", makes_a_new_bell}, {"T", rings_twice}, {"N", rings}}, three_preemptions),
        scenario("bed-end", "1 wakes a set's sleeper, 1 ends the set and its arena", arena_with_a_bed,
                 no_signal_to_what_stands_there_now, {{"W", wakes_a_sleeper}, {"E", ends_set_and_arena}}),
    };
}

} // namespace explore
