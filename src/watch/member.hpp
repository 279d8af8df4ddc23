// SPDX-License-Identifier: MIT
// watch/member.hpp: one place of a wait_set: the object that stands there, and the threads that are taking from it.
//
// Belongs to the set for ever, even while it is free; a signaller may notify it late, at any time. A waiter enters
// before it touches the object and exits after; a removal shuts the place and waits until all have left, so no thread
// takes from an object after its removal returned, and no reference is needed to look. Any thread; enter and exit also
// in signal handlers.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/context.hpp>
#include <efd/detail/watch/set_event.hpp>

#include "core/watchers.hpp"
#include "os/fd.hpp"
#include "watch/presence.hpp"

#include <cstdint>

namespace efd::watch {

class set_core;
struct member;

// A descriptor is `joining` until the kernel has accepted it: the kernel may report it already, and it is no member
// yet. As wide as a word: others look at it while a member comes and goes.
// NOLINTNEXTLINE(performance-enum-size)
enum class member_kind : std::uint32_t { free, object, set, descriptor, joining };
enum class shut_end : unsigned char { shut, busy, was_not_open };

// What only a descriptor or a set needs, in memory of its own that is made once a set has such a member.
struct member_rest {
    std::int32_t descriptor = -1; // -1 also once another file has the number
    std::uint32_t events = 0;
    os::file_identity file;                   // of the descriptor, when it was added
    std::uint32_t generation = 0;             // of the descriptors that stood at this place
    base::atomic<std::uint32_t> has_fired{0}; // EPOLLONESHOT, and reported
    member* next_left = nullptr;              // of a set that has left: the next whose nesting is forgotten
};

// One cache line: all that a write to the object and a take from it touch. A place that was never in use is zeroed
// memory: free, and never found.
struct alignas(64) member : core::permanent_watcher {
    // False, and not inside, while the place is shut or free. `visit` is for exit.
    [[nodiscard]] bool enter(std::uint32_t& visit) noexcept;
    void exit(std::uint32_t visit) noexcept;

    void open() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return (inside.load(base::acquire) & shut_mark) == 0; }
    // Shuts the place and waits for threads inside. Of several callers one has shut it. busy: inside a callback, while
    // a thread is inside; it was open throughout.
    [[nodiscard]] shut_end shut() noexcept;
    [[nodiscard]] set_event event(std::uint64_t value, std::uint32_t events) const noexcept {
        const std::uint64_t own = token.load(base::relaxed);
        return {own, value, events, own};
    }
    // A member stands here; for a walk over all places.
    [[nodiscard]] bool is_taken() const noexcept {
        const member_kind now = kind.load(base::acquire);
        return now != member_kind::free && now != member_kind::joining && is_open();
    }

    set_core* owner = nullptr;
    base::atomic<core::context*> object{nullptr};
    base::atomic<std::uint64_t> token{0};
    set_core* inner = nullptr;
    std::uint32_t index = 0;
    presence::word inside{shut_mark};
    presence::word awaited{0};                         // by threads that wait for all members
    std::uint32_t number_in_arena = 0;                 // of an object of an arena, in set_arena.cpp
    base::atomic<member_kind> kind{member_kind::free}; // not free: all else of it is written
    base::atomic<std::uint32_t> next_free{0};          // of a free one: as in set_core::free_places_

    static constexpr std::uint32_t shut_mark = presence::owners_mark;
};
static_assert(sizeof(member) == 64, "a member is one cache line");

} // namespace efd::watch
