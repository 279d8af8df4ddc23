// SPDX-License-Identifier: MIT
// The view machine: places, private steps, fibers; the shared steps are in machine_steps.cpp.
#include "explorer/machine.hpp"

#include "explorer/doorbells.hpp"
#include "explorer/world.hpp"

#include <efd/detail/core/wait_queue_entry.hpp>

#include <cstring>
#include <link.h>

namespace explore {
namespace {

constexpr unsigned own_steps_most = 5000;
constexpr std::uint64_t fiber_stride = std::uint64_t{1} << 52; // above every user address

machine the_one;

struct storage_bounds {
    std::uintptr_t first = 0;
    std::uintptr_t end = 0;
};

// The running thread's block of thread storage, of this program alone.
const storage_bounds& thread_storage() noexcept {
    static const storage_bounds found = [] {
        storage_bounds bounds;
        ::dl_iterate_phdr(
            [](dl_phdr_info* info, std::size_t, void* out) {
                for (int i = 0; i < info->dlpi_phnum; ++i) {
                    if (info->dlpi_phdr[i].p_type != PT_TLS || info->dlpi_tls_data == nullptr) continue;
                    const auto first = reinterpret_cast<std::uintptr_t>(info->dlpi_tls_data);
                    *static_cast<storage_bounds*>(out) = {first, first + info->dlpi_phdr[i].p_memsz};
                }
                return 1; // the program itself comes first
            },
            &bounds);
        return bounds;
    }();
    return found;
}

bool in_thread_storage(std::uintptr_t address) noexcept {
    return address >= thread_storage().first && address < thread_storage().end;
}

void fiber_main() {
    machine& m = the_one;
    m.finish_fiber();
    __builtin_unreachable();
}

std::uint64_t load_bytes(const void* address, std::size_t size) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, address, size);
    return value;
}

} // namespace

machine& the_machine() noexcept { return the_one; }
int current_thread() noexcept { return the_one.running(); }

std::uint64_t pointer_out(std::uintptr_t value) noexcept {
    if (!the_one.active() || !in_thread_storage(value)) return value;
    return value + fiber_stride * static_cast<std::uint64_t>(the_one.running() + 1);
}
std::uintptr_t pointer_in(std::uint64_t bits) noexcept {
    const std::uint64_t marked = fiber_stride * static_cast<std::uint64_t>(the_one.running() + 1);
    return the_one.active() && bits >= marked && in_thread_storage(bits - marked) ? bits - marked : bits;
}

void perform(request& asked) noexcept {
    if (the_one.active()) return the_one.perform(asked);
    auto* const bytes = static_cast<unsigned char*>(const_cast<void*>(asked.address)); // outside: act on the bytes
    asked.value = load_bytes(bytes, asked.size);
    asked.done = asked.what != act::cas_weak && asked.what != act::cas_strong ? true : asked.value == asked.expected;
    if (!is_write(asked.what) || !asked.done) return;
    const std::uint64_t next = value_after(asked, asked.value);
    std::memcpy(bytes, &next, asked.size);
}

bool is_write(act what) noexcept { return what < act::await_change && what != act::load; }

std::uint64_t value_after(const request& asked, std::uint64_t old) noexcept {
    std::uint64_t next = asked.operand;
    if (asked.what == act::add) next = old + asked.operand;
    if (asked.what == act::bit_or || asked.what == act::lock) next = old | asked.operand;
    if (asked.what == act::bit_and) next = old & asked.operand;
    if (asked.what == act::doorbell) next = doorbell_after(old, asked);
    if (asked.what == act::await_doorbell) next = doorbell_after_wait(old, asked);
    return asked.size == 8 ? next : next & ((std::uint64_t{1} << (8 * asked.size)) - 1);
}

const place* machine::place_at(std::uintptr_t address, int fiber) const noexcept {
    for (const place& p : places_)
        if (p.address == address && p.fiber == fiber) return &p;
    return nullptr;
}

void machine::forget_places() noexcept {
    places_.clear();
    futexes_.clear();
    shared_count_ = 0;
}

place& machine::use_place(const request& asked, bool writes) {
    const auto address = reinterpret_cast<std::uintptr_t>(asked.address);
    const int fiber = in_thread_storage(address) ? running_ : -1;
    if (const place* known = place_at(address, fiber); known != nullptr) {
        auto& p = const_cast<place&>(*known);
        note_use(p, writes);
        return p;
    }
    if (places_.size() == max_places) fail("the machine has too few places");
    places_.push_back({address, asked.size, fiber, use::owned, running_, writes, -1});
    return places_.back();
}

// A place that turns out to be shared must have had a history from the start: the exploration begins anew.
void machine::note_use(place& p, bool writes) {
    if (p.used == use::shared) return;
    const bool foreign = p.owner != running_;
    p.written = p.written || writes;
    if (!foreign && p.used == use::owned) return;
    if (!p.written) {
        p.used = use::constant;
        return;
    }
    make_shared(p);
}

void machine::make_shared(place& p) {
    if (shared_count_ == max_shared) return fail("the machine has too few shared places");
    p.used = use::shared;
    p.slot = shared_count_++;
    restart_ = true;
    yield();
}

std::uint64_t& machine::own_value(const place& p) noexcept {
    const auto i = static_cast<std::size_t>(&p - places_.data());
    if (!now.own_known[i]) {
        now.own_known.set(i);
        now.own[i] = load_bytes(reinterpret_cast<const void*>(p.address), p.size);
    }
    return now.own[i];
}

void machine::act_alone(request& asked, std::uint64_t& value) {
    asked.value = value;
    const bool cas = asked.what == act::cas_weak || asked.what == act::cas_strong;
    asked.done = !cas || value == asked.expected;
    if (is_write(asked.what) && asked.done) value = value_after(asked, value);
    if (tell != nullptr && running_ >= 0) say(running_, asked, "");
}

void machine::perform(request& asked) {
    if (running_ < 0) { // a look from outside, at the end of an execution
        std::uint64_t newest = newest_value(asked.address, asked.size);
        asked.value = newest;
        asked.done = false;
        return;
    }
    arena_open(false);
    const bool at_a_place = asked.what < act::await_end;
    if (at_a_place) {
        place& p = use_place(asked, is_write(asked.what));
        if (p.used != use::shared) {
            if (++own_steps_ > own_steps_most) fail("a loop that nobody else can end");
            if (asked.what == act::lock && (own_value(p) & asked.expected) != 0) return make_shared(p); // waits
            if (asked.what == act::await_doorbell && !doorbell_is_ready(own_value(p), asked)) return make_shared(p);
            if (asked.what == act::await_change && own_value(p) == asked.expected) return make_shared(p);
            act_alone(asked, own_value(p));
            return arena_open(true);
        }
    }
    now.threads[index(running_)].pending = &asked;
    yield();
}

std::uint64_t machine::newest_value(const void* address, std::size_t size) const noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    const place* const p = place_at(at, -1);
    if (p == nullptr) return load_bytes(address, size);
    if (p->used == use::shared) return now.shared[index(p->slot)].newest().value;
    const auto i = static_cast<std::size_t>(p - places_.data());
    return now.own_known[i] ? now.own[i] : load_bytes(address, size);
}

void machine::fail(const std::string& why) {
    arena_open(false);
    if (failure_.empty()) failure_ = why;
    if (running_ >= 0) yield();
}

// Back to the scheduler; if the fiber is not to go on, it is never switched to again in this execution.
void machine::yield() {
    own_steps_ = 0;
    explore_switch(&now.threads[index(running_)].stack_pointer, scheduler_);
}

void machine::finish_fiber() {
    bodies_[index(running_)]();
    now.threads[index(running_)].alive = life::done;
    now.threads[index(running_)].pending = nullptr;
    for (;;) yield();
}

void machine::run(int thread) {
    thread_state& t = now.threads[index(thread)];
    running_ = thread;
    efd::core::context_layout::set_in_callback(t.in_callback);
    t.pending = nullptr;
    arena_open(true);
    explore_switch(&scheduler_, t.stack_pointer);
    arena_open(false);
    t.in_callback = efd::core::in_callback;
    efd::core::context_layout::set_in_callback(0);
    running_ = -1;
    t.ran = true;
    clean_below(thread, t.stack_pointer);
}

void machine::begin(const std::vector<fiber_body>& bodies, const budgets& allowed, bool counts_calls) {
    std::memset(static_cast<void*>(&now), 0, sizeof now);
    now.left = allowed;
    now.locked = -1;
    now.last = -1;
    failure_.clear();
    restart_ = false;
    counts_calls_ = counts_calls;
    stops_ = allowed.stops > 0;
    thread_count_ = static_cast<int>(bodies.size());
    for (const place& p : places_) {
        if (p.used != use::shared) continue;
        history& h = now.shared[index(p.slot)];
        h.count = 1;
        h.messages[0].value = load_bytes(reinterpret_cast<const void*>(p.address), p.size);
    }
    places_.reserve(max_places);
    active_ = true;
    for (int i = 0; i < thread_count_; ++i) {
        bodies_[index(i)] = bodies[index(i)];
        now.threads[index(i)].alive = life::runnable;
        now.threads[index(i)].stack_pointer = fresh_stack(i, fiber_main);
    }
    for (int i = 0; i < thread_count_ && !restart_ && !failed(); ++i) run(i);
}

} // namespace explore
