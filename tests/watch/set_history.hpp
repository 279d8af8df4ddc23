// tests/watch/set_history.hpp: recorded calls on a set and its objects, and whether some order of them explains all.
//
// Owns the rules and the search (Wing and Gong's, with the states seen remembered). A state is the counts of the
// objects and how far each thread is; a call may come next if no call that has not come yet had ended before it began.
// The rules are core/count.hpp's; a take from all takes from all at one point. Who says that nothing is ready may be
// wrong about an object that another thread is in the midst of changing, since its mark is on the way then (SET_MARK);
// about one that nobody touches meanwhile it may not.
#pragma once

#include <efd/detail/core/count.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace efd::tests {

inline constexpr std::size_t set_objects = 3;
using set_counts = std::array<std::uint64_t, set_objects>;

enum class set_call : unsigned char { write, read, count, any, all };

struct set_record {
    set_call what;
    std::size_t object = 0; // any: which it was taken from
    bool done = false;      // false: it said that nothing was there, or not from all
    std::uint64_t value = 0;
    set_counts values{}; // all: what was taken from each
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};
struct set_history {
    set_counts initial{};
    bool semaphores = false;
    std::vector<std::vector<set_record>> threads;
};

inline bool touches(const set_record& call, std::size_t object) {
    if (call.what == set_call::count) return false;
    return call.what == set_call::any || call.what == set_call::all || call.object == object;
}

class set_search {
  public:
    explicit set_search(const set_history& history) : history_(history) {}

    [[nodiscard]] bool explains() {
        return go({std::vector<std::size_t>(history_.threads.size(), 0), history_.initial});
    }
    [[nodiscard]] std::size_t states() const { return seen_.size(); }

  private:
    using state = std::pair<std::vector<std::size_t>, set_counts>;

    [[nodiscard]] bool go(const state& at) {
        if (!seen_.insert(at).second) return false;
        bool complete = true;
        for (std::size_t t = 0; t < history_.threads.size(); ++t) {
            if (at.first[t] == history_.threads[t].size()) continue;
            complete = false;
            const set_record& call = history_.threads[t][at.first[t]];
            set_counts counts = at.second;
            if (!may_be_next(at, call) || !allows(t, call, counts)) continue;
            state after{at.first, counts};
            ++after.first[t];
            if (go(after)) return true;
        }
        return complete;
    }
    [[nodiscard]] bool may_be_next(const state& at, const set_record& call) const {
        for (std::size_t t = 0; t < history_.threads.size(); ++t)
            if (at.first[t] < history_.threads[t].size() && history_.threads[t][at.first[t]].end < call.begin)
                return false;
        return true;
    }
    // Whether the call could have come to what it said at these counts; then they are what it leaves.
    [[nodiscard]] bool allows(std::size_t thread, const set_record& call, set_counts& counts) const {
        switch (call.what) {
        case set_call::write: counts[call.object] += call.value; return true;
        case set_call::count: return counts[call.object] == call.value;
        case set_call::read: return call.done ? takes(counts, call.object, call.value) : counts[call.object] == 0;
        case set_call::any: return call.done ? takes(counts, call.object, call.value) : nothing(thread, call, counts);
        case set_call::all:
            if (!call.done) return std::find(counts.begin(), counts.end(), 0U) != counts.end();
            for (std::size_t i = 0; i < set_objects; ++i)
                if (!takes(counts, i, call.values[i])) return false;
            return true;
        }
        return false;
    }
    [[nodiscard]] bool takes(set_counts& counts, std::size_t object, std::uint64_t value) const {
        if (value == 0 || value != core::take_from(counts[object], history_.semaphores)) return false;
        counts[object] -= value;
        return true;
    }
    [[nodiscard]] bool nothing(std::size_t thread, const set_record& call, const set_counts& counts) const {
        for (std::size_t i = 0; i < set_objects; ++i)
            if (counts[i] != 0 && !in_the_midst(thread, call, i)) return false;
        return true;
    }
    [[nodiscard]] bool in_the_midst(std::size_t thread, const set_record& call, std::size_t object) const {
        for (std::size_t t = 0; t < history_.threads.size(); ++t)
            for (const set_record& other : history_.threads[t])
                if (t != thread && touches(other, object) && other.begin < call.end && call.begin < other.end)
                    return true;
        return false;
    }

    const set_history& history_;
    std::set<state> seen_;
};

inline bool explained(const set_history& history) { return set_search(history).explains(); }

inline std::string told(const set_history& history) {
    constexpr const char* names[] = {"write", "read", "count", "any", "all"};
    std::string text = "at first";
    for (const std::uint64_t count : history.initial) text += " " + std::to_string(count);
    for (std::size_t t = 0; t < history.threads.size(); ++t)
        for (const set_record& c : history.threads[t]) {
            text += "\n  thread " + std::to_string(t) + " [" + std::to_string(c.begin) + ", " + std::to_string(c.end) +
                    "] " + names[static_cast<int>(c.what)] + " of " + std::to_string(c.object) + ": ";
            if (!c.done)
                text += "nothing";
            else if (c.what != set_call::all)
                text += std::to_string(c.value);
            else
                for (const std::uint64_t value : c.values) text += std::to_string(value) + " ";
        }
    return text;
}

} // namespace efd::tests
