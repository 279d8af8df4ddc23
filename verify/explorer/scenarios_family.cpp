// SPDX-License-Identifier: MIT
// Configurations of the chain of arenas that a process makes for objects with EFD_SHARED: FAMILY.
//
// The chain is the production source; the arenas are models of one count each: how many objects there is room for. An
// arena that is given back, or that is complete and in no chain at the end, must have no object.
#include "explorer/scenarios.hpp"
#include "explorer/tell.hpp"
#include "explorer/world.hpp"

#include "share/arena.hpp"
#include "share/family.hpp"

#include <array>

namespace explore {
namespace {

constexpr std::size_t most_arenas = 4;
constexpr std::uint32_t room = 2;

struct model_arena {
    alignas(64) std::array<std::byte, 64> place{}; // its address is that of the arena
    efd::base::atomic<std::uint32_t> objects{0};
    bool is_begun = false;
    bool is_given_back = false;
};
struct family_world {
    std::array<model_arena, most_arenas> arenas;
    efd::base::atomic<std::uint32_t> begun{0};
    unsigned made = 0;
};
family_world* fixture = nullptr;

model_arena& model_of(efd::share::arena* one) { return *reinterpret_cast<model_arena*>(one); }

void no_arena_yet() {
    make_world(0, 0);
    fixture = new family_world;
    name_place(&fixture->begun, "arenas begun");
    for (const model_arena& one : fixture->arenas) name_place(&one.objects, "objects of an arena");
}

void makes() {
    efd::core::context* made = nullptr;
    must(!efd::share::make_in_family(0, 0, made).is_refused(), "an object of the family was refused");
    ++fixture->made;
}
void makes_two() {
    makes();
    makes();
}

// In each arena that was not given back are objects, and all objects are in these.
std::string all_are_in_the_chain() {
    unsigned objects = 0;
    for (const model_arena& one : fixture->arenas) {
        const std::uint32_t own = one.objects.load(efd::base::acquire);
        if (one.is_given_back && own != 0) return "an arena was given back with an object in it";
        if (one.is_begun && !one.is_given_back && own == 0) return "an arena is kept that nobody finds";
        objects += own;
    }
    const unsigned needed = (fixture->made + room - 1) / room;
    unsigned kept = 0;
    for (const model_arena& one : fixture->arenas) kept += one.is_begun && !one.is_given_back ? 1 : 0;
    if (kept != needed)
        return std::to_string(kept) + " arenas are kept for " + std::to_string(fixture->made) + " objects";
    return objects == fixture->made ? "" : "an object is in no arena";
}

} // namespace

std::vector<scenario> family_scenarios() {
    return {
        scenario("family-first", "2 threads need the first arena", no_arena_yet, all_are_in_the_chain,
                 {{"A", makes}, {"B", makes}}),
        scenario("family-next", "2 threads make two objects each, 2 preemptions", no_arena_yet, all_are_in_the_chain,
                 {{"A", makes_two}, {"B", makes_two}}, two_preemptions),
    };
}

} // namespace explore

// What stands in for share/arena.cpp.
namespace efd::share {

using explore::fixture;

outcome arena::create(const creation& /*unused*/, arena*& made) noexcept {
    const std::uint32_t number = fixture->begun.fetch_add(1, base::acq_rel);
    explore::must(number < explore::most_arenas, "more arenas than there are threads that need one");
    explore::model_arena& one = fixture->arenas[number];
    one.is_begun = true;
    made = reinterpret_cast<arena*>(&one);
    return {};
}
void arena::put() noexcept { explore::model_of(this).is_given_back = true; }
bool arena::is_alive() noexcept { return true; }
base::status arena::make(std::uint64_t /*unused*/, unsigned /*unused*/, core::context*& /*unused*/) noexcept {
    base::atomic<std::uint32_t>& objects = explore::model_of(this).objects;
    std::uint32_t number = objects.load(base::acquire);
    do {
        if (number == explore::room) return base::status::no_space;
    } while (!objects.compare_exchange_weak(number, number + 1, base::acq_rel, base::acquire)); // pairs with itself
    return base::status::ok;
}

} // namespace efd::share
