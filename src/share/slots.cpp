// SPDX-License-Identifier: MIT
// share/slots.cpp: see slots.hpp.
#include "share/slots.hpp"

#include <efd/detail/base/check.hpp>

#include "os/process.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace efd::share {

using base::status;
using core::context;

namespace {

constexpr int most_turns = 1024; // of a loop over a word that a hostile peer may change for ever

} // namespace

// Holds the lock of the slots. Its end frees what other threads have queued meanwhile.
class slots::slots_guard {
  public:
    explicit slots_guard(slots& of) noexcept : of_(of) {
        of_.lock.lock();
        of_.drain_let_go();
    }
    ~slots_guard() { of_.unlock_and_drain(); }
    slots_guard& operator=(slots_guard&&) = delete; // neither copied nor moved

  private:
    slots& of_;
};

void slots::begin(const arena_parts& parts, core::shared_slots& mapped) noexcept {
    parts_ = parts;
    mapped_ = &mapped;
    cursor_ = 0; // this and the next: an arena that has ended may have left them
    touched_words_ = 0;
    held_ = 0;
    freed_ = nobody;
    let_go_.store(nobody, base::relaxed);
    mapped.on_last_put = on_last_put;
    mapped.is_orphaned = is_orphaned;
    mapped.owner = this;
}

// ---- The parts of the arena.

slots::row_word& slots::word_of(row which, std::uint32_t process, std::uint32_t word) const noexcept {
    const std::uint64_t both = parts_.where.rows_at + process * parts_.where.row_bytes;
    const std::uint64_t own = which == row::held ? both : both + parts_.where.row_bytes / 2;
    return parts_.at<row_word>(own + std::uint64_t{word} * 8);
}

base::atomic<std::uint32_t>& slots::death_at(std::uint32_t slot) const noexcept {
    return parts_.at<base::atomic<std::uint32_t>>(parts_.where.deaths_at + std::uint64_t{slot} * 4);
}

base::atomic<tenant_word>& slots::tenant_at(std::uint32_t slot) const noexcept {
    return parts_.at<base::atomic<tenant_word>>(parts_.where.tenants_at + std::uint64_t{slot} * 8);
}

context& slots::object_at(std::uint32_t slot) const noexcept {
    return parts_.at<context>(parts_.where.slots_at + std::uint64_t{slot} * sizeof(context));
}

// One more than the highest index that a process ever had: others look at no row beyond it. TENANT: it is raised before
// the first bit of the row is set.
void slots::move_to(std::uint32_t index) noexcept {
    own_index_ = index;
    process_.store(os::process_number(), base::relaxed);
    note_index(index);
}

// TENANT.
void slots::note_index(std::uint32_t index) noexcept {
    base::atomic<std::uint32_t>& highest = parts_.at<process_entry>(parts_.where.processes_at).highest;
    std::uint32_t known = highest.load(base::relaxed);
    for (int turns = 0; known <= index && turns < most_turns; ++turns)
        if (highest.compare_exchange_weak(known, index + 1, base::acq_rel, base::relaxed)) return;
}

std::uint32_t slots::processes_to_ask() const noexcept {
    const process_entry& first = parts_.at<process_entry>(parts_.where.processes_at);
    return std::min(std::max(first.highest.load(base::acquire), own_index_ + 1), parts_.where.processes);
}

// ---- The rows of this process, and those of all.

// TENANT, the bit.
void slots::hold(std::uint32_t slot, bool signals) noexcept {
    const std::uint32_t word = slot / word_bits;
    word_of(row::held, own_index_, word).fetch_or(bit_of(slot), base::acq_rel);
    if (signals) word_of(row::signalled, own_index_, word).fetch_or(bit_of(slot), base::acq_rel);
    touched_words_ = std::max(touched_words_, word + 1);
}

// FORK.
bool slots::has_rows() const noexcept { return process_.load(base::relaxed) == os::process_number(); }

// TENANT, the bit goes; ORPHAN: nobody counts on this process any more.
void slots::let_bit_go(std::uint32_t slot) noexcept {
    const std::uint32_t word = slot / word_bits;
    row_word& signalled = word_of(row::signalled, own_index_, word);
    if ((signalled.load(base::relaxed) & bit_of(slot)) != 0) signalled.fetch_and(~bit_of(slot), base::acq_rel);
    word_of(row::held, own_index_, word).fetch_and(~bit_of(slot), base::acq_rel);
}

std::uint64_t slots::bits_of_all(row which, std::uint32_t word) const noexcept {
    std::uint64_t bits = 0;
    const std::uint32_t processes = processes_to_ask();
    for (std::uint32_t p = 0; p < processes; ++p) bits |= word_of(which, p, word).load(base::acquire);
    return bits;
}

bool slots::somebody_has(row which, std::uint32_t slot) const noexcept {
    return (bits_of_all(which, slot / word_bits) & bit_of(slot)) != 0;
}

// FORK: the child's rows, before the fork.
void slots::copy_row_to(std::uint32_t index) noexcept {
    note_index(index);
    for (std::uint32_t word = 0; word < touched_words_; ++word)
        for (const row which : {row::held, row::signalled}) {
            const std::uint64_t bits = word_of(which, own_index_, word).load(base::relaxed);
            word_of(which, index, word).store(bits, base::release);
        }
}

void slots::note_all() noexcept {
    for (std::uint32_t slot = 0; slot < parts_.where.slots; ++slot)
        if (local_at(slot).part.refs.read() > 0) hold(slot, true);
}

// ---- A new object.

// TENANT, make. The own bit is set before the word says that an object lives here: a process that frees slots finds it.
bool slots::try_make_in(std::uint32_t slot, bool semaphore) noexcept {
    base::atomic<tenant_word>& tenant = tenant_at(slot);
    tenant_word before = tenant.load(base::relaxed);
    if (!is_free(before) || local_at(slot).part.refs.read() > 0) return false;
    hold(slot, true);
    const tenant_word made = next_tenant(before, semaphore);
    if (!tenant.compare_exchange_strong(before, made, base::acq_rel, base::relaxed)) { // TENANT, make
        let_bit_go(slot);
        return false;
    }
    local_at(slot).generation = generation_of(made);
    return true;
}

// The last in the list is its own next.
void slots::note_freed(std::uint32_t slot) noexcept {
    std::uint32_t& next = local_at(slot).next_freed;
    if (next != 0) return; // in the list since this process freed it earlier; another one has used it since
    next = (freed_ == nobody ? slot : freed_) + 1;
    freed_ = slot;
}

std::uint32_t slots::take_slot(bool semaphore) noexcept {
    while (freed_ != nobody) {
        const std::uint32_t slot = freed_;
        const std::uint32_t next = std::exchange(local_at(slot).next_freed, 0) - 1;
        freed_ = next == slot ? nobody : next;
        if (try_make_in(slot, semaphore)) return slot;
    }
    return scan(semaphore);
}

std::uint32_t slots::scan(bool semaphore) noexcept {
    std::uint32_t found = nobody;
    const auto try_make = [&](std::uint32_t slot) {
        found = slot;
        return try_make_in(slot, semaphore);
    };
    for (std::uint32_t walked = 0; walked <= row_words(); ++walked, cursor_ = (cursor_ + 1) % row_words())
        if (any_slot_of(~bits_of_all(row::held, cursor_), cursor_, try_make)) return found;
    return nobody;
}

context* slots::make(std::uint64_t initval, unsigned flags) noexcept {
    const slots_guard own(*this);
    const bool semaphore = (flags & core::flag_semaphore) != 0;
    std::uint32_t slot = take_slot(semaphore);
    if (slot == nobody && free_orphans_locked() > 0) slot = take_slot(semaphore);
    if (slot == nobody) return nullptr;
    context& made = object_at(slot);
    made.clear_cells();
    made.init_words(initval);
    death_at(slot).store(0, base::relaxed);
    begin_local(slot, flags);
    return &made;
}

void slots::begin_local(std::uint32_t slot, unsigned flags) noexcept {
    core::shared_local& local = local_at(slot);
    local.part.begin(flags, static_cast<int>(slot));
    local.part.linger_us.store(core::linger_off, base::relaxed);
    local.reported_death.store(0, base::relaxed);
    local.part.refs.init();
    ++held_;
}

bool slots::is_idle() noexcept {
    const slots_guard own(*this);
    EFD_CHECK(held_ > 0 || let_go_.load(base::relaxed) == nobody);
    return held_ == 0;
}

// ---- An object by its id.

object_id slots::id_of(const context& object) const noexcept {
    const std::uint32_t slot = mapped_->index_of(object);
    return share::id_of(slot, local_at(slot).generation);
}

bool slots::is_of_this(const context& object) const noexcept {
    return reinterpret_cast<std::uintptr_t>(&object) - mapped_->first_slot <
           std::uintptr_t{mapped_->objects} * sizeof(context);
}

bool slots::is_alive(object_id id) const noexcept {
    return slot_of(id) < parts_.where.slots && is_tenant(tenant_at(slot_of(id)).load(base::acquire), id);
}

// TENANT, confirm. The own bit is set: whether the object of that id lives, and then nobody frees it.
bool slots::confirm(object_id id, tenant_word& found) noexcept {
    base::atomic<tenant_word>& tenant = tenant_at(slot_of(id));
    found = tenant.fetch_add(0, base::acq_rel);
    for (int turns = 0; turns < most_turns && is_tenant(found, id); ++turns) {
        if (is_live(found)) return true;
        if (tenant.compare_exchange_weak(found, as_live(found), base::acq_rel, base::acquire)) return true;
    }
    return false;
}

status slots::find(object_id id, bool signals, context*& found) noexcept {
    const std::uint32_t slot = slot_of(id);
    if (slot >= parts_.where.slots || generation_of_id(id) == 0) return status::stale;
    const slots_guard own(*this);
    core::shared_local& local = local_at(slot);
    if (local.part.refs.get_unless_zero()) {
        context& object = object_at(slot);
        if (local.generation != generation_of_id(id)) {
            object.put();
            return status::stale;
        }
        if (signals) hold(slot, true);
        found = &object;
        return status::ok;
    }
    hold(slot, signals);
    tenant_word tenant = 0;
    if (!confirm(id, tenant)) {
        let_bit_go(slot);
        return status::stale;
    }
    local.generation = generation_of(tenant);
    begin_local(slot, is_semaphore(tenant) ? core::flag_semaphore : 0);
    found = &object_at(slot);
    return status::ok;
}

// ---- The end of an object.

// TENANT, free. The own bit is clear. Whether the slot is free by this call.
bool slots::try_free(std::uint32_t slot, std::uint32_t generation) noexcept {
    base::atomic<tenant_word>& tenant = tenant_at(slot);
    tenant_word word = tenant.load(base::acquire);
    for (int turns = 0; turns < most_turns; ++turns) {
        if (is_free(word) || is_named(word) || generation_of(word) != generation) return false;
        if (!tenant.compare_exchange_weak(word, as_leaving(word), base::acq_rel, base::acquire)) continue;
        word = as_leaving(word);
        const tenant_word after = somebody_has(row::held, slot) ? as_live(word) : as_free(word);
        return tenant.compare_exchange_strong(word, after, base::acq_rel, base::relaxed) && is_free(after);
    }
    return false;
}

// LET_GO. Each life of a slot in this process ends with exactly one last put. Until that is counted, the arena does not
// end. A thread that has queued or counted it touches nothing of the arena afterwards but members of this.
void slots::on_last_put(core::shared_slots& mapped, std::uint32_t slot) noexcept {
    slots& all = *static_cast<slots*>(mapped.owner);
    if (!all.lock.try_lock()) {
        all.queue_to_let_go(slot);
        if (!all.lock.try_lock_after_owner()) return;
    } else {
        all.let_go(slot, 1);
    }
    all.drain_let_go();
    all.unlock_and_drain();
}

// LET_GO. If the slot is queued already, drain_let_go() counts this put as well.
void slots::queue_to_let_go(std::uint32_t slot) noexcept {
    core::shared_local& local = local_at(slot);
    if (local.last_puts.fetch_add(1, base::acq_rel) != 0) return;
    std::uint32_t first = let_go_.load(base::relaxed);
    do {
        local.next_to_let_go = first;
    } while (!let_go_.compare_exchange_weak(first, slot, base::acq_rel, base::relaxed)); // LET_GO, push
}

// LET_GO. A thread that could not take the lock has pushed before its second try. If the write of that try comes before
// this unlock, the push is seen here; if after it, that thread finds the lock free, or a later owner.
void slots::unlock_and_drain() noexcept {
    for (;;) {
        lock.unlock();
        if (let_go_.load(base::acquire) == nobody || !lock.try_lock()) return;
        drain_let_go();
    }
}

// LET_GO. Takes last_puts before it reads the reference count; a later last put queues the slot again.
void slots::drain_let_go() noexcept {
    if (let_go_.load(base::relaxed) == nobody) return;
    std::uint32_t slot = let_go_.exchange(nobody, base::acq_rel);
    while (slot != nobody) {
        core::shared_local& local = local_at(slot);
        const std::uint32_t next = local.next_to_let_go;
        let_go(slot, local.last_puts.exchange(0, base::acq_rel));
        slot = next;
    }
}

// With the lock.
void slots::let_go(std::uint32_t slot, std::uint32_t last_puts) noexcept {
    EFD_CHECK(held_ >= last_puts);
    held_ -= last_puts;
    if (local_at(slot).part.refs.read() > 0 || !has_rows()) return; // found again meanwhile
    let_bit_go(slot);
    if (try_free(slot, local_at(slot).generation)) note_freed(slot);
}

// TENANT: the mark `named` is in the same word.
status slots::set_named(object_id id, bool named) noexcept {
    if (slot_of(id) >= parts_.where.slots) return status::stale;
    const slots_guard own(*this);
    base::atomic<tenant_word>& tenant = tenant_at(slot_of(id));
    tenant_word word = tenant.load(base::acquire);
    for (int turns = 0; turns < most_turns && is_tenant(word, id); ++turns) {
        const tenant_word after = named ? word | tenant_named : word & ~tenant_named;
        if (!tenant.compare_exchange_weak(word, after, base::acq_rel, base::acquire)) continue;
        if (!named && !somebody_has(row::held, slot_of(id))) (void)try_free(slot_of(id), generation_of_id(id));
        return status::ok;
    }
    return status::stale;
}

std::uint32_t slots::free_orphans_locked() noexcept {
    std::uint32_t freed = 0;
    const auto free_it = [&](std::uint32_t slot) {
        const tenant_word tenant = tenant_at(slot).load(base::acquire);
        if (!is_free(tenant) && !is_named(tenant) && try_free(slot, generation_of(tenant))) ++freed;
        return false; // and the others
    };
    for (std::uint32_t word = 0; word < row_words(); ++word) any_slot_of(~bits_of_all(row::held, word), word, free_it);
    return freed;
}

// Frees what was queued while the fork had the lock.
void slots::after_fork() noexcept {
    lock.after_fork();
    if (lock.try_lock_after_owner()) unlock_and_drain();
}

std::uint32_t slots::free_orphans() noexcept {
    const slots_guard own(*this);
    return free_orphans_locked();
}

} // namespace efd::share
