// SPDX-License-Identifier: MIT
// scene.hpp: what a victim does when it is killed, and what the survivors expect of it.
//
// A world is what the survivor has: an arena with a name, and one object that is made anew for each victim. The victim
// is a child of the survivor's fork, so it has the same world, as a process of its own.
#pragma once

#include <efd/arena.hpp>
#include <efd/wait_set.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace efd::crash {

inline constexpr std::uint32_t slots = 8;
inline constexpr std::uint32_t processes = 8;
inline constexpr std::uint32_t sets = 6;
inline constexpr std::uint32_t sets_of_an_object = 4;
inline constexpr auto first_look = std::chrono::milliseconds(1);
inline constexpr auto last_look = std::chrono::milliseconds(20);
inline constexpr auto long_time = std::chrono::seconds(10); // for what must come
inline constexpr const char* arena_name = "crash";
inline constexpr const char* new_arena_name = "crash-new";
inline constexpr const char* object_name = "named";
inline constexpr std::uint64_t huge = std::uint64_t{1} << 40;
inline constexpr std::uint64_t gift = 2;

struct world {
    std::optional<arena> shared;
    std::optional<eventfd> object;
    std::uint64_t id = 0;           // of the object
    std::uint64_t other_id = 0;     // of one more object, where a scene has it
    std::vector<eventfd> held;      // by the survivor, for the scene
    std::vector<eventfd> of_victim; // made by the victim before its call
    std::vector<arena> arenas;      // opened by the victim
    std::vector<wait_set> sets;     // made by the victim
    int place = -1;                 // of the object in the last of them
    bool hears_of_death = false;    // the survivor, at the last object that it holds
    int descriptor = -1;            // of the arena's memory
};

// The units of the object before the call, and what the call may add or take; a victim that has taken units has them.
struct scene {
    const char* name;
    std::uint64_t units;
    std::uint64_t adds;
    std::uint64_t takes;
    bool is_semaphore;
    bool beside_sleeper;      // is also done with another process asleep in a read of the object, or in a set's wait;
                              // one that adds also beside a poll of a set's descriptor
    bool sleeps;              // the survivor writes `gift` units once it sleeps
    bool changes_processes;   // whether the number of free indexes is looked at
    bool prepare_makes_units; // else they are there from the object's birth
    void (*prepare)(world& all); // by the survivor
    void (*before)(world& all);  // by the victim
    void (*stepped)(world& all);
    bool steps_child = false; // of the fork that the call begins with, and not the victim itself
};
extern const std::vector<scene> scenes;

// Who waits for the object, in another process, while a victim is stepped.
enum class beside : unsigned char { nobody, sleeper, set, loop };

} // namespace efd::crash
