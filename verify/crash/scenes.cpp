// SPDX-License-Identifier: MIT
// scenes.cpp: the operations at whose every point a victim is killed.
#include "crash/scene.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::crash {
namespace {

void nothing(world& /*unused*/) {}

void signal_one(world& all) { all.object->signal(); }
void write_three(world& all) { (void)all.object->write(3); }
void write_huge(world& all) { (void)all.object->write(huge); }
void seal_it(world& all) {
    std::uint64_t value = 0;
    (void)all.object->write(eventfd::max());
    (void)all.object->read(value);
}
void seal_with_units(world& all) {
    seal_it(all);
    (void)all.object->write(7);
}
void read_all(world& all) {
    std::uint64_t value = 0;
    (void)all.object->read(value);
}
void read_two(world& all) {
    std::uint64_t value = 0;
    (void)all.object->read_some(value, 2);
}
void read_with_looks(world& all) {
    std::uint64_t value = 0;
    (void)all.object->read_for(value, std::chrono::milliseconds(15));
}

void make_unnamed(world& all) { all.of_victim.push_back(all.shared->make(2)); }
void make_named(world& all) { all.of_victim.push_back(all.shared->make(object_name, 2)); }
void have_named(world& all) { all.held.push_back(all.shared->make(object_name, 2)); }
void have_unheld_named(world& all) { (void)all.shared->make(object_name, 2); }
void have_other(world& all) {
    all.held.push_back(all.shared->make(2));
    all.other_id = all.shared->id(all.held.back());
}
void let_all_go(world& all) {
    std::vector<eventfd> gone(std::move(all.held)); // inherited
}
void find_named(world& all) { all.of_victim.push_back(std::move(all.shared->find(object_name).object)); }
void find_id(world& all) { all.of_victim.push_back(std::move(all.shared->at(all.other_id).object)); }
void remove_named(world& all) { (void)all.shared->remove(object_name); }
void drop(world& all) { all.of_victim.pop_back(); }

void attach(world& all) { all.arenas.push_back(arena::attach(all.descriptor)); }
void open_named(world& all) { all.arenas.push_back(arena::open(arena_name)); }
void create_named(world& all) { all.arenas.push_back(arena::create(new_arena_name, {.slots = slots})); }
void leave(world& all) { all.arenas.pop_back(); }
void list_all(world& all) { (void)all.shared->list(); }

// One that ends without a word, and holds an object. Not before the parent's fork has returned, which would bury it.
void have_a_dead_holder(world& all) {
    int line[2];
    if (::pipe(line) != 0) return;
    const pid_t child = ::fork();
    if (child == 0) {
        char go = 0;
        all.of_victim.push_back(all.shared->make(9));
        ::_exit(::read(line[0], &go, 1) == 1 ? 0 : 1);
    }
    (void)!::write(line[1], "x", 1);
    (void)::waitpid(child, nullptr, 0);
    for (const int one : line) ::close(one);
}
// It was the only one that signalled an object, for which the survivor and the victim wait.
void have_a_dead_signaller(world& all) {
    int line[2];
    std::uint64_t id = 0;
    if (::pipe(line) != 0) return;
    const pid_t child = ::fork();
    if (child == 0) {
        all.of_victim.push_back(all.shared->make());
        id = all.shared->id(all.of_victim.back());
        if (::write(line[1], &id, sizeof id) == sizeof id) (void)::pause(); // until it is killed
        ::_exit(1);
    }
    if (::read(line[0], &id, sizeof id) == sizeof id)
        all.held.push_back(std::move(all.shared->at(id, arena_role::waits).object));
    for (const int one : line) ::close(one);
    if (child > 1) ::kill(child, SIGKILL);
    (void)::waitpid(child, nullptr, 0);
    all.hears_of_death = true;
}
void read_orphan(world& all) {
    std::uint64_t value = 0;
    (void)all.held.back().read(value, {.deadline = std::chrono::steady_clock::now() + long_time, .owner_death = true});
}
void reap(world& all) { (void)all.shared->reap(); }

void make_set(world& all) { all.sets.push_back(all.shared->make_set()); }
void end_set(world& all) { all.sets.pop_back(); }
void join_set(world& all) { all.place = all.sets.back().add(*all.object, 1); }
void have_joined(world& all) {
    make_set(all);
    join_set(all);
}
void have_a_loop(world& all) {
    have_joined(all);
    (void)all.sets.back().fd();
}
void open_descriptor(world& all) { (void)all.sets.back().fd(); }
void try_in_set(world& all) {
    set_event got{};
    (void)all.sets.back().try_any(got);
}
void leave_set(world& all) { (void)all.sets.back().remove(all.place); }
void wait_in_set(world& all) {
    set_event got{};
    (void)all.sets.back().wait_any(got);
}
void wait_in_set_with_looks(world& all) {
    set_event got{};
    (void)all.sets.back().wait_any_for(got, std::chrono::milliseconds(15));
}

void fork_one(world& /*unused*/) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    (void)::waitpid(child, nullptr, 0);
}

void fork_and_return_in_child(world& /*unused*/) {
    const pid_t child = ::fork();
    if (child == 0) return;
    (void)::waitpid(child, nullptr, 0);
    ::_exit(0);
}

scene on_count(const char* name, std::uint64_t units, std::uint64_t adds, std::uint64_t takes,
               void (*stepped)(world&)) {
    return {name, units, adds, takes, false, adds != 0, false, false, false, nothing, nothing, stepped};
}
scene on_slots(const char* name, void (*prepare)(world&), void (*before)(world&), void (*stepped)(world&)) {
    return {name, 5, 0, 0, false, false, false, false, false, prepare, before, stepped};
}
scene on_processes(const char* name, void (*prepare)(world&), void (*before)(world&), void (*stepped)(world&)) {
    return {name, 5, 0, 0, false, false, false, true, false, prepare, before, stepped};
}

void add_set_scenes(std::vector<scene>& all) {
    scene one = on_count("set wait", 7, 0, 7, wait_in_set);
    one.before = have_joined;
    all.push_back(one);
    one = on_count("set wait that sleeps", 0, 0, gift, wait_in_set);
    one.before = have_joined;
    one.sleeps = one.beside_sleeper = true;
    all.push_back(one);
    one = on_count("timed set wait that looks", 0, 0, 0, wait_in_set_with_looks);
    one.before = have_joined;
    one.beside_sleeper = true;
    all.push_back(one);
    one = on_count("set join", 5, 0, 0, join_set);
    one.before = make_set;
    all.push_back(one);
    one.name = "set join, no units";
    one.units = 0;
    one.beside_sleeper = true;
    all.push_back(one);
    one = on_count("set leave", 0, 0, 0, leave_set);
    one.before = have_joined;
    one.beside_sleeper = true;
    all.push_back(one);
    one = on_count("set try that silences", 0, 0, 0, try_in_set);
    one.before = have_a_loop;
    one.beside_sleeper = true;
    all.push_back(one);
    all.push_back(on_slots("set fd", nothing, have_joined, open_descriptor));
    all.push_back(on_slots("end of a set with fd", nothing, have_a_loop, end_set));
    all.push_back(on_slots("make set", nothing, nothing, make_set));
    all.push_back(on_slots("set end", nothing, have_joined, end_set));
}

std::vector<scene> all_scenes() {
    std::vector<scene> all{
        on_count("signal", 0, 1, 0, signal_one),
        on_count("write", 0, 3, 0, write_three),
        on_count("write of a huge count", 0, huge, 0, write_huge),
        on_count("read", 7, 0, 7, read_all),
        on_count("read of some", 7, 0, 2, read_two),
    };
    scene one = on_count("signal, huge count", 0, 1, 0, signal_one);
    one.prepare = seal_it;
    all.push_back(one);
    one = on_count("read, huge count", 7, 0, 7, read_all);
    one.prepare = seal_with_units;
    one.prepare_makes_units = true;
    all.push_back(one);
    one = on_count("read, semaphore", 7, 0, 1, read_all);
    one.is_semaphore = true;
    all.push_back(one);
    one = on_count("read that sleeps", 0, 0, gift, read_all);
    one.sleeps = one.beside_sleeper = true;
    all.push_back(one);
    one = on_count("timed read that looks", 0, 0, 0, read_with_looks);
    one.beside_sleeper = true;
    all.push_back(one);
    add_set_scenes(all);
    all.insert(all.end(), {
                              on_slots("make", nothing, nothing, make_unnamed),
                              on_slots("make by name", nothing, nothing, make_named),
                              on_slots("find by name", have_named, let_all_go, find_named),
                              on_slots("find by name, unheld", have_unheld_named, nothing, find_named),
                              on_slots("at", have_other, let_all_go, find_id),
                              on_slots("remove", have_named, nothing, remove_named),
                              on_slots("remove, unheld", have_unheld_named, nothing, remove_named),
                              on_slots("list", have_named, nothing, list_all),
                              on_slots("drop", nothing, make_unnamed, drop),
                              on_processes("attach", nothing, nothing, attach),
                              on_processes("leave", nothing, attach, leave),
                              on_processes("open by name", nothing, nothing, open_named),
                              on_processes("leave a name", nothing, open_named, leave),
                              on_processes("create by name", nothing, nothing, create_named),
                              on_processes("leave a name of its own", nothing, create_named, leave),
                              on_processes("reap", have_a_dead_holder, nothing, reap),
                              on_processes("fork", nothing, nothing, fork_one),
                          });
    all.push_back(on_processes("read of an orphan", have_a_dead_signaller, nothing, read_orphan));
    one = on_processes("fork, in the child", nothing, make_unnamed, fork_and_return_in_child);
    one.steps_child = true;
    all.push_back(one);
    return all;
}

} // namespace

const std::vector<scene> scenes = all_scenes();

} // namespace efd::crash
