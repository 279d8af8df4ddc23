// watch/doorbell.hpp: a real kernel eventfd beside an object, for event loops; made when first asked for.
//
// Owns one descriptor, which only says ready or not and never carries the count: it is to be watched, not read.
// `level`: readable while the count is above zero, writable while there is room. `armed`: each arm() that did not find
// the object ready already is answered by one ring, an edge. One thread at a time works on the descriptor; who finds it
// busy leaves its request in the word and goes on, so nobody waits and any of this may run in a signal handler, but for
// making the descriptor. Invariant (LEVEL in docs/races.md): when no call is in progress, a level descriptor says what
// poll() says.
#pragma once

#include <efd/base/atomic.hpp>
#include <efd/base/status.hpp>
#include <efd/core/context.hpp>

#include "core/bell.hpp"

#include <cstdint>

namespace efd::watch {

enum class ring_way : unsigned char { level, armed };

class doorbell : public core::bell {
  public:
    // The descriptor of the object, made now if there is none. invalid: it has one of the other way. no_descriptor,
    // table_full, no_memory: the kernel gave none, and nothing is left behind.
    [[nodiscard]] static base::status open(core::context& object, ring_way way, int& fd) noexcept;

    // What of `events` holds already; or none of it, and then the next change towards them rings once. invalid: the
    // object has no armed descriptor.
    [[nodiscard]] static base::status arm(core::context& object, std::uint32_t events, std::uint32_t& ready) noexcept;

    // For an object that nobody else knows yet: the caller's bell, which is readable if the count is above zero,
    // becomes the object's level descriptor. no_memory: it stays the caller's.
    [[nodiscard]] static base::status adopt(core::context& object, int fd) noexcept;

    // The file above a level descriptor is gone, the object may live on: nobody who watched is told any more, the
    // object has no descriptor, and gets none.
    static void retire(core::context& object) noexcept;

    doorbell(const doorbell&) = delete;
    doorbell& operator=(const doorbell&) = delete;

  private:
    explicit doorbell(core::context& slot) noexcept;

    [[nodiscard]] static doorbell* of_slot(core::context& object) noexcept;
    [[nodiscard]] base::status open_here(ring_way way, int& fd) noexcept;
    void note_born_ringing() noexcept;
    [[nodiscard]] static bool is_armed_way(int place) noexcept;
    [[nodiscard]] static bool is_retired(int place) noexcept;

    static void told(core::bell& bell, core::context& object, std::uint32_t key);
    void end() noexcept;
    void forget() noexcept;
    [[nodiscard]] int fd_here() const noexcept;
    [[nodiscard]] std::int32_t done() const noexcept { return static_cast<std::int32_t>(done_.load(base::acquire)); }
    void ring() noexcept;
    void ring_armed() noexcept;
    void told_armed(std::uint32_t key) noexcept;
    [[nodiscard]] std::uint32_t request() noexcept;
    [[nodiscard]] bool surely_rung(std::uint32_t seen) const noexcept;
    void look() noexcept;
    void show(std::uint64_t count, bool& took) noexcept;
    void silence(bool& took) noexcept;

    static void after_fork() noexcept;
    void renew() noexcept;

    core::context& object_; // of the slot: the bell stays with it, from one object to the next
    base::atomic<int> place_;
    base::atomic<std::uint32_t> word_{0};
    base::atomic<std::uint32_t> begun_{0}; // rings, less those that were silenced
    base::atomic<std::uint32_t> done_{0};  // of these, the ones that have surely rung; below zero for a moment
    bool full_ = false;                    // who is busy may touch this: the bell shows that there is no room
    doorbell* next_made_ = nullptr;
};

} // namespace efd::watch
