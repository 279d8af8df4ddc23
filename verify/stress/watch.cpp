// SPDX-License-Identifier: MIT
// verify/stress/watch.cpp: see watch.hpp. What the kernel says of a thread is read from /proc only for those whose
// condition holds, which are few. Reads the notices of the slots and the counts of the objects, changes nothing.
#include "stress/watch.hpp"
#include "api/internal_access.hpp"

#include "support/waiting.hpp"

#include <fmt/format.h>

namespace efd::stress {
namespace {

using std::chrono::steady_clock;

} // namespace

watch::watch(shared_state& shared, std::chrono::nanoseconds limit, end_of_program stuck)
    : shared_(shared), limit_(limit), stuck_(std::move(stuck)), stretches_(shared.slots.size()),
      thread_([this](const std::stop_token& over) {
          while (!over.stop_requested()) {
              for (std::size_t i = 0; i < stretches_.size(); ++i) look_at(shared_.slots[i], stretches_[i]);
              std::this_thread::sleep_for(sample_every); // pace: between two samples
          }
      }) {}

void watch::look_at(const thread_slot& s, stretch& so_far) {
    const auto now = steady_clock::now();
    const auto wait = s.waits();
    if (!wait || !shared_.holds(*wait) || !tests::asleep_now(s.tid)) {
        so_far = {};
        return;
    }
    const long slept = common::voluntary_switches(s.tid); // unchanged: one sleep
    if (!shared_.holds(*wait) || s.generation != wait->generation) {
        so_far = {};
        return;
    }
    ++suspicions_;
    if (so_far.generation != wait->generation || so_far.awakenings != slept) {
        so_far = {wait->generation, slept, now};
        return;
    }
    const std::chrono::nanoseconds length = now - so_far.since;
    longest_ = std::max(longest_.load(), length.count());
    if (length > limit_)
        stuck_(fmt::format("a thread slept for {:.1f} s on a condition that held\n{}",
                           std::chrono::duration<double>(length).count(), describe(shared_)));
}

std::string describe(shared_state& shared) {
    std::string text;
    for (subject& s : shared.subjects) {
        std::array<std::uint64_t, 8> words{};
        // Word by word, as others go on changing them; copied as bytes, ThreadSanitizer would rightly object.
        const auto* const from = reinterpret_cast<const std::uint64_t*>(efd::internal_access::context_of(s.object()));
        for (std::size_t i = 0; i < words.size(); ++i) words[i] = __atomic_load_n(from + i, __ATOMIC_RELAXED);
        text += fmt::format("  {:15} count {}, {} references, words", s.name(), s.object().count(),
                            efd::internal_access::context_of(s.object())->references());
        for (const std::uint64_t word : words) text += fmt::format(" {:016x}", word);
        text += '\n';
    }
    for (std::size_t i = 0; i < shared.slots.size(); ++i) {
        const thread_slot& s = shared.slots[i];
        const auto wait = s.waits();
        text += fmt::format("  thread {:2}: ", i);
        if (s.parked) text += "parked\n";
        if (!s.parked && !wait) text += "busy\n";
        if (wait)
            text += fmt::format(
                "{} in {} {} {}\n", tests::asleep_now(s.tid) ? "asleep" : "awake", wait->writer ? "write" : "read",
                wait->where == nowhere ? "own object" : shared.subjects[static_cast<std::size_t>(wait->where)].name(),
                wait->amount);
    }
    return text;
}

} // namespace efd::stress
