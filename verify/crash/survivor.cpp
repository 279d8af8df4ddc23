// SPDX-License-Identifier: MIT
// survivor.cpp: see survivor.hpp.
#include "crash/survivor.hpp"

#include "common/task.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::crash {
namespace {

constexpr auto patience = std::chrono::seconds(20);
constexpr auto bound = std::chrono::milliseconds(2000); // for a look that is due after 20 ms, on a busy machine

std::string text_of(std::uint64_t number) { return std::to_string(number); }

struct order {
    std::uint64_t id;
    beside how;
};

std::uint64_t value_of_set(const arena& shared, const eventfd& object) {
    const wait_set set = shared.make_set();
    set.add(object, 1);
    set_event got{};
    return set.wait_any(got) == std::errc{} && got.token == 1 ? got.value : UINT64_MAX;
}

std::uint64_t value_of_loop(const arena& shared, const eventfd& object) {
    const wait_set set = shared.make_set();
    set.add(object, 1);
    pollfd asked{set.fd(), POLLIN, 0};
    set_event got{};
    while (set.try_any(got) != std::errc{})
        if (::poll(&asked, 1, -1) < 0) return UINT64_MAX;
    return got.value;
}

} // namespace

// ---- The sleeper.

sleeper::sleeper(world& all) {
    if (::pipe2(orders_, O_CLOEXEC) != 0 || ::pipe2(answers_, O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(orders_[1]); // the end of orders is the end of it
    order given{};
    while (::read(orders_[0], &given, sizeof given) == sizeof given) {
        std::uint64_t value = UINT64_MAX;
        const arena_lookup found = all.shared->at(given.id);
        if (found && given.how == beside::set)
            value = value_of_set(*all.shared, found.object);
        else if (found && given.how == beside::loop)
            value = value_of_loop(*all.shared, found.object);
        else if (found)
            (void)found.object.read(value);
        if (::write(answers_[1], &value, sizeof value) != sizeof value) break;
    }
    ::_exit(0);
}

sleeper::~sleeper() {
    for (const int one : {orders_[0], orders_[1], answers_[0], answers_[1]}) ::close(one);
    if (pid_ <= 1) return;
    ::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
}

bool sleeper::go_to_sleep(std::uint64_t id, beside how) {
    const order given{id, how};
    if (::write(orders_[1], &given, sizeof given) != sizeof given) return false;
    const auto until = clock::now() + patience;
    while (how == beside::loop ? !common::is_asleep_in_poll(pid_, pid_) : !common::is_asleep_in_futex(pid_, pid_)) {
        if (clock::now() > until) return false;
        ::sched_yield();
    }
    return true;
}

bool sleeper::answer(std::uint64_t& value, std::chrono::milliseconds within) {
    pollfd asked{answers_[0], POLLIN, 0};
    return ::poll(&asked, 1, static_cast<int>(within.count())) == 1 &&
           ::read(answers_[0], &value, sizeof value) == sizeof value;
}

// ---- The world.

survivor::survivor() {
    directory_ = std::filesystem::temp_directory_path() / "efd-crash-XXXXXX";
    if (::mkdtemp(directory_.data()) == nullptr) std::abort();
    ::setenv("XDG_RUNTIME_DIR", directory_.c_str(), 1);
    all_.shared = arena::create(
        arena_name,
        {.slots = slots, .processes = processes, .first_look = first_look, .last_look = last_look, .sets = sets});
    all_.descriptor = all_.shared->fd();
}

survivor::~survivor() {
    sleeper_.reset();
    all_.object.reset();
    all_.shared.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

bool survivor::begin(const scene& what, beside whom) {
    given_ = 0;
    const bool is_prepared_with_units = what.prepare_makes_units;
    all_.object =
        all_.shared->make(is_prepared_with_units ? 0 : what.units, what.is_semaphore ? flags::semaphore : flags::none);
    all_.id = all_.shared->id(*all_.object);
    what.prepare(all_);
    return whom == beside::nobody || sleeper_->go_to_sleep(all_.id, whom);
}

void survivor::give() {
    (void)all_.object->write(gift);
    ++given_;
}

// ---- What a victim has left.

std::string survivor::look(const scene& what, beside whom) {
    std::string wrong = look_at_units(what, whom);
    if (wrong.empty() && all_.hears_of_death) wrong = look_at_death();
    if (wrong.empty()) wrong = look_at_names();
    if (wrong.empty()) wrong = look_at_slots();
    if (wrong.empty()) wrong = look_at_sets();
    if (wrong.empty() && what.changes_processes) wrong = look_at_processes();
    if (wrong.empty() && what.changes_processes) wrong = look_at_new_name();
    all_.held.clear();
    all_.hears_of_death = false;
    all_.object.reset();
    return wrong;
}

// A sleeper beside a unit comes back by itself. Where there is none, it is given one.
std::string survivor::look_at_units(const scene& what, beside whom) {
    std::uint64_t units = what.units + static_cast<std::uint64_t>(given_) * gift;
    std::uint64_t total = 0;
    if (whom != beside::nobody) {
        const auto killed = clock::now();
        const bool is_beside_a_unit = all_.object->count() > 0;
        if (!is_beside_a_unit || whom == beside::loop) { // which is told by the next signal
            (void)all_.object->write(1);
            ++units;
        }
        if (!sleeper_->answer(total, bound)) {
            (void)all_.object->write(1);
            (void)sleeper_->answer(total, bound);
            return "a sleeper sleeps on beside a unit";
        }
        if (is_beside_a_unit && whom != beside::loop)
            worst_ms_ = std::max(worst_ms_, std::chrono::duration<double, std::milli>(clock::now() - killed).count());
    }
    total += all_.object->count();
    bool is_right = total == units || total == units + what.adds || total == units - what.takes;
    for (int times = 2; times <= given_; ++times)
        is_right = is_right || total == units - static_cast<std::uint64_t>(times) * gift;
    if (!is_right) return "units: " + text_of(total) + " and not " + text_of(units);
    std::uint64_t value = 0;
    const std::uint64_t before = all_.object->count();
    all_.object->signal();
    if (all_.object->write(2) != std::errc{} || all_.object->count() != before + 3) return "an add does not add";
    if (all_.object->try_read(value) != std::errc{} || value != (what.is_semaphore ? 1 : before + 3))
        return "a read does not take what is there";
    if (all_.object->read_for(value, std::chrono::microseconds(1)) !=
        (what.is_semaphore ? std::errc{} : std::errc::timed_out))
        return "a timed read ends in another way";
    return {};
}

// Once for the death, whether the victim has heard of it or not.
std::string survivor::look_at_death() {
    const eventfd& orphan = all_.held.back();
    std::uint64_t value = 0;
    const auto reads = [&](clock::duration within) {
        return orphan.read(value, {.deadline = clock::now() + within, .owner_death = true});
    };
    if (reads(long_time) != std::errc::owner_dead) return "a waiter does not hear of a death";
    return reads(first_look) == std::errc::timed_out ? "" : "a waiter hears of a death twice";
}

// What find says, list says. Then the name is there for another object.
std::string survivor::look_at_names() {
    const arena& shared = *all_.shared;
    {
        const arena_lookup found = shared.find(object_name);
        const auto listed = shared.list();
        const bool is_listed = !listed.empty();
        if (listed.size() > 1 || (is_listed && listed[0].name != object_name)) return "the list has a name half there";
        if (static_cast<bool>(found) != is_listed) return "find and list do not agree";
        if (!found && found.error != std::errc::no_such_file_or_directory) return "find ends in another way";
        const bool is_removed = shared.remove(object_name) == std::errc{};
        if (is_removed != is_listed) return "what find finds is not removed";
    }
    (void)shared.reap();
    const eventfd fresh = shared.make(object_name, 11);
    const arena_lookup again = shared.find(object_name);
    if (!again || again.object.count() != 11 || shared.id(again.object) != shared.id(fresh))
        return "a new name does not mean the new object";
    if (!shared.at(shared.id(fresh))) return "an id does not mean its object";
    return shared.remove(object_name) == std::errc{} ? "" : "a name is not removed";
}

// After reap() every slot is to be had but those that are held.
std::string survivor::look_at_slots() {
    const std::size_t wanted = slots - 1 - all_.held.size();
    std::vector<eventfd> made;
    try {
        while (made.size() <= slots) made.push_back(all_.shared->make(3));
    } catch (const std::system_error& full) {
        if (full.code() != std::errc::no_space_on_device) return full.what();
    }
    const bool is_new = std::all_of(made.begin(), made.end(), [](const eventfd& one) { return one.count() == 3; });
    if (!is_new) return "a new object does not begin anew";
    return made.size() == wanted ? "" : text_of(made.size()) + " slots are free and not " + text_of(wanted);
}

// After reap() every set is to be had, and the object stands in none: it joins as many as it can, and each hears of it.
std::string survivor::look_at_sets() {
    const eventfd& object = *all_.object;
    std::uint64_t value = 0;
    while (object.try_read(value) == std::errc{}) {
    }
    std::vector<wait_set> made;
    try {
        while (made.size() <= sets) made.push_back(all_.shared->make_set());
    } catch (const std::system_error& full) {
        if (full.code() != std::errc::no_space_on_device) return full.what();
    }
    if (made.size() != sets) return text_of(made.size()) + " sets are free and not " + text_of(sets);
    try {
        for (std::uint32_t i = 0; i < sets_of_an_object; ++i) made[i].add(object, i);
    } catch (const std::system_error& refused) {
        return std::string("the object joins no more sets: ") + refused.what();
    }
    set_event got{};
    for (std::uint32_t i = 0; i < sets_of_an_object; ++i) {
        object.signal();
        if (made[i].try_any(got) != std::errc{} || got.token != i) return "a set does not hear of its member";
    }
    return {};
}

std::string survivor::look_at_processes() {
    constexpr std::size_t living = 2;
    std::vector<arena> others;
    try {
        while (others.size() <= processes) others.push_back(arena::attach(all_.descriptor));
    } catch (const std::system_error& full) {
        if (others.size() != processes - living) return text_of(others.size()) + " indexes are free: " + full.what();
    }
    return others.size() == processes - living ? "" : text_of(others.size()) + " indexes are free";
}

std::string survivor::look_at_new_name() {
    try {
        const arena again = arena::open(arena_name);
        const arena anew = arena::create(new_arena_name, {.slots = slots});
        if (anew.make(1).count() != 1) return "an arena made anew has other units";
    } catch (const std::system_error& refused) {
        return std::string("names of arenas: ") + refused.what();
    }
    const std::filesystem::path file =
        std::filesystem::path(directory_) / "efd" / (std::string(new_arena_name) + ".arena");
    return std::filesystem::exists(file) ? "the file of a name stays" : "";
}

std::string survivor::belongings() {
    const std::filesystem::directory_iterator descriptors("/proc/self/fd");
    const auto number = std::distance(std::filesystem::begin(descriptors), std::filesystem::end(descriptors));
    std::ifstream maps("/proc/self/maps");
    int shared = 0;
    for (std::string line; std::getline(maps, line);)
        if (line.find("memfd") != std::string::npos) ++shared;
    return std::to_string(number) + " descriptors, " + std::to_string(shared) + " mappings of arenas";
}

} // namespace efd::crash
