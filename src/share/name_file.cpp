// SPDX-License-Identifier: MIT
// share/name_file.cpp: see name_file.hpp.
#include "share/name_file.hpp"

#include "os/fd.hpp"
#include "os/proc_fd.hpp"
#include "os/record_lock.hpp"
#include "share/name_place.hpp"

#include <efd/detail/base/atomic.hpp>

#include <algorithm>
#include <cerrno>

namespace efd::share {
namespace {

constexpr os::byte_range name_byte{name_lock_byte, 1};
constexpr os::byte_range all_records{name_life_byte, records_most};
constexpr os::byte_range life_of_record(std::uint32_t index) noexcept { return {name_life_byte + index, 1}; }

bool lives_any(int fd) noexcept { return os::held_by_others(fd, all_records) == os::lock_look::held; }

// Call without the lock of the name and without a record. Of the processes that leave a name at once the last one
// removes the file: one that finds the lock taken leaves it to the process that has it, which looks again after it has
// let go.
void remove_if_last(const name_place& place, int fd) noexcept {
    constexpr int most = 8; // others may come in between
    for (int i = 0; i < most; ++i) {
        if (lives_any(fd) || os::try_lock(fd, name_byte) != os::lock_end::taken) return;
        const bool is_last = !lives_any(fd);
        if (is_last) unlink_place(place, fd);
        os::unlock(fd, name_byte);
        if (is_last) return;
    }
}

// Each claim has an owner of its own in the notes of numbers, so that an earlier claim of this process does not close
// the descriptor of a later one.
const void* next_owner() noexcept {
    static constexpr std::array<char, 4096> owners{};
    static constinit base::atomic<std::uint32_t> last{0};
    return &owners[last.fetch_add(1, base::relaxed) % owners.size()];
}

} // namespace

// ---- The lock of a name.

namespace {

outcome try_lock_of_name(int fd) noexcept {
    switch (os::try_lock(fd, name_byte)) {
    case os::lock_end::taken: return refusal::none;
    case os::lock_end::held_by_another: return refusal::name_busy;
    case os::lock_end::not_possible: break;
    }
    return {refusal::system, ENOLCK};
}

} // namespace

outcome name_lock::open_and_lock(int directory, bool may_make) noexcept {
    const int opened = os::open_file_in(directory, place_.file.data(), may_make);
    if (opened == -ENOENT) return may_make ? refusal::bad_directory : refusal::not_found; // the directory is gone
    if (opened == -ELOOP || opened == -EACCES || opened == -EISDIR || opened == -ENXIO) return refusal::bad_directory;
    if (opened < 0) return outcome_of_file(opened);
    const os::file_facts facts = os::facts_of(opened);
    outcome what = refusal::bad_directory;
    if (facts.is_regular && facts.is_private_of(os::effective_user())) what = try_lock_of_name(opened);
    // Another process may have removed the file between its opening and the lock.
    if (!what.is_refused() && !os::facts_in(directory, place_.file.data()).is_same_file(facts))
        what = refusal::name_busy;
    if (what.is_refused())
        os::close_known_fd(opened);
    else
        fd_ = os::to_high_number(opened);
    return what;
}

outcome name_lock::enter(std::string_view name, bool may_make) noexcept {
    leave();
    int directory = -1;
    if (const outcome what = find_place(name, may_make, place_, directory); what.is_refused()) return what;
    const outcome what = open_and_lock(directory, may_make);
    os::close_known_fd(directory);
    return what;
}

void name_lock::leave() noexcept {
    if (fd_ < 0) return;
    os::unlock(fd_, name_byte); // by name: a child of a fork may have the descriptor too
    remove_if_last(place_, fd_);
    os::close_known_fd(std::exchange(fd_, -1));
}

// ---- Who holds the arena.

bool name_lock::has_living() const noexcept { return lives_any(fd_); }

namespace {

// A record may be a dead process's until the one that has taken its lock has written it.
bool is_record(int fd, std::uint32_t index, const name_record& known) noexcept {
    std::array<std::byte, sizeof(name_record)> again{};
    if (os::read_at(fd, again.data(), again.size(), record_at(index)) < 0) return true;
    const name_record record = parse_record(again, 0);
    return record.pid == known.pid && record.descriptor == known.descriptor &&
           record.pid_namespace == known.pid_namespace;
}

} // namespace

// One process after the other. name_busy: all that live leave the name just now, or end: their lock is still there, and
// what it stands for is not.
outcome name_lock::walk(try_function* try_one, void* body, const identity& arena) const noexcept {
    constexpr std::uint32_t at_once = 64;
    static_assert(records_most % at_once == 0);
    std::array<std::byte, at_once * sizeof(name_record)> block{};
    const std::uint64_t own_namespace = os::pid_namespace();
    outcome why = refusal::not_found;
    bool is_leaving = true;
    for (std::uint32_t first = 0; first < records_most; first += at_once) {
        const int bytes = os::read_at(fd_, block.data(), block.size(), record_at(first));
        if (bytes <= 0) break;
        for (std::uint32_t i = 0; i < at_once; ++i) {
            const name_record record = parse_record(std::span(block).first(static_cast<std::size_t>(bytes)), i);
            if (record.pid == 0 || os::held_by_others(fd_, life_of_record(first + i)) != os::lock_look::held) continue;
            if (own_namespace != 0 && record.pid_namespace != own_namespace) {
                why = refusal::other_pid_namespace;
                continue;
            }
            const int fd = os::open_of(record.pid, record.descriptor);
            if (fd >= 0 && try_one(body, fd, arena)) return refusal::none;
            if (fd >= 0) {
                os::close_known_fd(fd);
                if (is_record(fd_, first + i, record)) is_leaving = false; // the caller has seen what it holds
            } else if (fd != -ESRCH && fd != -EINVAL) {
                why = outcome_of_file(fd);
            }
        }
    }
    return why == refusal::not_found && is_leaving ? refusal::name_busy : why;
}

outcome name_lock::find_by(try_function* try_one, void* body) const noexcept {
    std::array<std::byte, sizeof(name_header)> head{};
    identity arena{};
    if (os::read_at(fd_, head.data(), head.size(), 0) < 0 || !parse_name_header(head, arena)) return refusal::not_found;
    return has_living() ? walk(try_one, body, arena) : refusal::not_found;
}

outcome name_lock::begin(const identity& arena) noexcept {
    if (has_living()) return refusal::exists;
    const name_header header = header_for(arena);
    int result = os::truncate_to(fd_, 0);
    if (result >= 0) result = os::write_at(fd_, &header, sizeof header, 0);
    return outcome_of_file(std::min(result, 0));
}

outcome name_lock::publish(int descriptor, name_claim& made) noexcept {
    name_claim claim;
    claim.place_ = place_;
    if (const outcome what = claim.take_record(fd_, static_cast<std::uint32_t>(descriptor)); what.is_refused())
        return what;
    os::unlock(fd_, name_byte);
    fd_ = -1;
    made = std::move(claim);
    return refusal::none;
}

// ---- A record.

name_claim::name_claim(name_claim&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), record_(std::exchange(other.record_, no_record)),
      descriptor_(other.descriptor_), owner_(other.owner_), file_(other.file_), place_(other.place_) {}

name_claim& name_claim::operator=(name_claim&& other) noexcept {
    if (this == &other) return *this;
    give_back();
    fd_ = std::exchange(other.fd_, -1);
    record_ = std::exchange(other.record_, no_record);
    descriptor_ = other.descriptor_;
    owner_ = other.owner_;
    file_ = other.file_;
    place_ = other.place_;
    return *this;
}

// A record whose lock is free has no living process, whatever it says. The lock comes first: nothing is read of a
// record without one.
outcome name_claim::take_record(int fd, std::uint32_t descriptor) noexcept {
    const name_record own{os::pid_in_proc(), descriptor, os::pid_namespace()};
    for (std::uint32_t i = 0; i < records_most; ++i) {
        if (os::try_lock(fd, life_of_record(i)) != os::lock_end::taken) continue;
        if (const int result = os::write_at(fd, &own, sizeof own, record_at(i)); result < 0) {
            os::unlock(fd, life_of_record(i));
            return outcome_of_file(result);
        }
        fd_ = fd;
        record_ = i;
        descriptor_ = descriptor;
        file_ = os::facts_of(fd);
        owner_ = next_owner();
        os::note_owner(fd, owner_);
        return refusal::none;
    }
    return refusal::too_many_processes;
}

bool name_claim::is_ours() const noexcept {
    return record_ != no_record && os::is_owner(fd_, owner_) && os::facts_of(fd_).is_same_file(file_) &&
           os::holds_lock(fd_, life_of_record(record_));
}

void name_claim::give_back() noexcept {
    if (is_ours()) {
        os::unlock(fd_, life_of_record(record_)); // from now on the record says nothing
        remove_if_last(place_, fd_);
        os::note_owner(fd_, nullptr);
        os::close_known_fd(fd_);
    }
    fd_ = -1;
    record_ = no_record;
}

void name_claim::abandon() noexcept {
    if (is_ours()) {
        os::note_owner(fd_, nullptr);
        os::close_known_fd(fd_);
    }
    fd_ = -1;
    record_ = no_record;
}

// The inherited descriptor keeps the parent's record alive until it is closed, so no process can begin the name anew in
// between.
outcome name_claim::renew_in_child() noexcept {
    if (!is_ours()) {
        abandon();
        return refusal::bad_descriptor;
    }
    name_claim own;
    own.place_ = place_;
    const int fresh = os::open_anew(fd_);
    outcome what = outcome_of_file(std::min(fresh, 0));
    if (!what.is_refused()) {
        const int high = os::to_high_number(fresh);
        what = own.take_record(high, descriptor_);
        if (what.is_refused()) os::close_known_fd(high);
    }
    abandon();
    *this = std::move(own);
    return what;
}

} // namespace efd::share
