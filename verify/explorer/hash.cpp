// SPDX-License-Identifier: MIT
// Hashes of states: see hash.hpp.
#include "explorer/hash.hpp"

#include "explorer/search.hpp"

#include <algorithm>
#include <cstring>

namespace explore {
namespace {

void add_bytes(hash128& h, const unsigned char* first, std::size_t bytes) noexcept {
    for (std::size_t i = 0; i < bytes; i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, first + i, std::min<std::size_t>(8, bytes - i));
        h.add(word);
    }
}

void add_view(hash128& h, const view& v, int places) noexcept {
    add_bytes(h, v.at.data(), static_cast<std::size_t>(places));
}

// The bytes of a stack, with pointers into itself told as distances, so that equal threads have equal ones.
void hash_stack(int fiber, thread_state& t) noexcept {
    hash128 h;
    const auto base = reinterpret_cast<std::uint64_t>(stack_of(fiber));
    const auto* const top = stack_top(fiber);
    for (const auto* at = static_cast<const unsigned char*>(t.stack_pointer); at < top; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        h.add(word - base < stack_bytes ? word - base : word);
    }
    t.stack_hash[0] = h.a;
    t.stack_hash[1] = h.b;
    t.ran = false;
}

hash128 hash_of_thread(int i, char kind) {
    machine& m = the_machine();
    thread_state& t = m.now.threads[static_cast<std::size_t>(i)];
    hash128 h;
    h.add(static_cast<std::uint64_t>(kind) << 8 | static_cast<std::uint64_t>(t.alive));
    h.add((kind == '-' ? static_cast<std::uint64_t>(i) : 0) << 2 | (t.before_first_step ? 2U : 0U) |
          (m.now.last == i ? 1U : 0U));
    h.add(t.doing[0]);
    h.add(t.doing[1]);
    h.add((t.chosen ? 1U : 0U) | (t.swallowed ? 2U : 0U));
    if (t.alive == life::done || t.alive == life::crashed || t.alive == life::stopped) return h;
    if (t.ran) hash_stack(i, t);
    h.add(t.stack_hash[0]);
    h.add(t.stack_hash[1]);
    h.add(t.in_callback);
    add_view(h, t.seen, m.shared_count());
    const std::vector<place>& places = m.places();
    for (std::size_t p = 0; p < places.size(); ++p) {
        if (places[p].used != use::owned || places[p].owner != i || !m.now.own_known[p]) continue;
        h.add(places[p].address);
        h.add(m.now.own[p]);
    }
    return h;
}

void add_shared(hash128& h) {
    machine& m = the_machine();
    for (int s = 0; s < m.shared_count(); ++s) {
        const history& past = m.now.shared[static_cast<std::size_t>(s)];
        h.add(past.count);
        for (unsigned i = 0; i < past.count; ++i) {
            h.add(past.messages[i].value);
            add_view(h, past.messages[i].seen, m.shared_count());
        }
    }
}

} // namespace

hash128 hash_of_state(const scenario& what) {
    machine& m = the_machine();
    hash128 h;
    add_shared(h);
    std::array<hash128, max_threads> threads;
    const auto count = static_cast<std::size_t>(m.thread_count());
    for (std::size_t i = 0; i < count; ++i) threads[i] = hash_of_thread(static_cast<int>(i), what.threads[i].kind);
    for (std::size_t f = 0; f < m.futexes().size(); ++f) {
        const futex_queue& queue = m.now.futexes[f];
        if (queue.count == 0 && queue.bucket.at == view{}.at) continue; // known of, but not used yet
        h.add(f << 8 | queue.count);
        add_view(h, queue.bucket, m.shared_count());
        for (unsigned i = 0; i < queue.count; ++i) h.add(threads[queue.sleepers[i]].a);
    }
    add_bytes(h, reinterpret_cast<const unsigned char*>(&m.now.left), sizeof m.now.left);
    h.add(std::uint64_t{m.now.process} << 32 | std::uint64_t{m.now.waits} << 16 | m.now.wakes);
    add_bytes(h, arena_begin(), arena_used());
    for (const region& r : m.regions) add_bytes(h, r.first, r.bytes);
    std::sort(threads.begin(), threads.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i) {
        h.add(threads[i].a);
        h.add(threads[i].b);
    }
    return h;
}

void visited_table::clear() {
    slots_.assign(std::size_t{1} << 16, hash128{0, 0});
    used_ = 0;
}

hash128& visited_table::slot_for(const hash128& h) noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = h.a & mask;
    while ((slots_[i].a != 0 || slots_[i].b != 0) && (slots_[i].a != h.a || (slots_[i].b | 1U) != (h.b | 1U)))
        i = (i + 1) & mask;
    return slots_[i];
}

void visited_table::grow() {
    std::vector<hash128> old(slots_.size() * 2, hash128{0, 0});
    old.swap(slots_);
    for (const hash128& h : old)
        if (h.a != 0 || h.b != 0) slot_for(h) = h;
}

visited_table::answer visited_table::insert(const hash128& h) {
    if (used_ * 3 > slots_.size() * 2) grow();
    hash128& slot = slot_for(h);
    if (slot.a != 0 || slot.b != 0) return (slot.b & 1U) != 0 ? on_path : known;
    slot = hash128{h.a, h.b | 1U};
    ++used_;
    return added;
}

void visited_table::off_path(const hash128& h) noexcept { slot_for(h).b &= ~std::uint64_t{1}; }

} // namespace explore
