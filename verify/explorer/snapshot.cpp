// SPDX-License-Identifier: MIT
// Saved states: see snapshot.hpp.
#include "explorer/snapshot.hpp"

#include <cstring>

namespace explore {
namespace {

// Calls `piece` with each run of bytes that makes up the state, in the same order for saving and restoring. What comes
// first says how long the later ones are.
template <class Piece>
void for_each_piece(Piece piece) {
    machine& m = the_machine();
    state& s = m.now;
    const auto threads = static_cast<std::size_t>(m.thread_count());
    piece(&s.threads, threads * sizeof(thread_state));
    piece(&s.futexes, sizeof s.futexes);
    piece(&s.left, sizeof s.left);
    piece(&s.locked, sizeof s.locked);
    piece(&s.last, sizeof s.last);
    piece(&s.process, sizeof s.process);
    piece(&s.waits, sizeof s.waits);
    piece(&s.wakes, sizeof s.wakes);
    piece(&s.own_known, sizeof s.own_known);
    piece(&s.own, m.places().size() * sizeof(std::uint64_t));
    for (int i = 0; i < m.shared_count(); ++i) {
        history& h = s.shared[static_cast<std::size_t>(i)];
        piece(&h.count, sizeof h.count);
        piece(&h.messages, h.count * sizeof(message));
    }
    piece(&arena_used(), sizeof(std::size_t));
    piece(arena_begin(), arena_used());
    for (const region& r : m.regions) piece(r.first, r.bytes);
    for (int i = 0; i < m.thread_count(); ++i) {
        auto* const from = static_cast<unsigned char*>(s.threads[static_cast<std::size_t>(i)].stack_pointer);
        piece(from, static_cast<std::size_t>(stack_top(i) - from));
    }
}

} // namespace

std::size_t snapshots::save() {
    const std::size_t at = bytes_.size();
    const std::size_t places = the_machine().places().size();
    bytes_.resize(at + sizeof places);
    std::memcpy(&bytes_[at], &places, sizeof places);
    for_each_piece([this](const void* from, std::size_t size) {
        const std::size_t end = bytes_.size();
        bytes_.resize(end + size);
        if (size > 0) std::memcpy(&bytes_[end], from, size);
    });
    return at;
}

// Places found since the state was saved were unknown in it: their values are left as they are, and forgotten.
void snapshots::restore(std::size_t at) const noexcept {
    machine& m = the_machine();
    std::size_t places = 0;
    std::memcpy(&places, &bytes_[at], sizeof places);
    at += sizeof places;
    const std::size_t newer = m.places().size() - places;
    for_each_piece([&](void* to, std::size_t size) {
        std::size_t stored = size;
        if (to == &m.now.own) stored -= newer * sizeof(std::uint64_t);
        if (stored > 0) std::memcpy(to, &bytes_[at], stored);
        at += stored;
    });
    for (int i = 0; i < m.thread_count(); ++i) clean_below(i, m.now.threads[static_cast<std::size_t>(i)].stack_pointer);
}

void prepare(const scenario& what) {
    machine& m = the_machine();
    m.finish();
    m.regions.clear();
    arena_used() = 0;
    arena_open(true);
    what.set_up();
    arena_open(false);
}

void start(const scenario& what) {
    machine& m = the_machine();
    std::vector<fiber_body> bodies;
    for (std::size_t i = 0; i < what.threads.size(); ++i) {
        bodies.push_back(what.threads[i].body);
        m.may_crash[i] = what.threads[i].is == trait::may_crash;
    }
    m.begin(bodies, what.allowed, what.counts_calls);
}

} // namespace explore
