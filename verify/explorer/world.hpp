// SPDX-License-Identifier: MIT
// What the scenarios are made of: one object, what its threads do to it, and what must hold when nobody can go on.
//
// Owns the plain memory of a scenario, in the arena. The bodies of threads are functions without arguments that call
// the functions below; each counts what the object owes, so that the end can be audited to the unit.
#pragma once

#include "explorer/search.hpp"

#include <efd/detail/core/context.hpp>

#include "core/shared_slots.hpp"

#include <cstdint>
#include <stop_token>
#include <string>

namespace explore {

using efd::base::status;
using efd::core::ceiling;
using efd::core::context;
using efd::core::flag_semaphore;
using efd::core::packed_limit;
using efd::core::poll_in;
using efd::core::wait_opts;
using efd::core::wait_queue_entry;

// An exact sum, beyond 64 bits: a count that wraps is seen.
struct wide_sum {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    void add(std::uint64_t n) noexcept {
        low += n;
        if (low < n) ++high;
    }
    friend bool operator==(const wide_sum& x, const wide_sum& y) noexcept { return x.low == y.low && x.high == y.high; }
};

struct world {
    context object;
    efd::base::atomic<std::uint64_t> payload[2];
    std::stop_source stop;
    wide_sum given; // initially there, written and signalled
    wide_sum taken;
    std::uint64_t signals = 0;     // those may be lost at the ceiling
    unsigned wakes_for_one = 1;    // with counted calls: how many wakes there may be for one wait
    std::uint64_t notes[4] = {};   // the scenario's own
    efd::core::shared_local local; // of the object, if it is shared
    efd::core::shared_slots slots;
};

world& w() noexcept;
// The objects that other processes map, too (null: none), and how the process of the running thread has mapped it.
void set_shared_object(const context* object, efd::core::shared_slots* (*mapping)(), std::size_t number = 1) noexcept;

// The object is in memory that other processes map, too; beside the flags of context::create.
inline constexpr unsigned flag_shared = 1U << 31;
// As well, its sleepers look again: a peer may be killed between its add and its wake.
inline constexpr unsigned flag_looks = 1U << 30;

// Makes the world with a living object in it; flags as for context::create, and these two.
void make_world(std::uint64_t initval, unsigned flags);

// What a thread is in the midst of, for the audit.
enum class task : std::uint64_t { none, reads, writes, other, signals, leaves };
void doing(task what, std::uint64_t amount = 0) noexcept;

status read_one(const wait_opts& opts = {}) noexcept;
std::uint64_t read_value() noexcept; // the plain read; returns what it took
std::uint64_t read_up_to(std::uint64_t most, const wait_opts& opts = {}) noexcept; // 0: it ended without
status write_some(std::uint64_t n, const wait_opts& opts = {}) noexcept;
void write_fast(std::uint64_t n) noexcept; // context::write itself, inline path first
void signal_once() noexcept;

// Waits until the thread of this number has ended or was killed; nothing is handed over by that.
void await_end_of(int thread) noexcept;

// Waits until the first so many threads are gone or done, and goes on in a child that was forked at that moment.
void become_child_of(int threads) noexcept;

// In a thread of a scenario: what must hold here.
void must(bool holds, const char* what) noexcept;

// The checks. Nobody sleeps on a condition that holds; nobody is stuck elsewhere; all is conserved and within bounds.
std::string nobody_forgotten();
std::string conserved();
std::string audit(); // both
// Where threads may stop (E7): the calls of all others have ended but for sleepers, and none of these is forgotten.
std::string audit_with_stops();
// Units that are there and whose write or signal has returned; by a thread that has just returned from one.
std::uint64_t returned_units() noexcept;
// With counted calls: no wake without a wait, none if nobody waited (E5, E6).
std::string audit_with_calls();

} // namespace explore

namespace efd::EFD_ABI::core {

// The explorer's way to the inside of a context.
class context_layout {
  public:
    static void init(context& object, std::uint64_t initval, unsigned flags) { object.init(initval, flags, 0); }
    static void name_places(const context& object);
    static void name_queue(context& object);
    // Its marks in sets stay.
    static void drain(context& object) { (void)object.drain_without_notify(object.look()); }
    static void make_queue(context& object) { (void)object.make_watchers(); }
    static doorbell_hook* hook_of(context& object) { return object.hook_of_slot(); }
    static void join_set(context& object, set_cell cell) { (void)object.join_set(cell); }
    static void fill_cell(context& object, set_cell cell) {
        for (base::atomic<set_cell>& one : object.cells())
            if (set_cell none = 0; one.compare_exchange_strong(none, cell, base::acq_rel, base::relaxed)) return;
    }
    static base::status attach(context& object, permanent_watcher& given) { return object.attach_permanent(given); }
    static void set_in_callback(unsigned depth) { in_callback.depth_ = depth; }
    static void set_flags(context& object, unsigned flags) {
        object.local().flags.store(flags & flag_semaphore, base::relaxed);
    }
    static bool says_reader_sleeps(const context& object) {
        const state_word word = object.state_.load(base::acquire);
        if (has_left_asleep(word)) return true;
        return has_sleeper(is_sealed(word) ? object.reader_park_.load(base::acquire) : park_of(word));
    }
    // Without a step, for who looks from inside a thread.
    static std::uint32_t newest_references(const context& object) {
        return static_cast<std::uint32_t>(explore::the_machine().newest_value(&object.local().refs, sizeof(kref)));
    }
    static state_word newest_state(const context& object) {
        return explore::the_machine().newest_value(&object.state_, sizeof(state_word));
    }
    static std::uint64_t newest_count(const context& object) {
        const state_word word = newest_state(object);
        return is_sealed(word) ? base_of(word) + explore::the_machine().newest_value(&object.huge_, 8)
                               : packed_count(word);
    }
    static state_word state(const context& object) { return object.state_.load(base::acquire); }
};

} // namespace efd::EFD_ABI::core
