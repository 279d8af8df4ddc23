// SPDX-License-Identifier: MIT
// watch/member.hpp: one place of a wait_set: the object that stands there, and the threads that are taking from it.
//
// The place belongs to the set for ever, even while it is free, and a late signaller may notify it at any time. A
// waiter enters before it touches the object and exits afterwards; a take from a plain count need not (TAKE_UNENTERED).
// A removal shuts the place and waits until all threads have exited. So no thread takes from an object after its
// removal has returned, and a thread inside needs no reference. Any thread; enter and exit also in signal handlers.
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

// A descriptor is `joining` until the kernel has accepted it: the kernel may report it already, but it is not yet a
// member. As wide as a word, since it is an atomic that other threads read while a member comes and goes.
// NOLINTNEXTLINE(performance-enum-size)
enum class member_kind : std::uint32_t { free, object, set, descriptor, joining };
enum class shut_end : unsigned char { shut, busy, was_not_open };

// The part that only descriptors and inner sets need. A set allocates it with its first such member.
struct member_rest {
    std::int32_t descriptor = -1; // -1 also once another file has the number
    std::uint32_t events = 0;
    os::file_identity file;                   // of the descriptor, when it was added
    std::uint32_t generation = 0;             // tells the descriptors that use this place one after the other apart
    base::atomic<std::uint32_t> has_fired{0}; // has EPOLLONESHOT, and was reported
    member* next_left = nullptr;              // in the list of inner sets that left and are still counted as nested
};

// One cache line, with all that a write to the object and a take from it use of the member. A place that was never in
// use is zeroed memory: it is free, and no walk finds it.
struct alignas(64) member : core::permanent_watcher {
    // False: the place is shut or free, and the thread is not inside. Pass `visit` to exit.
    [[nodiscard]] bool enter(std::uint32_t& visit) noexcept;
    void exit(std::uint32_t visit) noexcept;

    void open() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return (inside.load(base::acquire) & shut_mark) == 0; }
    // Shuts the place and waits for the threads inside; of several callers one gets `shut`. busy: a thread is inside,
    // and the caller is in a callback and must not wait; the place stays open.
    [[nodiscard]] shut_end shut() noexcept;
    [[nodiscard]] set_event event(std::uint64_t value, std::uint32_t events) const noexcept {
        const std::uint64_t own = token.load(base::relaxed);
        return {own, value, events, own};
    }
    // Whether a member is at this place; for a walk over all places.
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
    base::atomic<member_kind> kind{member_kind::free}; // other than free: all other fields are written
    base::atomic<std::uint32_t> next_free{0};          // while free: the next free place (set_core::free_places_)

    static constexpr std::uint32_t shut_mark = presence::owners_mark;
};
static_assert(sizeof(member) == 64, "a member is one cache line");

} // namespace efd::watch
