// SPDX-License-Identifier: MIT
// watch/doorbell.hpp: a real kernel eventfd beside an object, for event loops; made when first asked for.
//
// Owns one descriptor, which only says ready or not and never carries the count: it is to be watched, not read.
// `level`: readable while the count is above zero, writable while there is room. `armed`: each arm() that did not find
// the object ready is answered by one ring, an edge. `every`: as level, and each add makes an edge. One thread at a
// time works on the descriptor; a thread that finds it busy leaves its request in the word and goes on. So no thread
// waits, and all of this may run in a signal handler, except making the descriptor. Each use first checks that the
// number is still this doorbell's (doorbell_number.cpp). Invariant (LEVEL in docs/races.md): when no call is in
// progress, a level descriptor says what poll() says.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/status.hpp>
#include <efd/detail/core/context.hpp>

#include "core/watchers.hpp"

#include <cstdint>

namespace efd::file {
class open_file;
}

namespace efd::watch {

enum class ring_way : unsigned char { level, armed, every };

class doorbell : public core::doorbell_hook {
  public:
    // The descriptor of the object, made now if there is none. invalid: it has one of another way. no_descriptor,
    // table_full, no_memory: the kernel gave none, and nothing has changed.
    [[nodiscard]] static base::status open(core::context& object, ring_way way, int& fd) noexcept;

    // The part of `events` that holds already; or none, and then the next change towards them rings once. invalid: the
    // object has no armed descriptor.
    [[nodiscard]] static base::status arm(core::context& object, std::uint32_t events, std::uint32_t& ready) noexcept;

    // For an object that no other thread knows yet: the program's number, which names a doorbell that is readable if
    // the count is above zero, becomes the object's descriptor, level or every. It is lent: until a call names it, it
    // is not used here at all. `on_renewed` is called in the child of a fork, with the number of the doorbell made
    // anew, so that the other numbers of its file name that doorbell too. no_memory: nothing has changed.
    struct lent_number {
        int fd;
        const void* owner; // the owner in this number's note
        bool inherited;    // exec does not close it
        ring_way way;      // level or every
        void (*on_renewed)(core::context& object, int bell, int lent) noexcept;
        int (*dup_kept)(core::context& object, int lent, int lost) noexcept; // of a number of its file; -1: none
    };
    [[nodiscard]] static base::status adopt(core::context& object, const lent_number& number) noexcept;
    // For a call that names the lent number. Whether the object has a number of its own for the same file.
    [[nodiscard]] static bool has_own_number(core::context& object) noexcept;
    // Gives it `own`, a duplicate of the lent number; closes `own` if another thread was first.
    static void give_own_number(core::context& object, int own) noexcept;
    // No number is free for a duplicate: the lent number itself is used from now on.
    static void use_lent_number(core::context& object) noexcept;
    // The lent number is about to be closed: it is not used any more.
    static void end_use_of_lent_number(core::context& object) noexcept;
    // Whether the object uses its own number or the lent one.
    [[nodiscard]] static bool is_used(core::context& object) noexcept;

    // The open file of this slot, which file/ keeps here from one object to the next; after adopt.
    [[nodiscard]] static file::open_file*& file_of(core::context& object) noexcept;

    // The level descriptor survives exec: other processes may read it.
    static void let_inherit(core::context& object) noexcept;

    // The file above a level descriptor is gone, the object may live on: its watchers are not notified any more, and
    // the object has no descriptor and gets none.
    static void retire(core::context& object) noexcept;

    // In the child of a fork: gives the object's numbers doorbells of their own, if that has not been done.
    static void repair_in_child(core::context& object) noexcept;
    // The number by which the object's doorbell is rung, or -1: none, lost, or lent and not named by any call yet.
    [[nodiscard]] static int number_of(core::context& object) noexcept;
    // As repair_in_child for all objects; also makes those anew that were closed without efd. The status of the first
    // that failed: no_descriptor, table_full, no_memory. Not for signal handlers.
    [[nodiscard]] static base::status renew_all() noexcept;

    doorbell& operator=(doorbell&&) = delete; // neither copied nor moved

#ifdef EFD_ATOMIC_MODEL
    static void let_second_request_overtake(bool on) noexcept; // for the explorer, whose histories are short
#endif

  private:
    explicit doorbell(core::context& slot) noexcept;

    [[nodiscard]] static doorbell* of_slot(core::context& object) noexcept;
    [[nodiscard]] base::status open_here(ring_way way, int& fd) noexcept;
    void note_born_ringing() noexcept;
    [[nodiscard]] static bool is_lent(int place) noexcept;
    [[nodiscard]] static ring_way way_of(int place) noexcept;
    [[nodiscard]] static int mark_of(ring_way way) noexcept;
    [[nodiscard]] static bool is_armed_way(int place) noexcept;
    [[nodiscard]] static bool is_every_way(int place) noexcept;
    [[nodiscard]] static bool is_retired(int place) noexcept;

    static void on_change_of_object(core::doorbell_hook& hook, core::context& object, std::uint32_t key) noexcept;
    void end() noexcept;
    void close_own_number() noexcept;
    void forget() noexcept;
    [[nodiscard]] int fd_here() const noexcept;
    [[nodiscard]] std::int32_t rings_done() const noexcept {
        return static_cast<std::int32_t>(rings_done_.load(base::acquire));
    }
    [[nodiscard]] bool take_number_again(int failed) noexcept;
    [[nodiscard]] bool write_here(std::uint64_t n) noexcept;
    bool ring() noexcept;
    [[nodiscard]] std::uint32_t rings_begun() const noexcept;
    void ring_armed() noexcept;
    void make_edge() noexcept;
    void on_change_armed(std::uint32_t key) noexcept;
    void on_change_every() noexcept;
    void doubt() noexcept;
    [[nodiscard]] std::uint32_t take_doubt(std::uint64_t wanted) noexcept;
    void answer(std::uint32_t key) noexcept;
    [[nodiscard]] bool stands_rung(std::uint32_t key) noexcept;
    [[nodiscard]] std::uint32_t request() noexcept;
    void look_unless_busy() noexcept;
    [[nodiscard]] bool surely_rung(std::uint32_t word) const noexcept;
    void forget_counted_twice() noexcept;
    void look(std::uint32_t word) noexcept;
    void show(std::uint64_t count, bool& took) noexcept;
    std::uint64_t silence(bool& took) noexcept;
    void empty(bool& took) noexcept;

    // The number, in doorbell_number.cpp.
    [[nodiscard]] bool repair_in_child() noexcept;
    [[nodiscard]] bool repair_slow(std::uint32_t word, std::uint32_t process) noexcept;
    [[nodiscard]] bool make_own() noexcept;
    [[nodiscard]] bool is_unused() const noexcept;
    [[nodiscard]] bool use_as_made() noexcept;
    [[nodiscard]] base::status make_anew(int& place) noexcept;

    static constexpr int nowhere = -1; // else: the number of the descriptor, above four marks
    static constexpr int armed_way = 1 << 0;
    static constexpr int retired = 1 << 1; // beside armed_way: nothing hears its ring
    static constexpr int lent = 1 << 2;    // the number is the program's own
    static constexpr int every_way = 1 << 3;
    static constexpr int number_shift = 4;

    // NOTHING: the kernel is asked after so many consecutive reads that found nothing: first_doubt, and twice as many
    // after each answer without a fault, up to last_doubt.
    static constexpr std::uint32_t first_doubt = 2;
    static constexpr std::uint32_t last_doubt = 1024;

    static constexpr std::uint32_t doubted_at_zero = 1 << 0; // NOTHING: it may say ready for a write that is not ours
    static constexpr std::uint32_t doubted_always = 1 << 1;  // OVERTAKEN: its numbers may be wrong

    core::context& object_; // of the slot: the doorbell stays with it, from one object to the next
    base::atomic<int> place_;
    base::atomic<std::uint32_t> word_{0};
    base::atomic<std::uint32_t> rings_begun_{0}; // rings, less those that were silenced
    base::atomic<std::uint32_t> rings_done_{0};  // of these, the ones that have surely rung; below zero for a moment
    base::atomic<std::uint32_t> full_{0};        // for the busy thread alone: the doorbell shows that there is no room
    base::atomic<std::uint32_t> right_in_{0};    // the process that the number is right in
    lent_number lent_ = {nowhere, nullptr, false, ring_way::level, nullptr, nullptr};
    base::atomic<std::uint32_t> lent_is_used_{0};
    base::atomic<std::uint32_t> inherits_{0};
    base::atomic<std::uint32_t> found_nothing_{0}; // reads in a row
    base::atomic<std::uint32_t> doubt_after_{first_doubt};
    base::atomic<std::uint32_t> doubted_{0};   // it may hold something else than the numbers say
    base::atomic<std::uint64_t> looked_at_{1}; // INHERITED: the count when the kernel was last asked
    doorbell* next_made_ = nullptr;
    file::open_file* file_ = nullptr;
};

} // namespace efd::watch
