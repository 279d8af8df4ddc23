// SPDX-License-Identifier: MIT
// core/trace.cpp: see trace.hpp. In this order: the gate, rows, births and ends, events.
//
// Every function is cold: it runs only while a tracer is attached to a probe, or while the process is observed. After a
// thread has written a count it compares it with the object's, and writes again if they differ. So the last count that
// is written is the object's; on processors that let a later load pass a store it may be one change old until the next
// event.
#define _SDT_HAS_SEMAPHORES 1 // NOLINT: the name that <sys/sdt.h> asks for
#include "os/probe.hpp"

#include "core/trace.hpp"

#include "core/observation.hpp"
#include "core/shared_slots.hpp"
#include "core/watchers.hpp"
#include "os/clock.hpp"
#include "os/process.hpp"

#include <algorithm>

// ---- The gate. It is in a writable section of the file, as the kernel demands for the counters of tracers
// ("semaphores"). Each probe has a semaphore with a name of its own; all these names are aliases of the gate's lower
// half.

extern "C" {
[[gnu::section(".probes"), gnu::used,
  gnu::visibility("hidden")]] constinit efd::base::atomic<std::uint32_t> efd_trace_gate{0};
}

namespace efd::EFD_ABI::core {
extern base::atomic<std::uint32_t> trace_gate [[gnu::alias("efd_trace_gate"), gnu::visibility("hidden")]];
}

#if EFD_HAS_PROBES
#define EFD_SEMAPHORE(name)                                                                                            \
    extern unsigned short efd_##name##_semaphore [[gnu::alias("efd_trace_gate"), gnu::used, gnu::visibility("hidden")]]
extern "C" {
EFD_SEMAPHORE(signal);
EFD_SEMAPHORE(sleep);
EFD_SEMAPHORE(awake);
EFD_SEMAPHORE(wake);
EFD_SEMAPHORE(take);
EFD_SEMAPHORE(arm);
EFD_SEMAPHORE(ring);
EFD_SEMAPHORE(seal);
}
#endif

namespace efd::EFD_ABI::core {
namespace {

void count_one(base::atomic<std::uint64_t>& counter) noexcept { counter.fetch_add(1, base::relaxed); }

// Takes a reference if the object still has one, so that it lives while it is looked at. The last reference may be gone
// already.
class held {
  public:
    explicit held(context& object) noexcept : object_(object), is_held_(object.get_unless_zero()) {}
    ~held() {
        if (is_held_) object_.put();
    }
    held& operator=(held&&) = delete; // neither copied nor moved
    [[nodiscard]] explicit operator bool() const noexcept { return is_held_; }

  private:
    context& object_;
    bool is_held_;
};

// A watcher that does nothing: while it is attached the mark `watched` stays set (WATCH_OFF).
constinit permanent_watcher observer{[](permanent_watcher& /*self*/, std::uint32_t /*key*/) noexcept {}};

void raise(base::atomic<std::uint32_t>& most, std::uint32_t to) noexcept {
    std::uint32_t now = most.load(base::relaxed);
    while (now < to && !most.compare_exchange_weak(now, to, base::relaxed, base::relaxed)) {
    }
}

std::uint32_t index_of(const observed_file& file, const observed_row& row) noexcept {
    return static_cast<std::uint32_t>(&row - file.rows.data());
}

} // namespace

// ---- Rows.

// A private object has an id of its own; an arena's object has the id that efd_arena_at takes (share/tenant.hpp).
std::uint64_t trace::id_of(const context& object) noexcept {
    if (!is_in_shared_range(&object)) return static_cast<std::uint64_t>(object.half_.own.id);
    const shared_slots* const slots = find_shared_slots(object);
    if (slots == nullptr) return 0;
    const std::uint32_t slot = slots->index_of(object);
    return std::uint64_t{slots->locals[slot].generation} << 32 | slot;
}

void trace::begin_row(observed_row& row, context& object) noexcept {
    for (auto* counter : {&row.made_at, &row.signals, &row.takes, &row.sleeps, &row.wakes, &row.rings})
        counter->store(0, base::relaxed);
    for (auto* time : {&row.made_ns, &row.signalled_ns, &row.above_zero_ns, &row.beside_ns})
        time->store(0, base::relaxed);
    for (auto* number : {&row.made_by, &row.signaller, &row.asleep, &row.sets, &row.callbacks})
        number->store(0, base::relaxed);
    row.name[0].store('\0', base::relaxed);
    row.id.store(id_of(object), base::relaxed);
    row.object.store(reinterpret_cast<std::uintptr_t>(&object), base::relaxed);
    row.flags.store(row_lives | (object.takes_one() ? row_is_semaphore : 0U) | (object.shared() ? row_is_shared : 0U),
                    base::relaxed);
}

// The row of the object; begins one if there is none. Null: this process is not observed, or no row is free.
observed_row* trace::row_of(context& object) noexcept {
    observed_file* const file = observation::current();
    if (file == nullptr) return nullptr;
    observed_row* row = nullptr;
    bool is_new = false;
    if (is_in_shared_range(&object)) {
        row = observation::shared_row(*file, reinterpret_cast<std::uintptr_t>(&object), is_new);
    } else if (const auto id = static_cast<std::uint32_t>(object.half_.own.id); id < observed_private_rows) {
        row = &file->rows[id];
        is_new = row->flags.load(base::relaxed) == 0;
        if (is_new) raise(file->header.private_rows_used, id + 1);
    }
    if (row == nullptr) {
        count_one(file->header.without_row);
        return nullptr;
    }
    if (is_new) begin_row(*row, object);
    return row;
}

void trace::note_count(observed_row& row, context& object) noexcept {
    constexpr int tries = 8;
    std::uint64_t count = 0;
    for (int i = 0; i < tries; ++i) {
        count = object.count();
        (void)row.count.exchange(count, base::relaxed);
        if (object.count() == count) break;
    }
    if (count == 0)
        row.above_zero_ns.store(0, base::relaxed);
    else if (row.above_zero_ns.load(base::relaxed) == 0)
        row.above_zero_ns.store(os::now_ns(), base::relaxed);
    note_watchers(row, object);
}

void trace::note_watchers(observed_row& row, const context& object) noexcept {
    if (is_in_shared_range(&object)) return row.sets.store(object.stands_in_a_set() ? 1 : 0, base::relaxed);
    const std::uintptr_t word = object.watcher_word();
    std::uint32_t sets = 0;
    each_permanent(word, [&sets](const permanent_watcher& one) { sets += &one == &observer ? 0 : 1; });
    row.sets.store(sets, base::relaxed);
    const watchers* const all = all_in(word);
    if (all == nullptr) return;
    row.callbacks.store(all->entries.has_entries() ? 1 : 0, base::relaxed);
    const bool is_rung = all->attached_hook.load(base::relaxed) != nullptr && has_doorbell(object.look());
    if (is_rung) row.flags.fetch_or(row_has_doorbell, base::relaxed);
}

// ---- Births and ends.

void trace::watch_all(context& object) noexcept {
    if (object.shared()) return; // there the mark means sets, and other processes use it too
    watchers* const all = object.make_watchers();
    if (all == nullptr) return;
    bool is_there = false;
    all->permanent.each([&is_there](const permanent_watcher& one) { is_there = is_there || &one == &observer; });
    if (!is_there && !all->permanent.attach(observer)) return;
    (void)object.watch();
    if (observed_row* const row = row_of(object); row != nullptr) row->flags.fetch_or(row_is_whole, base::relaxed);
}

void trace::created(context* object, const void* where) noexcept {
    if (object == nullptr) return;
    observed_row* const row = row_of(*object);
    if (row == nullptr) return;
    const bool is_known = row->made_ns.load(base::relaxed) != 0;
    if (is_known && object->shared()) return; // another call has found it in its arena before
    begin_row(*row, *object);
    row->made_by.store(os::thread_number(), base::relaxed);
    row->made_at.store(reinterpret_cast<std::uintptr_t>(where), base::relaxed);
    row->made_ns.store(os::now_ns(), base::relaxed);
    watch_all(*object);
    note_count(*row, *object);
}

void trace::named(context* object, std::string_view name) noexcept {
    observed_row* const row = object == nullptr ? nullptr : row_of(*object);
    if (row == nullptr) return;
    const std::size_t bytes = std::min(name.size(), row->name.size() - 1);
    for (std::size_t i = 0; i < bytes; ++i) row->name[i].store(name[i], base::relaxed);
    row->name[bytes].store('\0', base::relaxed);
}

void trace::ended(context& object) noexcept {
    observed_row* const row = row_of(object);
    if (row == nullptr) return;
    begin_row(*row, object);
    row->flags.store(0, base::relaxed);
    row->object.store(0, base::relaxed);
}

// ---- Events.

[[gnu::noinline]] void trace::signalled(context& object, std::uint64_t units) noexcept {
    const held keeper(object);
    if (!keeper) return;
    EFD_PROBE(signal, &object, id_of(object), units);
    observed_row* const row = row_of(object);
    if (row == nullptr) return;
    count_one(row->signals);
    row->signaller.store(os::thread_number(), base::relaxed);
    row->signalled_ns.store(os::now_ns(), base::relaxed);
    note_count(*row, object);
}

[[gnu::noinline]] void trace::took(context& object, std::uint64_t units) noexcept {
    EFD_PROBE(take, &object, id_of(object), units);
    observed_row* const row = row_of(object);
    if (row == nullptr) return;
    count_one(row->takes);
    note_count(*row, object);
}

[[gnu::noinline]] std::uint32_t trace::sleeps(context& object, bool for_room) noexcept {
    EFD_PROBE(sleep, &object, id_of(object), static_cast<std::uint64_t>(for_room));
    observed_row* const row = row_of(object);
    if (row == nullptr) return observed_sleepers;
    observed_file* const file = observation::current();
    if (file == nullptr) return observed_sleepers;
    const std::uint32_t sleeper = observation::claim_sleeper(*file, index_of(*file, *row), for_room);
    count_one(row->sleeps);
    row->asleep.fetch_add(1, base::relaxed);
    note_count(*row, object);
    return sleeper;
}

[[gnu::noinline]] void trace::awoke(context& object, std::uint32_t sleeper) noexcept {
    EFD_PROBE(awake, &object, id_of(object), object.count());
    observed_file* const file = observation::current();
    observed_row* const row = file == nullptr ? nullptr : row_of(object);
    if (row == nullptr) return;
    std::uint32_t asleep = row->asleep.load(base::relaxed);
    while (asleep > 0 && !row->asleep.compare_exchange_weak(asleep, asleep - 1, base::relaxed, base::relaxed)) {
    }
    if (sleeper >= observed_sleepers) return;
    observed_sleeper& own = file->sleepers[sleeper];
    if (own.thread.load(base::relaxed) != os::thread_number()) return; // claimed before a fork
    const std::int64_t above_ns = row->above_zero_ns.load(base::relaxed);
    const std::int64_t since_ns = std::max(own.since_ns.load(base::relaxed), above_ns);
    if (above_ns != 0 && own.is_writer.load(base::relaxed) == 0)
        row->beside_ns.store(std::max(row->beside_ns.load(base::relaxed), os::now_ns() - since_ns), base::relaxed);
    own.thread.store(0, base::relaxed);
}

[[gnu::noinline]] void trace::woke(context& object, int threads) noexcept {
    const held keeper(object);
    if (!keeper) return;
    EFD_PROBE(wake, &object, id_of(object), static_cast<std::uint64_t>(threads));
    if (observed_row* const row = row_of(object); row != nullptr) count_one(row->wakes);
}

[[gnu::noinline]] void trace::armed(context& object, std::uint32_t events) noexcept {
    EFD_PROBE(arm, &object, id_of(object), std::uint64_t{events});
    if (observed_row* const row = row_of(object); row != nullptr) row->flags.fetch_or(row_has_doorbell, base::relaxed);
}

[[gnu::noinline]] void trace::rang(context& object, std::uint64_t units) noexcept {
    const held keeper(object);
    if (!keeper) return;
    EFD_PROBE(ring, &object, id_of(object), units);
    observed_row* const row = row_of(object);
    if (row == nullptr) return;
    count_one(row->rings);
    row->flags.fetch_or(row_has_doorbell, base::relaxed);
}

[[gnu::noinline]] void trace::sealed(context& object) noexcept {
    const held keeper(object);
    if (!keeper) return;
    EFD_PROBE(seal, &object, id_of(object), object.count());
    if (observed_row* const row = row_of(object); row != nullptr) row->flags.fetch_or(row_was_sealed, base::relaxed);
}

} // namespace efd::EFD_ABI::core
