// SPDX-License-Identifier: MIT
// verify/linearize/checker.cpp: the search; see checker.hpp.
//
// Owns the states seen (an open table) and those to be looked at (a stack). For a history without an order every state
// that can be reached has been seen at the end, which is what lets `blame` say where it goes wrong: no state got past
// the moment when the blamed call had ended.
#include "linearize/checker.hpp"

#include "linearize/spec.hpp"

#include <algorithm>
#include <bit>

namespace efd::linearize {
namespace {

class seen_states {
  public:
    seen_states() : table_(1U << 12) {}

    // False if it was there.
    bool insert(const state& s) {
        if (size_ * 2 >= table_.size()) grow();
        if (!put(table_, s)) return false;
        ++size_;
        return true;
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    template <class F>
    void each(F f) const {
        for (const state& s : table_)
            if (s != state{}) f(s);
    }

  private:
    static bool put(std::vector<state>& table, const state& s) {
        const std::uint64_t mixed = (s.cursors ^ std::rotl(s.count, 29)) * 0x9E37'79B9'7F4A'7C15;
        for (std::size_t at = (mixed ^ mixed >> 32) & (table.size() - 1);; at = (at + 1) & (table.size() - 1)) {
            if (table[at] == s) return false;
            if (table[at] == state{}) {
                table[at] = s;
                return true;
            }
        }
    }
    void grow() {
        std::vector<state> larger(table_.size() * 4);
        each([&](const state& s) { put(larger, s); });
        table_ = std::move(larger);
    }

    std::vector<state> table_;
    std::size_t size_ = 0;
};

class search {
  public:
    search(const history& h, std::size_t most_states) : history_(h), most_states_(most_states) {}

    finding run() {
        finding result;
        const state start{0, history_.initial};
        seen_.insert(start);
        stack_.push_back(start);
        result.is = verdict::impossible;
        while (!stack_.empty()) {
            const state s = stack_.back();
            stack_.pop_back();
            ++result.states;
            if (complete(s)) {
                result.is = verdict::linearizable;
                return result;
            }
            if (seen_.size() > most_states_) {
                result.is = verdict::undecided;
                return result;
            }
            expand(s);
        }
        blame(result);
        return result;
    }

  private:
    [[nodiscard]] const call* pending(const state& s, std::size_t thread) const {
        const auto& calls = history_.threads[thread];
        const std::size_t at = s.cursor(thread);
        return at < calls.size() ? &calls[at] : nullptr;
    }
    [[nodiscard]] bool complete(const state& s) const {
        for (std::size_t t = 0; t < history_.threads.size(); ++t)
            if (pending(s, t) != nullptr) return false;
        return true;
    }
    // When the first of the calls to come had ended: whatever began later cannot come next.
    [[nodiscard]] std::int64_t first_end(const state& s) const {
        std::int64_t first = INT64_MAX;
        for (std::size_t t = 0; t < history_.threads.size(); ++t)
            if (const call* const c = pending(s, t)) first = std::min(first, c->until);
        return first;
    }

    void expand(const state& s) {
        const std::int64_t horizon = first_end(s);
        struct step {
            std::int64_t until;
            state to;
        };
        std::array<step, most_threads> steps{};
        std::size_t found = 0;
        for (std::size_t t = 0; t < history_.threads.size(); ++t) {
            const call* const c = pending(s, t);
            if (c == nullptr || c->from > horizon || !answerable(*c, history_.nonblock)) continue;
            const auto then = after(*c, s.count, history_.semaphore);
            if (!then) continue;
            steps[found++] = {c->until, s.stepped(t, *then)};
            if (*then == s.count && c->what != act::signal) { // changes nothing wherever it fits: it alone
                steps[0] = steps[found - 1];
                found = 1;
                break;
            }
        }
        // The one that ended first is looked at first: it is on top of the stack.
        for (std::size_t i = 1; i < found; ++i)
            for (std::size_t at = i; at > 0 && steps[at - 1].until < steps[at].until; --at)
                std::swap(steps[at - 1], steps[at]);
        for (std::size_t i = 0; i < found; ++i)
            if (seen_.insert(steps[i].to)) stack_.push_back(steps[i].to);
    }

    [[nodiscard]] std::size_t level(const state& s) const {
        std::size_t all = 0;
        for (std::size_t t = 0; t < history_.threads.size(); ++t) all += s.cursor(t);
        return all;
    }

    void blame(finding& result) const {
        state furthest;
        std::int64_t reached = INT64_MIN;
        std::vector<std::pair<std::uint32_t, state>> levels(history_.calls() + 1);
        seen_.each([&](const state& s) {
            auto& [number, last] = levels[level(s)];
            ++number;
            last = s;
            if (first_end(s) > reached) {
                reached = first_end(s);
                furthest = s;
            }
        });
        for (std::size_t t = 0; t < history_.threads.size(); ++t)
            if (const call* const c = pending(furthest, t); c != nullptr && c->until == reached) {
                result.thread = t;
                result.index = furthest.cursor(t);
            }
        for (std::size_t at = level(furthest) + 1; at-- > 0;)
            if (levels[at].first == 1) {
                result.sure = levels[at].second;
                break;
            }
        seen_.each([&](const state& s) {
            if (first_end(s) == reached) result.counts.push_back(s.count);
        });
        std::sort(result.counts.begin(), result.counts.end());
        result.counts.erase(std::unique(result.counts.begin(), result.counts.end()), result.counts.end());
    }

    const history& history_;
    std::size_t most_states_;
    seen_states seen_;
    std::vector<state> stack_;
};

} // namespace

finding check(const history& h, std::size_t most_states) {
    bool fits = h.threads.size() <= most_threads;
    for (const auto& thread : h.threads) fits = fits && thread.size() <= most_calls;
    return fits ? search(h, most_states).run() : finding{};
}

} // namespace efd::linearize
