// SPDX-License-Identifier: MIT
// What the scenarios of wait_set are made of: objects, sets, calls on them, and what must hold at the end.
//
// Owns the plain memory of such a scenario, in the arena, beside the world (world.hpp), whose object is the first one.
// Objects are named by number, which is their token in every set. Each call notes what it would sleep for, and counts
// what it gave or took, so that the end can be audited to the unit and to the bit.
#pragma once

#include "explorer/world.hpp"

#include "core/reservation.hpp"
#include "watch/set_core.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace explore {

using efd::watch::set_core;
using efd::watch::set_layout;

inline constexpr std::size_t most_objects = 3;
inline constexpr std::size_t most_sets = 2;
inline constexpr unsigned second_word = 32; // the place, or number, whose bit is in the second word of the lowest level

struct set_hall {
    std::array<set_core*, most_sets> sets{};
    std::array<context*, most_objects> objects{};
    std::array<std::array<int, most_objects>, most_sets> places{};
    std::array<std::uint64_t, most_objects> given{};
    std::array<std::uint64_t, most_objects> taken{};
    std::uint64_t kept_after_leaving = 0; // written to the first object after it had left, when nobody else reads it
    std::uint64_t alls = 0;               // takes from all
    std::array<std::uint64_t, most_objects> last_all{}; // what the last of those took
    std::uint64_t never_ready = 0;                      // a bit for each object that no look may show
    std::uint64_t notes[4] = {};
};
set_hall& hall() noexcept;

// The same with objects of an arena, the first set being the arena's; it has its looks on if they are asked for.
void make_arena_world(std::size_t objects, bool looks);
// Its set has a bell, armed; the threads ring as peers do, or as threads of the owner.
void give_bell_to_set(bool by_owner);
bool is_loud(); // the set's descriptor

// In a set_up: objects with these counts, not yet in any set.
void make_set_world(std::size_t sets, std::initializer_list<std::uint64_t> counts, unsigned flags = 0);
// The objects have no watchers yet, as one is born.
void make_bare_set_world(std::size_t sets, std::initializer_list<std::uint64_t> counts, unsigned flags = 0);
void join_set(std::size_t set, std::size_t object);
// The object of the arena stands in one more cell, by a number that no member has.
void stand_also(std::size_t object, std::uint32_t number);
void fill_cell(std::size_t object, std::uint32_t number); // the cell alone: the word stays as it is
void leave_set_up(std::size_t set, std::size_t object);
// The next that joins stands at this place; the places before are taken by nobody.
void skip_places(std::size_t set, unsigned up_to);
void watch_set(std::size_t set); // somebody outside watches its context
// At last: what may change of the sets, and at which places.
void name_sets(std::initializer_list<int> places);
// All of these in one: the places of the first two objects are named.
struct hall_plan {
    std::initializer_list<std::uint64_t> counts;
    std::initializer_list<std::array<std::size_t, 2>> joined = {}; // a set, and an object
    std::size_t sets = 1;
    unsigned flags = 0;
    bool watched = false; // the first set
};
void make_hall(const hall_plan& plan);

// In threads. Those with terms say how they ended.
void give(std::size_t object, std::uint64_t n = 1);
bool take(std::size_t object); // does not wait
void read_from(std::size_t object);
status any(std::size_t set, const wait_opts& opts = {});
status try_any(std::size_t set);
status look(std::size_t set, const wait_opts& opts = {});
status all(std::size_t set, const wait_opts& opts = {});
status try_all(std::size_t set);
void leave_set(std::size_t set, std::size_t object);
void enter_set(std::size_t set, std::size_t object);

inline constexpr wait_opts bounded{.deadline_ns = 1, .blocking = efd::core::blocking::always};

// Nobody sleeps beside what he waits for; units are conserved; no word is reserved; bits, marks and contexts of the
// sets say what the counts say.
std::string audit_sets();
// Of that alone: the thread.
std::string forgotten_in_set(int thread);

} // namespace explore

namespace efd::core {

// The explorer's way to the slots of takes from several objects.
class reservation_layout {
  public:
    static void name();
    static bool any_tied() noexcept;

  private:
    static constexpr std::size_t few = 3; // a scenario has no more takers
};

} // namespace efd::core

namespace efd::watch {

// The explorer's way to the inside of a set.
class set_layout {
  public:
    static set_core* make(core::context& bell, core::context& bed);
    // Of an arena; the half has pages of its own, so in a set-up.
    static set_core* make_of_arena(core::context& bell, const core::set_claim& claim);
    // The next object that joins has this number there.
    static void skip_numbers(set_core& set, std::uint32_t up_to);
    static void give_bell(set_core& set, core::context& bell);
    static void give_bed(set_core& set, core::context& bed);
    static core::context& bell(set_core& set) { return set.bell(); }
    static core::context& bed(set_core& set) { return set.bed(); }
    static void take_bed_away(set_core& set) { set.bed_.exchange(nullptr, base::acq_rel); }
    static void wake_sleeper(set_core& set) { set.wake_sleeper(); }
    static void renew(set_core& set, core::context& bell, core::context& bed);
    static bool is_watched(set_core& set) {
        return (set.interested_.load(base::acquire) & set_core::bell_watched_mark) != 0;
    }
    static unsigned waiters(set_core& set) { return presence::number_in(set.interested_.load(base::acquire)); }
    static unsigned awaited(set_core& set); // by so many threads that wait for all
    // What the fork handler does in the child.
    static void hide_top(set_core& set) { set.ready_.hide_top(true); }
    static bool is_nested(set_core& set) { return set.stands_in_.load(base::acquire) > 0; }
    // A kernel descriptor joins, as far as a thread that takes can see; no epoll knows of it.
    static void join_descriptor(set_core& set);
    // Makes a place free, as if a member had left it that did not grow the set.
    static void leave_free(set_core& set, unsigned place);
    static bool has_nothing(set_core& set) { return set.surely_nothing() || !set.ready_.anything(); }
    static void skip(set_core& set, unsigned up_to);
    static void watch(set_core& set) { set.watch_for_ever(); }
    static void give_pipe(set_core& set, bool by_owner);
    static void name(set_core& set);
    static member* place(set_core& set, int place);
    static member_rest* rest(set_core& set, int place);
    static explore::region plain(set_core& set);
    static std::string fault(set_core& set);
    static bool stands_here(set_core& set, int place) {
        return set.known_member(static_cast<std::uint32_t>(place)).is_taken();
    }
    static bool ready(set_core& set, bool all);

  private:
    static std::string fault_of_bits(set_core& set);
    static std::string fault_of_marks(set_core& set);
    static bool is_marked_in_arena(set_core& set, std::uint32_t number);
    static std::string fault_of_member(set_core& set, std::uint32_t index);
    static bool bit(const ready_bitmap& map, std::uint32_t level, std::uint32_t index);
    static bool member_ready(member& one);
};

} // namespace efd::watch
