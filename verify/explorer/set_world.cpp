// SPDX-License-Identifier: MIT
// What the scenarios of wait_set are made of: see set_world.hpp. The inside of a set is looked at in set_layout.cpp.
#include "explorer/set_world.hpp"

#include "explorer/slots.hpp"
#include "explorer/tell.hpp"

namespace explore {
namespace {

using efd::set_event;
using efd::base::status;
using efd::core::context;
using efd::core::context_layout;
using efd::core::wait_opts;
using efd::watch::set_core;
using efd::watch::set_layout;

set_hall* fixture = nullptr;

// The memory of an arena with two objects and a set. All threads are of one process: what a process alone knows makes
// no difference to a mark.
constexpr std::size_t arena_objects = 2;
struct small_arena {
    alignas(64) std::array<std::byte, (arena_objects + 1) * sizeof(context)> lines{};
    std::array<efd::core::shared_local, arena_objects + 1> locals{};
    efd::core::shared_slots slots;
    efd::core::set_entry entry{};
    std::array<efd::core::stamped_word, 3> words{};
    std::array<efd::core::set_bell, 1> bells{};
    efd::base::atomic<std::uint32_t> pipe{0};
    efd::base::atomic<std::uint32_t> deaths{0};
    bool is_reaped = false;
    bool was_ready_then = false;
    unsigned looks = 0;
};
small_arena* arena = nullptr;

// What share::arena does where a sleeper looks: who was killed is found dead by one look. The walk that follows finds
// what is there, so the same sleeper does not come again beside it. After some looks the wait is cancelled: each sleep
// moves the bed's generation, so a sleeper that looks for ever comes to no end here.
void reap_in_small_arena(void* /*unused*/) noexcept {
    if (++arena->looks == 3) (void)w().stop.request_stop();
    if (arena->is_reaped) {
        must(!arena->was_ready_then || fixture->objects[0]->count() == 0, "a look left a unit of a killed writer");
    } else if (the_machine().somebody_crashed()) {
        arena->is_reaped = true;
        arena->was_ready_then = fixture->objects[0]->count() > 0;
        arena->deaths.fetch_add(1, efd::base::acq_rel);
    }
}

// What a call would sleep for, in the note of its thread, beside the number of the set or object.
enum class sleeps_for : std::uint64_t { nothing, any, all, units };

constexpr std::uint64_t cancellable = 1U << 16;

class in_call {
  public:
    in_call(sleeps_for what, std::size_t which, const wait_opts& opts = {}) noexcept {
        doing(task::other, static_cast<std::uint64_t>(what) << 8 | which | (opts.stop != nullptr ? cancellable : 0));
    }
    ~in_call() { doing(task::none); }
    in_call& operator=(in_call&&) = delete; // neither copied nor moved
};

void account(const set_event& got) noexcept {
    must(got.origin < most_objects && fixture->objects[got.origin] != nullptr, "an event with the token of nobody");
    must(got.value > 0, "a take took nothing and said ok");
    must(!fixture->objects[got.origin]->semaphore() || got.value == 1, "a take from a semaphore took more than one");
    fixture->taken[got.origin] += got.value;
}

} // namespace

set_hall& hall() noexcept { return *fixture; }

std::string forgotten_in_set(int i) {
    const machine& m = the_machine();
    const thread_state& t = m.now.threads[static_cast<std::size_t>(i)];
    const std::string who = "thread " + std::to_string(i);
    if (t.alive == life::runnable) return who + " can never go on: a deadlock";
    if (t.alive != life::asleep) return {};
    if (arena != nullptr && arena->slots.first_look_ns > 0 && t.pending->deadline_ns == arena->slots.first_look_ns)
        return {}; // LOOK: it wakes by itself, which the search goes on to
    const auto which = static_cast<std::size_t>(t.doing[1] & 0xFF);
    if ((t.doing[1] & cancellable) != 0 && w().stop.get_token().stop_requested())
        return who + " sleeps, and was cancelled";
    switch (static_cast<sleeps_for>(t.doing[1] >> 8 & 0xFF)) {
    case sleeps_for::nothing: return who + " sleeps at a gate that nobody opens";
    case sleeps_for::any:
        return set_layout::ready(*fixture->sets[which], false) ? "lost wakeup: " + who + " sleeps beside a ready member"
                                                               : "";
    case sleeps_for::all:
        return set_layout::ready(*fixture->sets[which], true) ? "lost wakeup: " + who + " sleeps, and all are ready"
                                                              : "";
    case sleeps_for::units:
        return fixture->objects[which]->count() > 0 ? "lost wakeup: " + who + " sleeps beside a unit" : "";
    }
    return {};
}

void make_set_world(std::size_t sets, std::initializer_list<std::uint64_t> counts, unsigned flags) {
    make_bare_set_world(sets, counts, flags);
    for (context* const object : fixture->objects)
        if (object != nullptr) context_layout::make_queue(*object);
}

void make_bare_set_world(std::size_t sets, std::initializer_list<std::uint64_t> counts, unsigned flags) {
    forget_pages();
    arena = nullptr;
    make_world(*counts.begin(), flags);
    fixture = new set_hall;
    std::size_t i = 0;
    constexpr const char* names[most_objects] = {"A", "B", "C"};
    for (const std::uint64_t count : counts) {
        context* const object = i == 0 ? &w().object : new context;
        if (i > 0) context_layout::init(*object, count, flags);
        name_place(object, names[i]);
        fixture->given[i] = count;
        fixture->objects[i++] = object;
    }
    for (std::size_t s = 0; s < sets; ++s) {
        auto* const bell = new context;
        auto* const bed = new context;
        context_layout::init(*bell, 0, 0);
        context_layout::init(*bed, 0, 0);
        name_place(bell, "set's bell");
        name_place(bed, "set's bed");
        fixture->sets[s] = set_layout::make(*bell, *bed);
    }
}

void make_arena_world(std::size_t objects, bool looks) {
    make_set_world(0, {0});
    numbers_of_ringer = nullptr;
    arena = new small_arena;
    efd::core::shared_slots& slots = arena->slots;
    auto* const first = std::launder(reinterpret_cast<context*>(arena->lines.data()));
    slots.first_slot = reinterpret_cast<std::uintptr_t>(first);
    slots.number = arena_objects + 1;
    slots.objects = arena_objects;
    slots.locals = arena->locals.data();
    slots.first_look_ns = slots.last_look_ns = looks ? 1 : 0;
    slots.sets = {.entries = &arena->entry,
                  .bitmaps = arena->words.data(),
                  .bells = arena->bells.data(),
                  .number = 1,
                  .bitmap_stride = 3,
                  .deaths = &arena->deaths,
                  .shape = efd::core::shape_for(64)};
    set_shared_object(first, [] { return &arena->slots; }, arena_objects + 1);
    for (efd::core::shared_local& local : arena->locals) local.part.refs.init();
    constexpr const char* names[] = {"A", "B"};
    for (std::size_t i = 0; i < objects; ++i) {
        fixture->objects[i] = first + i;
        name_place(first + i, names[i]);
    }
    name_place(first + arena_objects, "set's bed");
    name_place(&arena->words[0], "marks above");
    name_place(&arena->words[1], "marks 0..31");
    name_place(&arena->words[2], "marks 32..63");
    efd::core::set_claim claim{.slots = &slots, .set = 0, .tenant = efd::core::next_set_tenant(0, 0)};
    claim.look = reap_in_small_arena;
    arena->entry.tenant.store(claim.tenant, efd::base::release);
    auto* const bell = new context;
    context_layout::init(*bell, 0, 0);
    fixture->sets[0] = set_layout::make_of_arena(*bell, claim);
}

efd::base::atomic<std::uint32_t>& pipe_bytes() noexcept { return arena->pipe; }

void give_bell_to_set(bool by_owner) {
    name_place(&arena->pipe, "bytes in the pipe");
    set_layout::give_pipe(*fixture->sets[0], by_owner);
}

bool is_loud() { return arena->pipe.load(efd::base::acquire) != 0 || set_layout::bell(*fixture->sets[0]).count() > 0; }

void join_set(std::size_t set, std::size_t object) {
    (void)fixture->sets[set]->add(*fixture->objects[object], object, fixture->places[set][object]);
}
efd::core::set_cell cell_of_nobody(std::uint32_t number) {
    const efd::core::set_claim claim{
        .slots = &arena->slots, .set = 0, .tenant = arena->entry.tenant.load(efd::base::relaxed)};
    return claim.cell_for(number);
}
void stand_also(std::size_t object, std::uint32_t number) {
    context_layout::join_set(*fixture->objects[object], cell_of_nobody(number));
}
void fill_cell(std::size_t object, std::uint32_t number) {
    context_layout::fill_cell(*fixture->objects[object], cell_of_nobody(number));
}
void leave_set_up(std::size_t set, std::size_t object) {
    (void)fixture->sets[set]->remove(fixture->places[set][object]);
}
void skip_places(std::size_t set, unsigned up_to) { set_layout::skip(*fixture->sets[set], up_to); }
void watch_set(std::size_t set) { set_layout::watch(*fixture->sets[set]); }

void name_sets(std::initializer_list<int> places) {
    efd::core::reservation_layout::name();
    for (set_core* const set : fixture->sets) {
        if (set == nullptr) continue;
        set_layout::name(*set);
        arena_open(false); // the machine's own list
        the_machine().regions.push_back(set_layout::plain(*set));
        for (const int place : places) {
            auto* const member = reinterpret_cast<unsigned char*>(set_layout::place(*set, place));
            the_machine().regions.push_back({member, sizeof(efd::watch::member)});
            auto* const rest = reinterpret_cast<unsigned char*>(set_layout::rest(*set, place));
            the_machine().regions.push_back({rest, sizeof(efd::watch::member_rest)});
        }
        arena_open(true);
    }
}

void make_hall(const hall_plan& plan) {
    make_set_world(plan.sets, plan.counts, plan.flags);
    for (const auto& [set, object] : plan.joined) join_set(set, object);
    if (plan.watched) watch_set(0);
    plan.counts.size() == 1 ? name_sets({0}) : name_sets({0, 1});
}

void give(std::size_t object, std::uint64_t n) {
    must(fixture->objects[object]->write(n) == status::ok, "a plain write was refused");
    fixture->given[object] += n;
}

bool take(std::size_t object) {
    std::uint64_t value = 0;
    if (fixture->objects[object]->try_read(value) != status::ok) return false;
    account({object, value, 0, object});
    return true;
}

void read_from(std::size_t object) {
    const in_call now(sleeps_for::units, object);
    std::uint64_t value = 0;
    must(fixture->objects[object]->read(value) == status::ok, "a plain read came back without a unit");
    account({object, value, 0, object});
}

status any(std::size_t set, const wait_opts& opts) {
    const in_call now(sleeps_for::any, set, opts);
    set_event got{};
    const status result = fixture->sets[set]->wait_any(got, opts);
    if (result == status::ok) account(got);
    return result;
}

status try_any(std::size_t set) {
    const in_call now(sleeps_for::nothing, 0);
    set_event got{};
    if (fixture->sets[set]->surely_nothing()) return status::would_block;
    const status result = fixture->sets[set]->try_any(got);
    if (result == status::ok) account(got);
    return result;
}

status look(std::size_t set, const wait_opts& opts) {
    const in_call now(sleeps_for::any, set);
    std::array<set_event, most_objects> room{};
    std::size_t number = 0;
    const status result = fixture->sets[set]->wait_ready(room, number, opts);
    must((result == status::ok) == (number > 0), "a look that said ok and showed nothing");
    for (std::size_t i = 0; i < number; ++i)
        must((fixture->never_ready >> room[i].token & 1) == 0, "a look that showed a member which was never ready");
    return result;
}

status all(std::size_t set, const wait_opts& opts) {
    const in_call now(sleeps_for::all, set, opts);
    std::array<set_event, most_objects> room{};
    std::size_t number = 0;
    const status result = fixture->sets[set]->wait_all(room, number, opts);
    if (result != status::ok) return result;
    for (std::size_t i = 0; i < number; ++i) account(room[i]);
    for (std::size_t i = 0; i < number; ++i) fixture->last_all[room[i].token] = room[i].value;
    ++fixture->alls;
    return result;
}
status try_all(std::size_t set) { return all(set, {.blocking = efd::core::blocking::never}); }

void leave_set(std::size_t set, std::size_t object) {
    const in_call now(sleeps_for::nothing, 0);
    must(fixture->sets[set]->remove(fixture->places[set][object]) == status::ok, "a member could not be removed");
}
void enter_set(std::size_t set, std::size_t object) {
    const in_call now(sleeps_for::nothing, 0);
    int place = -1;
    must(fixture->sets[set]->add(*fixture->objects[object], object, place) == status::ok,
         "a member could not be added");
    fixture->places[set][object] = place;
}

std::string audit_sets() {
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (std::string wrong = forgotten_in_set(i); !wrong.empty()) return wrong;
    for (std::size_t i = 0; i < most_objects; ++i) {
        const context* const object = fixture->objects[i];
        if (object == nullptr) continue;
        if (efd::core::is_reserved(context_layout::newest_state(*object)))
            return "an object is reserved, and by no take";
        const std::uint64_t count = object->count();
        if (fixture->taken[i] + count != fixture->given[i])
            return "units are not conserved: object " + std::to_string(i) + ", given " +
                   std::to_string(fixture->given[i]) + ", taken " + std::to_string(fixture->taken[i]) + ", count " +
                   std::to_string(count);
        if (i == 0 && count < fixture->kept_after_leaving) return "taken through a set that the object had left";
    }
    for (set_core* const set : fixture->sets) {
        if (set == nullptr) continue;
        if (std::string wrong = set_layout::fault(*set); !wrong.empty()) return wrong;
    }
    return {};
}

} // namespace explore
