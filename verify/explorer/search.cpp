// SPDX-License-Identifier: MIT
// The search: see search.hpp.
#include "explorer/search.hpp"

#include "explorer/hash.hpp"
#include "explorer/snapshot.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace explore {
namespace {

constexpr std::size_t deepest_path = 3000;

struct frame {
    std::vector<choice> choices;
    std::size_t next = 0;
    std::size_t snapshot_at = 0;
    bool saved = false;
    bool in_table = false;
    hash128 hash;
};

std::vector<choice> path;
const scenario* current = nullptr;

class search {
  public:
    search(const scenario& what, std::uint64_t most_states, double most_seconds)
        : what_(what), most_states_(most_states), most_seconds_(most_seconds) {}

    result run();

  private:
    bool begin(); // false: the places have changed, begin anew
    void walk();
    void enter();
    bool known_or_failed();
    void leave();
    void go_on(frame& from);

    const scenario& what_;
    [[nodiscard]] bool is_too_large() const noexcept {
        if (found_.states > most_states_) return true;
        if (most_seconds_ <= 0 || found_.states % 4096 != 0) return false;
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count() > most_seconds_;
    }

    std::uint64_t most_states_;
    double most_seconds_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::vector<frame> frames_; // kept beyond depth_, so that their memory serves again
    std::size_t depth_ = 0;
    snapshots saved_;
    visited_table seen_;
    result found_;
};

bool search::begin() {
    machine& m = the_machine();
    prepare(what_);
    seen_.clear();
    saved_.clear();
    depth_ = 0;
    path.clear();
    found_ = result{};
    start(what_);
    return !m.wants_restart();
}

// The present state is new to the path: look whether it is known, what may happen, whether all is as promised.
void search::enter() {
    machine& m = the_machine();
    if (frames_.size() == depth_) frames_.emplace_back();
    frame& f = frames_[depth_];
    f.next = 0;
    f.saved = false;
    f.in_table = false;
    if (m.now.locked < 0) {
        m.trim();
        f.hash = hash_of_state(what_);
        switch (seen_.insert(f.hash)) {
        case visited_table::known: return;
        case visited_table::on_path: return m.fail("a schedule that comes back to an earlier state: a livelock");
        case visited_table::added: break;
        }
        f.in_table = true;
        ++found_.states;
    }
    ++depth_;
    bool quiet = false;
    m.list_choices(f.choices, quiet);
    if (quiet) {
        ++found_.ends;
        if (const std::string wrong = what_.check(); !wrong.empty()) return m.fail(wrong);
    }
    if (f.choices.size() > 1) {
        f.snapshot_at = saved_.save();
        f.saved = true;
    }
    found_.deepest = std::max(found_.deepest, depth_);
    if (depth_ > deepest_path) m.fail("a schedule longer than the bound: a livelock");
}

void search::leave() {
    frame& f = frames_[--depth_];
    if (f.saved) saved_.drop(f.snapshot_at);
    if (f.in_table) seen_.off_path(f.hash);
    if (!path.empty()) path.pop_back();
}

void search::go_on(frame& from) {
    const choice chosen = from.choices[from.next++];
    if (from.next > 1) saved_.restore(from.snapshot_at);
    path.push_back(chosen);
    the_machine().apply(chosen);
}

void search::walk() {
    machine& m = the_machine();
    enter();
    while (depth_ > 0 && !m.failed()) {
        frame& f = frames_[depth_ - 1];
        if (f.next == f.choices.size()) {
            leave();
            continue;
        }
        go_on(f);
        if (m.wants_restart()) return;
        if (m.failed()) break;
        const std::size_t before = depth_;
        enter();
        if (depth_ == before && !m.failed()) path.pop_back(); // known already
        if (is_too_large()) {
            found_.end = verdict::too_large;
            return;
        }
    }
}

result search::run() {
    machine& m = the_machine();
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t steps_before = m.steps;
    m.forget_places();
    current = &what_;
    do {
        if (!begin()) continue;
        if (!m.failed()) walk();
    } while (m.wants_restart());
    if (m.failed()) {
        found_.end = verdict::fails;
        found_.why = m.failure();
        found_.path = path;
    }
    found_.steps = m.steps - steps_before;
    found_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    m.finish();
    return found_;
}

} // namespace

scenario::scenario(const char* called, const char* says, void (*begin)(), std::string (*end)(),
                   std::vector<thread_plan> plans, const budgets& may)
    : name(called), what(says), set_up(begin), check(end), threads(std::move(plans)), allowed(may) {
    for (thread_plan& one : threads) {
        if (one.is == trait::apart) continue;
        const auto first = std::find_if(threads.begin(), threads.end(), [&one](const thread_plan& other) {
            return other.body == one.body && other.is == one.is;
        });
        one.kind = static_cast<char>('a' + (first - threads.begin()));
    }
}

scenario scenario::large() const {
    scenario changed = *this;
    changed.full = true;
    return changed;
}

scenario scenario::counting_calls() const {
    scenario changed = *this;
    changed.counts_calls = true;
    return changed;
}

std::vector<scenario> joined(const std::vector<std::vector<scenario>>& groups) {
    std::vector<scenario> all;
    for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
    return all;
}

const std::vector<choice>& path_now() noexcept { return path; }
const scenario* scenario_now() noexcept { return current; }

result explore_all(const scenario& what, std::uint64_t most_states, double most_seconds) {
    return search(what, most_states, most_seconds).run();
}

} // namespace explore
