// SPDX-License-Identifier: MIT
// verify/linearize/run_histories.cpp: see run_histories.hpp.
//
// One loop serves every subject: draw a plan, record, check, count. The broken kinds stop at the first rejected
// history; for the library a rejected history is a failure, and is explained.
#include "linearize/run_histories.hpp"

#include "linearize/checker.hpp"
#include "linearize/recorder.hpp"

#include "common/library_eventfd.hpp"

#include <efd/arena.hpp>

#include <cstdio>
#include <sched.h>

namespace efd::linearize {
namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t mutate_every = 4;

// An object of one arena that all histories share. A worker that has ended holds nothing any more.
class arena_eventfd : public common::cpp_eventfd {
  public:
    static constexpr bool in_shared_memory = true;

    arena_eventfd(std::uint64_t initval, unsigned flags)
        : cpp_eventfd(all().make(initval, static_cast<efd::flags>(flags))) {}

  private:
    static const arena& all() {
        static const arena one({.slots = 64, .processes = 64});
        return one;
    }
};

class broken_arena_eventfd : public arena_eventfd {
  public:
    broken_arena_eventfd(std::uint64_t initval, unsigned flags, broken_between kind)
        : arena_eventfd(initval, flags), kind_(kind), takes_all_((flags & EFD_SEMAPHORE) == 0) {}

    int read(std::uint64_t& value, const common::waits& how) {
        if (kind_ != broken_between::takes_what_it_saw || !takes_all_) return arena_eventfd::read(value, how);
        const std::uint64_t before = count();
        ::sched_yield();
        const int error = arena_eventfd::read(value, how);
        if (error == 0 && before > 0) value = before;
        return error;
    }
    int write(std::uint64_t value, const common::waits& how) {
        if (kind_ != broken_between::writes_in_two_steps || value < 2 || value > core::ceiling - 1)
            return arena_eventfd::write(value, how);
        const int error = arena_eventfd::write(1, how);
        ::sched_yield();
        return error != 0 ? error : arena_eventfd::write(value - 1, how);
    }

  private:
    broken_between kind_;
    bool takes_all_;
};

template <class Subject, class... More>
std::optional<history> recorded(const plan& p, More... more) {
    auto session = std::make_unique<recorder<Subject>>(p, more...);
    if (session->run()) return session->result();
    std::fputs(session->lost().c_str(), stderr);
    (void)session.release(); // its threads live on
    return std::nullopt;
}

void check_mutated(const history& original, std::uint64_t number, tally& so_far) {
    if (can_saturate(original)) return;
    history changed = original;
    dice d(original.seed ^ number);
    const mutation how = mutations[number / mutate_every % mutations.size()];
    if (!apply(how, changed, d)) return;
    ++so_far.mutated;
    const finding f = check(changed);
    so_far.mutated_rejected += f.is == verdict::impossible ? 1 : 0;
    if (f.is == verdict::linearizable)
        std::fprintf(stderr, "seed %llu: %.*s, and nobody noticed\n", static_cast<unsigned long long>(original.seed),
                     static_cast<int>(name_of(how).size()), name_of(how).data());
}

void check_one(const history& h, tally& so_far) {
    const finding f = check(h);
    so_far.operations += h.calls();
    so_far.states += f.states;
    so_far.undecided += f.is == verdict::undecided ? 1 : 0;
    if (f.is == verdict::impossible) {
        ++so_far.rejected;
        std::fputs(explain(h, f).c_str(), stderr);
    }
}

template <class Subject, class... More>
tally watch(const bounds& within, More... more) {
    tally so_far;
    const auto start = steady_clock::now();
    auto next_word = start + std::chrono::seconds(5);
    dice seeds(within.seed);
    for (;; ++so_far.histories) {
        const auto now = steady_clock::now();
        const bool enough = within.histories != 0 && so_far.histories >= within.histories;
        if (enough || (within.histories == 0 && now - start >= within.time) || so_far.failures() > 5) return so_far;
        if (within.progress && now >= next_word) {
            std::fprintf(stderr, "linearize: %llu histories, %llu operations, %llu rejected\n",
                         static_cast<unsigned long long>(so_far.histories),
                         static_cast<unsigned long long>(so_far.operations),
                         static_cast<unsigned long long>(so_far.rejected));
            next_word = now + std::chrono::seconds(5);
        }
        const regime where = within.only.value_or(regimes[so_far.histories % regimes.size()]);
        const auto h = recorded<Subject>(draw_plan(where, seeds.next()), more...);
        if (!h) {
            ++so_far.lost;
            return so_far;
        }
        check_one(*h, so_far);
        if ((so_far.histories / regimes.size()) % mutate_every == 0) check_mutated(*h, so_far.histories, so_far);
    }
}

template <class Subject, class Flaw>
bool is_caught(regime where, Flaw flaw, std::uint64_t seed, std::uint64_t tries, bool tell) {
    dice seeds(seed);
    for (std::uint64_t i = 0; i < tries; ++i) {
        const auto h = recorded<Subject>(draw_plan(where, seeds.next()), flaw);
        if (!h) return false; // it must be the checker that catches it
        const finding f = check(*h);
        if (f.is != verdict::impossible) continue;
        if (tell) std::fputs(explain(*h, f).c_str(), stderr);
        return true;
    }
    return false;
}

} // namespace

tally watch_library(const bounds& within) { return watch<common::cpp_eventfd>(within); }
tally watch_processes(const bounds& within) { return watch<arena_eventfd>(within); }
tally watch_plain(const bounds& within) { return watch<common::breakable_eventfd>(within); }

bool caught(const broken& kind, std::uint64_t seed, std::uint64_t tries, bool tell) {
    return is_caught<common::breakable_eventfd>(kind.where, kind.with, seed, tries, tell);
}

bool caught(broken_between kind, std::uint64_t seed, std::uint64_t tries, bool tell) {
    return is_caught<broken_arena_eventfd>(regime::zero, kind, seed, tries, tell);
}

std::string_view name_of(broken_between kind) noexcept {
    return kind == broken_between::writes_in_two_steps ? "writes_in_two_steps" : "takes_what_it_saw";
}

} // namespace efd::linearize
