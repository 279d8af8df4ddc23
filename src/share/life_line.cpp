// SPDX-License-Identifier: MIT
// share/life_line.cpp: see life_line.hpp.
#include "share/life_line.hpp"

#include "os/fd.hpp"
#include "os/proc_fd.hpp"
#include "os/record_lock.hpp"

#include <efd/detail/base/check.hpp>

#include <utility>

namespace efd::share {
namespace {

// A page that was never written stays so.
void clear_row(base::atomic<std::uint64_t>* row, std::size_t words) noexcept {
    for (std::size_t i = 0; i < words; ++i)
        if (row[i].load(base::relaxed) != 0) row[i].store(0, base::relaxed);
}

} // namespace

life_line::life_line(life_line&& other) noexcept
    : table_(other.table_), memory_(other.memory_), own_(std::exchange(other.own_, {})),
      child_(std::exchange(other.child_, {})) {}

life_line& life_line::operator=(life_line&& other) noexcept {
    if (this == &other) return *this;
    give_back();
    table_ = other.table_;
    memory_ = other.memory_;
    own_ = std::exchange(other.own_, {});
    child_ = std::exchange(other.child_, {});
    return *this;
}

// ---- An index, and the lock that says that its owner lives.

// LIFE_LINE. Call with the lock of the index: its former owner is dead, or gave it back.
void life_line::end_entry(std::uint32_t index) const noexcept {
    clear_row(table_.rows + index * table_.row_words, table_.row_words);
    process_entry& entry = table_.entries[index];
    entry.pid.store(0, base::relaxed);
    entry.in_use.store(0, base::release);
}

void life_line::bury(std::uint32_t index) const noexcept {
    if (table_.on_death != nullptr)
        table_.on_death(table_.whose, index, table_.entries[index].serial.load(base::acquire));
    end_entry(index);
}

// LIFE_LINE, claim.
void life_line::begin_entry(std::uint32_t index) const noexcept {
    process_entry& entry = table_.entries[index];
    if (entry.in_use.load(base::acquire) != 0)
        bury(index);
    else
        end_entry(index);
    entry.serial.fetch_add(1, base::acq_rel);
    entry.pid.store(os::pid_in_proc(), base::relaxed);
    entry.in_use.store(1, base::release);
}

bool life_line::try_index(int fd, std::uint32_t index) const noexcept {
    return os::try_lock(fd, table_.byte_of(index)) == os::lock_end::taken;
}

bool life_line::try_indexes(int fd, bool unused_only, std::uint32_t& taken) const noexcept {
    for (std::uint32_t i = 0; i < table_.processes; ++i) {
        if (unused_only && table_.entries[i].in_use.load(base::relaxed) != 0) continue;
        if (!try_index(fd, i)) continue;
        taken = i;
        return true;
    }
    return false;
}

outcome life_line::claim_index(int memory, held_index& made) const noexcept {
    const int opened = os::open_anew(memory);
    if (opened < 0) return outcome_of_file(opened);
    held_index held{os::to_high_number(opened), no_index};
    const bool is_same = !memory_.known || os::facts_of(held.fd).is_same_file(memory_);
    if (!is_same || (!try_indexes(held.fd, true, held.index) && !try_indexes(held.fd, false, held.index))) {
        os::close_known_fd(held.fd);
        return is_same ? refusal::too_many_processes : refusal::bad_descriptor;
    }
    os::note_owner(held.fd, &table_.entries[held.index]);
    begin_entry(held.index);
    made = held;
    return refusal::none;
}

outcome life_line::claim(int memory, const life_table& table, life_line& made) noexcept {
    EFD_CHECK(table.entries != nullptr && table.processes <= processes_most);
    life_line line;
    line.table_ = table;
    if (const outcome what = line.claim_index(memory, line.own_); what.is_refused()) return what;
    line.memory_ = os::facts_of(line.own_.fd);
    made = std::move(line);
    return refusal::none;
}

void life_line::give_back() noexcept {
    if (holds(child_)) end_entry(child_.index);
    close_if_held(child_);
    if (holds(own_)) end_entry(own_.index);
    close_if_held(own_);
}

// ---- Whose the descriptor is.

// The note rules out a later life line of this process, the file another file, and the lock another descriptor of the
// arena's file.
bool life_line::holds(const held_index& held) const noexcept {
    return held.index != no_index && os::is_owner(held.fd, &table_.entries[held.index]) &&
           os::facts_of(held.fd).is_same_file(memory_) && os::holds_lock(held.fd, table_.byte_of(held.index));
}

// Closing gives the lock up, unless a child has the same open file description.
void life_line::close_if_held(held_index& held) const noexcept {
    if (holds(held)) {
        os::note_owner(held.fd, nullptr);
        os::close_known_fd(held.fd);
    }
    held = {};
}

bool life_line::is_ours() const noexcept { return holds(own_); }

// ---- Whether others live.

life life_line::look_at(std::uint32_t index) const noexcept {
    if (index >= table_.processes) return life::dead;
    if (index == own_.index) return is_ours() ? life::alive : life::unknown;
    if (os::held_by_others(own_.fd, table_.byte_of(index)) == os::lock_look::held) return life::alive;
    return is_ours() ? life::dead : life::unknown;
}

life life_line::look_at_others() const noexcept {
    const os::byte_range all{table_.first_lock_byte, table_.processes};
    if (os::held_by_others(own_.fd, all) == os::lock_look::held) return life::alive;
    return is_ours() ? life::dead : life::unknown;
}

// ---- The dead.

// fd: opened for this reaping alone, so that threads of one process exclude each other as processes do. The lock is
// given up by name, as a child of a fork may have the descriptor too.
bool life_line::reap_index(int fd, std::uint32_t index) const noexcept {
    if (!try_index(fd, index)) return false;
    const bool is_first = table_.entries[index].in_use.load(base::acquire) != 0;
    if (is_first) bury(index);
    os::unlock(fd, table_.byte_of(index));
    return is_first;
}

unsigned life_line::reap() const noexcept {
    if (!is_ours()) return 0;
    int fresh = -1;
    unsigned reaped = 0;
    for (std::uint32_t i = 0; i < table_.processes; ++i) {
        if (i == own_.index || table_.entries[i].in_use.load(base::relaxed) == 0) continue;
        if (os::held_by_others(own_.fd, table_.byte_of(i)) != os::lock_look::free) continue;
        if (fresh < 0) fresh = os::open_anew(own_.fd);
        if (fresh < 0 || !os::facts_of(fresh).is_same_file(memory_)) break;
        if (reap_index(fresh, i)) ++reaped;
    }
    if (fresh >= 0) os::close_known_fd(fresh);
    return reaped;
}

// ---- A fork.

outcome life_line::prepare_child() noexcept {
    close_if_held(child_); // of a fork whose handlers did not run
    if (!is_ours()) return refusal::bad_descriptor;
    return claim_index(own_.fd, child_);
}

void life_line::in_parent() noexcept {
    const std::uint32_t index = child_.index;
    close_if_held(child_);
    if (index == no_index || look_at(index) != life::dead) return;
    if (const int fresh = os::open_anew(own_.fd); fresh >= 0) {
        if (os::facts_of(fresh).is_same_file(memory_)) (void)reap_index(fresh, index);
        os::close_known_fd(fresh);
    }
}

void life_line::in_child() noexcept {
    close_if_held(own_); // the parent has it, alone from now on
    own_ = std::exchange(child_, {});
    if (own_.index != no_index) table_.entries[own_.index].pid.store(os::pid_in_proc(), base::relaxed);
}

} // namespace efd::share
