// SPDX-License-Identifier: MIT
// share/range.cpp: see range.hpp.
#include "share/range.hpp"

#include "os/fork_lock.hpp"
#include "os/shared_memory.hpp"

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/check.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <new>
#include <utility>

namespace efd::share {
namespace {

using window = base::atomic<core::shared_slots*>;

constexpr bool has_wide_addresses = sizeof(void*) == 8;
constexpr std::uint64_t first_try_bytes = std::uint64_t{1} << (has_wide_addresses ? 40 : 29);
// Of a process with a limit of addresses, the range takes this part at most, or what its first mapping needs.
constexpr std::uintptr_t part_of_limit = 8;
constexpr std::uint32_t none = UINT32_MAX;
constexpr std::uint32_t word_bits = 64;

// The windows in use, a bit for each. Everything here is read and changed with `lock` held.
struct window_table {
    os::fork_lock lock;
    std::byte* base = nullptr; // null: nothing is reserved yet
    std::uint32_t windows = 0;
    std::uint32_t in_use = 0;
    std::uint64_t* used = nullptr;

    [[nodiscard]] bool is_used(std::uint32_t at) const noexcept {
        return (used[at / word_bits] >> at % word_bits & 1U) != 0;
    }
    void mark(std::uint32_t first, std::uint32_t number, bool as_used) noexcept;
    [[nodiscard]] std::uint32_t find_run(std::uint32_t number) const noexcept;
    [[nodiscard]] bool reserve(std::uint64_t least) noexcept;
    [[nodiscard]] bool begin_at(void* begin, std::uint32_t number) noexcept;
};
constinit window_table table;

void window_table::mark(std::uint32_t first, std::uint32_t number, bool as_used) noexcept {
    for (std::uint32_t at = first; at < first + number; ++at) {
        EFD_CHECK(is_used(at) != as_used);
        used[at / word_bits] ^= std::uint64_t{1} << at % word_bits;
    }
    in_use += as_used ? number : 0 - number;
}

// The first run of that many free windows.
std::uint32_t window_table::find_run(std::uint32_t number) const noexcept {
    std::uint32_t length = 0;
    for (std::uint32_t at = 0; at < windows;) {
        const std::uint64_t word = used[at / word_bits];
        const bool is_whole = at % word_bits == 0 && windows - at >= word_bits && (word == 0 || word == ~0ULL);
        const std::uint32_t step = is_whole ? word_bits : 1;
        length = is_used(at) ? 0 : length + step;
        at += step;
        if (length >= number) return at - length;
    }
    return none;
}

// ARENA_RANGE. The table is complete before the range can be found by an address: a reader loads `bytes` first
// (acquire).
bool window_table::begin_at(void* begin, std::uint32_t number) noexcept {
    const std::uintptr_t table_bytes = std::uintptr_t{number} * sizeof(window);
    const auto used_bytes = static_cast<std::uintptr_t>(rounded_up(number, word_bits) / 8);
    void* const entries = os::map_zeroed_unreserved(table_bytes);
    void* const bits = os::map_zeroed_unreserved(used_bytes);
    if (entries == nullptr || bits == nullptr) {
        if (entries != nullptr) os::unmap(entries, table_bytes);
        if (bits != nullptr) os::unmap(bits, used_bytes);
        return false;
    }
    base = static_cast<std::byte*>(begin);
    windows = number;
    used = static_cast<std::uint64_t*>(bits);
    core::range.windows.store(static_cast<window*>(entries), base::release);
    core::range.base.store(reinterpret_cast<std::uintptr_t>(begin), base::release);
    core::range.bytes.store(std::uintptr_t{number} << core::window_shift, base::release);
    return true;
}

// Once in a process, if it succeeds.
bool window_table::reserve(std::uint64_t least) noexcept {
    if (base != nullptr) return true;
    const std::uint64_t allowed = os::address_limit() / part_of_limit / window_bytes * window_bytes;
    std::uint64_t bytes = std::max(least, std::min(first_try_bytes, allowed));
    for (;; bytes = std::max(least, bytes / 2 / window_bytes * window_bytes)) {
        void* const begin = os::reserve_addresses(static_cast<std::uintptr_t>(bytes));
        if (begin != nullptr) {
            if (begin_at(begin, static_cast<std::uint32_t>(bytes / window_bytes))) return true;
            os::release_reserved(begin, static_cast<std::uintptr_t>(bytes));
        }
        if (bytes == least) return false;
    }
}

// ARENA_RANGE.
void name_windows(std::uint32_t first, std::uint64_t number, core::shared_slots* slots) noexcept {
    window* const entries = core::range.windows.load(base::acquire);
    for (std::uint64_t i = 0; i < number; ++i) entries[first + i].store(slots, base::release);
}

constexpr std::int64_t ns_per_ms = 1'000'000;

} // namespace

// With the lock held. What this has taken is released again by the destructor, but for the run: it is not marked yet.
outcome range_mapping::map_at(std::uint32_t first, int descriptor, std::uint64_t offset, const layout& where) noexcept {
    const window_run run = windows_for(where);
    const auto first_slot_at = static_cast<std::uintptr_t>((first + run.before) * window_bytes);
    std::byte* const header = table.base + first_slot_at - static_cast<std::uintptr_t>(where.slots_at);
    const auto bytes = static_cast<std::uintptr_t>(where.bytes);
    const auto windows = static_cast<std::uint32_t>(run.all());
    if (const int refused = os::map_file_at(header, bytes, descriptor, offset); refused < 0) {
        // Before Linux 6.12 a call that fails may leave the addresses unreserved. If they are taken, by the reservation
        // or by a foreign mapping, nobody can say by which: this run is not used again.
        if (!os::reserve_exactly(header, bytes)) table.mark(first, windows, true);
        return outcome_of(refused);
    }
    std::byte* const own = table.base + static_cast<std::uintptr_t>((first + run.before + run.of_slots) * window_bytes);
    if (!os::map_zeroed_at(own, static_cast<std::uintptr_t>(run.own * window_bytes))) {
        (void)os::reserve_again(header, bytes);
        return refusal::no_memory;
    }
    header_ = header;
    bytes_ = bytes;
    first_window_ = first;
    windows_ = windows;
    own_windows_ = run.own;
    slots_ = new (own) core::shared_slots;
    slots_->locals = reinterpret_cast<core::shared_local*>(own + locals_at); // zeroed memory is a shared_local
    slots_->sets.bells = reinterpret_cast<core::set_bell*>(own + static_cast<std::uintptr_t>(bells_at(where)));
    slots_->first_slot = reinterpret_cast<std::uintptr_t>(table.base) + first_slot_at;
    slots_->number = where.slots + where.sets;
    slots_->objects = where.slots;
    slots_->first_look_ns = where.first_look_ms * ns_per_ms;
    slots_->last_look_ns = where.last_look_ms * ns_per_ms;
    table.mark(first, windows, true);
    name_windows(first, run.before, nullptr); // an earlier arena may have had its slots here
    name_windows(first + static_cast<std::uint32_t>(run.before), run.of_slots, slots_);
    name_windows(first + static_cast<std::uint32_t>(run.before + run.of_slots), run.own, nullptr);
    return refusal::none;
}

outcome range_mapping::map(int descriptor, std::uint64_t offset, const layout& where, range_mapping& made) noexcept {
    constexpr std::uint64_t addresses = std::numeric_limits<std::uintptr_t>::max() / 2;
    const window_run run = windows_for(where);
    const std::uint64_t windows = run.all();
    if (windows * window_bytes > addresses) return refusal::no_memory;
    range_mapping fresh; // outlives the lock, which its destructor takes
    {
        const std::lock_guard only(table.lock);
        if (!table.reserve(windows * window_bytes)) return refusal::no_memory;
        const std::uint32_t first = table.find_run(static_cast<std::uint32_t>(windows));
        if (first == none) return refusal::no_memory;
        const outcome done = fresh.map_at(first, descriptor, offset, where);
        if (done.is_refused()) return done;
    }
    made = std::move(fresh);
    return refusal::none;
}

range_mapping& range_mapping::operator=(range_mapping&& other) noexcept {
    if (this == &other) return *this;
    reset();
    header_ = std::exchange(other.header_, nullptr);
    bytes_ = other.bytes_;
    first_window_ = other.first_window_;
    windows_ = other.windows_;
    own_windows_ = other.own_windows_;
    slots_ = std::exchange(other.slots_, nullptr);
    return *this;
}

void range_mapping::reset() noexcept {
    if (header_ == nullptr) return;
    const std::lock_guard only(table.lock);
    const auto own_bytes = static_cast<std::uintptr_t>(own_windows_ * window_bytes);
    std::byte* const own = reinterpret_cast<std::byte*>(slots_);
    // If there is no memory for it the run is not used again, and the arena stays mapped.
    if (os::map_zeroed_at(header_, bytes_) && os::map_zeroed_at(own + locals_at, own_bytes - locals_at))
        table.mark(first_window_, windows_, false);
    header_ = nullptr;
    slots_ = nullptr;
}

void range_before_fork() noexcept { table.lock.before_fork(); }
void range_after_fork() noexcept { table.lock.after_fork(); }
void range_after_fork_in_child() noexcept { table.lock.after_fork_in_child(); }

std::uint32_t windows_in_use() noexcept {
    const std::lock_guard only(table.lock);
    return table.in_use;
}

} // namespace efd::share
