// SPDX-License-Identifier: MIT
// share/range.hpp: the one range of addresses that every arena of this process is mapped into.
//
// The first mapping reserves the range, which costs no memory, and makes the table of its windows
// (core/shared_slots.hpp). A mapping owns a run of windows: those of its slots name its core::shared_slots, those of
// what lies before its slots stay null. Any thread may make and release mappings; a lock that every fork takes
// orders them.
#pragma once

#include "core/set_bells.hpp"
#include "core/shared_slots.hpp"
#include "share/layout.hpp"
#include "share/refusal.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::share {

inline constexpr std::uint64_t window_bytes = std::uint64_t{1} << core::window_shift;
inline constexpr std::uintptr_t locals_at = layout_page; // in the private part: after core::shared_slots

constexpr std::uint64_t bells_at(const layout& l) noexcept {
    return rounded_up(locals_at + (std::uint64_t{l.slots} + l.sets) * sizeof(core::shared_local), line_bytes);
}

// How many windows a mapping takes before its first slot, from there on, and for what this process alone knows. The
// first slot begins a window.
struct window_run {
    std::uint64_t before;
    std::uint64_t of_slots;
    std::uint64_t own;
    [[nodiscard]] constexpr std::uint64_t all() const noexcept { return before + of_slots + own; }
};
constexpr window_run windows_for(const layout& l) noexcept {
    return {rounded_up(l.slots_at, window_bytes) / window_bytes,
            rounded_up(l.bytes - l.slots_at, window_bytes) / window_bytes,
            rounded_up(bells_at(l) + l.sets * sizeof(core::set_bell), window_bytes) / window_bytes};
}
static_assert(windows_for(layout_of({})).before == 1 && windows_for(layout_of({})).of_slots == 1);

// An arena's memory in the range, with the private memory beside it. Released when this process has no handle to an
// object of it. A thread may be in its last steps of a call on such an object all the same (LAST_PUT): so its addresses
// stay mapped, to private memory, and the table of windows still says whose they were, until another arena comes.
class range_mapping {
  public:
    constexpr range_mapping() noexcept = default;
    range_mapping(range_mapping&& other) noexcept { *this = static_cast<range_mapping&&>(other); }
    range_mapping& operator=(range_mapping&& other) noexcept;
    ~range_mapping() { reset(); }

    // Maps the memory of that layout that begins at `offset` of the file. no_memory: no addresses for it.
    static outcome map(int descriptor, std::uint64_t offset, const layout& where, range_mapping& made) noexcept;
    void reset() noexcept;

    [[nodiscard]] bool is_mapped() const noexcept { return header_ != nullptr; }
    [[nodiscard]] std::byte* header() const noexcept { return header_; }
    [[nodiscard]] core::shared_slots* slots() const noexcept { return slots_; }

  private:
    outcome map_at(std::uint32_t first, int descriptor, std::uint64_t offset, const layout& where) noexcept;

    std::byte* header_ = nullptr;
    std::uintptr_t bytes_ = 0;
    std::uint32_t first_window_ = 0;
    std::uint32_t windows_ = 0;
    std::uint64_t own_windows_ = 0;
    core::shared_slots* slots_ = nullptr;
};

// For the fork handlers of arenas: the lock of the range is taken after theirs, as where an arena begins and ends. In
// both processes.
void range_before_fork() noexcept;
void range_after_fork() noexcept;
void range_after_fork_in_child() noexcept;

// How many windows of the range are in use; for tests.
[[nodiscard]] std::uint32_t windows_in_use() noexcept;

} // namespace efd::share
