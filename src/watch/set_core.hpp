// SPDX-License-Identifier: MIT
// watch/set_core.hpp: many objects, one wait; the core of efd::wait_set.
//
// Owns the places of its members, the bitmap of those that are ready, a context that its waiters sleep on (the bed),
// another that other sets and loops watch (the bell), and, if it has kernel descriptors for members, two epolls. A
// signaller marks its bit and all above it, in this set and in those above; a waiter pays for what is ready. An object
// joins without waiting for any thread; remove waits for threads that take from the member, and for no others (PLACES
// in docs/races.md). Sets and descriptors join one after the other, under a lock. add and remove are not for signal
// handlers; everything else is. Memory is passed from one set to the next and never freed. Invariants: when a write to
// a member has returned, the member has its bit, or a thread has taken from it since, wherever other threads are
// stopped. If anything watches the bell, the bell's count is above zero as well then; when no call is in progress, it
// is above zero exactly if a bit is set (SET_TOP).
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/status.hpp>
#include <efd/detail/core/context.hpp>
#include <efd/detail/watch/set_front.hpp>

#include "core/looks.hpp"
#include "core/set_bells.hpp"
#include "core/shared_sets.hpp"
#include "os/fork_lock.hpp"
#include "watch/member.hpp"
#include "watch/ready_bitmap.hpp"

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace efd::os {
struct bell_ends;
}

namespace efd::watch {

class set_layout;
class arena_half;

// Held while a set joins another and while nestings are forgotten. It is taken before free_mutex of set_core.cpp.
inline constinit os::fork_lock nesting_mutex;

class set_core : public detail::set_front, private core::own_bell {
  public:
    // Null: out of memory.
    [[nodiscard]] static set_core* create() noexcept;
    // A set of an arena, in set_arena.cpp: it takes objects of that arena as well. The claim is the set's from now on,
    // and given back with it, or at once where memory runs out. It belongs to the process that makes it: in a child of
    // fork every call says stale. It has no place in another set, and wait_all is not supported with objects of
    // the arena.
    [[nodiscard]] static set_core* create(const core::set_claim& claim) noexcept;
    void get() noexcept { refs_.get(); }
    void put() noexcept;
    // Every member leaves, and the handle's reference is put: at once, or, inside a callback while other threads are
    // busy with a member, once the callback has returned.
    void end() noexcept;

    // `place` names the member from now on. no_memory. For a set also invalid: it would be inside itself; too_deep: a
    // set would have more than most_above above it. deadlock, for sets and descriptors: inside a callback, while
    // another thread adds or removes one.
    [[nodiscard]] base::status add(core::context& object, std::uint64_t token, int& place) noexcept;
    [[nodiscard]] base::status add(set_core& inner, std::uint64_t token, int& place) noexcept;
    [[nodiscard]] base::status add(int descriptor, std::uint32_t events, std::uint64_t token, int& place) noexcept;
    // After it returned no thread takes from the member here. invalid: no such member. deadlock: inside a callback,
    // while another thread takes from it.
    [[nodiscard]] base::status remove(int place) noexcept;

    // Takes from one ready member, the next in turn. would_block: none is ready.
    [[nodiscard]] base::status try_any(set_event& got) noexcept;
    [[nodiscard]] base::status wait_any(set_event& got, const core::wait_opts& opts) noexcept;
    // Looks: fills in members that are ready, and takes nothing. At least one, or would_block, timed_out, ...
    [[nodiscard]] base::status wait_ready(std::span<set_event> room, std::size_t& number,
                                          const core::wait_opts& opts) noexcept;

    // Takes from every member in one step, or from none; `room` gets an event for each, in the order of their places.
    // invalid: no room for all, no members, a member that is no object, or one object twice. not_supported: two or more
    // members have counts that once reached packed_limit. Not for signal handlers. No call but remove waits for a
    // thread that is stopped here, unless one member has such a count (E7).
    [[nodiscard]] base::status wait_all(std::span<set_event> room, std::size_t& number,
                                        const core::wait_opts& opts) noexcept;

    // A descriptor that is readable while a member is ready. Of an arena's set also stale.
    [[nodiscard]] base::status open_descriptor(int& fd) noexcept;
    // What doorbell::renew_all does, and the same for the epolls of all sets.
    [[nodiscard]] static base::status renew_all() noexcept;
    void set_linger(std::int32_t linger_us) noexcept { bed().set_linger(linger_us); }
    [[nodiscard]] std::uint32_t members() const noexcept { return members_.load(base::relaxed); }

    set_core() noexcept = default;
    set_core& operator=(set_core&&) = delete; // neither copied nor moved

  private:
    friend class set_layout; // the explorer's

    static constexpr std::uint32_t segment_places = 4096;
    static constexpr std::uint32_t segments = ready_bitmap::most / segment_places;
    static constexpr int kernel_next_after = 64; // after so many takes kernel descriptors are looked at first

    static constexpr std::size_t most_above = 32; // so many sets a set may have above it, at whatever depth
    static constexpr std::uint32_t bell_watched_mark = presence::owners_mark;

    // Sets whose top has changed and whose counts are still to be brought in line, with the sets above them. Owned by
    // one call.
    class sets_to_sync {
      public:
        void add(set_core& set, top_change change) noexcept;
        // Null: none is left.
        [[nodiscard]] set_core* next(top_change& change) noexcept;

      private:
        struct one {
            set_core* set;
            top_change change;
        };
        std::size_t number_ = 0;
        one waiting_[most_above + 1];
    };

    [[nodiscard]] static set_core* take_memory() noexcept;
    [[nodiscard]] static bool begin(set_core* fresh, core::context* bed) noexcept;
    void give_memory_back() noexcept;
    [[nodiscard]] core::context& bell() const noexcept { return *bell_.load(base::relaxed); }
    [[nodiscard]] core::context& bed() const noexcept { return *bed_.load(base::relaxed); }
    [[nodiscard]] bool make_segment(std::uint32_t index) noexcept;
    [[nodiscard]] bool make_dense_segments(std::uint32_t number) noexcept;
    [[nodiscard]] bool make_rest(const member& joining) noexcept;
    [[nodiscard]] member* find_member(std::uint32_t index) noexcept;
    // Of a place that was in use once.
    [[nodiscard]] member& known_member(std::uint32_t index) noexcept {
        return segment_[index / segment_places].load(base::acquire)[index % segment_places];
    }
    // Of a member that is, or was, a descriptor or a set.
    [[nodiscard]] member_rest& rest_of(const member& one) const noexcept {
        return rest_[one.index / segment_places].load(base::acquire)[one.index % segment_places];
    }
    // What the kernel keeps beside a registration: the place, and the generation of the descriptor there.
    [[nodiscard]] std::uint64_t beside(const member& one) const noexcept;
    [[nodiscard]] member* claim_place() noexcept;
    void forget_places() noexcept;
    [[nodiscard]] member* take_place(std::uint64_t token) noexcept;
    void give_back_place(member& gone) noexcept;
    [[nodiscard]] base::status join(core::context& object, set_core* inner, std::uint64_t token, int& place) noexcept;
    [[nodiscard]] base::status attach(member& joining, core::context& object) noexcept;
    [[nodiscard]] bool reaches(const set_core& wanted, std::uint64_t visit) noexcept;
    [[nodiscard]] bool has_room_above(set_core& outer, std::uint64_t visit) noexcept;
    [[nodiscard]] bool note_nesting(set_core& inner) noexcept;
    void forget_nesting(set_core& inner) noexcept;
    [[nodiscard]] std::size_t count_above(std::uint64_t visit) noexcept;
    [[nodiscard]] bool lock_for_change(std::unique_lock<std::mutex>& lock) noexcept;
    [[nodiscard]] base::status begin_to_stand_in_another() noexcept;
    void end_to_stand_in_another() noexcept;
    [[nodiscard]] base::status add_nested(set_core& inner, std::uint64_t token, int& place) noexcept;
    static void leave_nesting(member& leaving) noexcept;
    static void forget_all_left() noexcept;
    static void forget_left_nestings() noexcept;

    static void on_member_change(core::permanent_watcher& watcher, std::uint32_t key) noexcept;
    // Without a reference: the object of a member that has left stays a context, and the removing thread looks at the
    // bit again.
    [[nodiscard]] static bool is_ready(const member& one) noexcept {
        const core::context* const object = one.object.load(base::acquire);
        return object != nullptr && object->count() > 0;
    }
    void clear_unless_ready(member& one) noexcept;
    void skip_closed_member(member& one) noexcept;
    void look_again(member& one) noexcept;
    void on_top_change(top_change change) noexcept;
    void sync_set_count(top_change change) noexcept;
    void propagate_top(top_change change, sets_to_sync& all) noexcept;
    void wake_sleeper() noexcept;
    void wake_in_arena(core::context& bed) noexcept;
    void drain_bell(core::context& bell) noexcept;
    static void on_inner_change(core::permanent_watcher& watcher, sets_to_sync& all) noexcept;
    [[nodiscard]] std::uint32_t find(std::uint32_t start) noexcept;
    [[nodiscard]] bool take_unentered(member& one, set_event& got) noexcept;
    [[nodiscard]] bool look_unentered(const member& one, set_event& got) const noexcept;
    [[nodiscard]] base::status take_from(member& one, set_event& got) noexcept;
    [[nodiscard]] base::status take_entered(member& one, set_event& got) noexcept;
    [[nodiscard]] base::status take_ready(set_event& got, std::int64_t deadline_ns = core::forever) noexcept;
    [[nodiscard]] base::status take_noted(set_event& got) noexcept;
    void drain_stale_bell() noexcept;
    [[nodiscard]] base::status look_ready(std::span<set_event> room, std::size_t& number,
                                          std::int64_t deadline_ns) noexcept;
    [[nodiscard]] base::status look_at_noted(std::span<set_event> room, std::size_t& number) noexcept;
    template <class TryOnce>
    [[nodiscard]] base::status wait_with(const core::wait_opts& opts, TryOnce try_once) noexcept;
    // What a set of an arena does beside all this, in set_arena.cpp.
    [[nodiscard]] bool is_of_arena() const noexcept { return arena_ != nullptr; }
    [[nodiscard]] bool is_left_behind() const noexcept;
    [[nodiscard]] bool is_owned() const noexcept;
    void move_sleepers() noexcept;
    [[nodiscard]] bool may_have(const core::context& object) const noexcept;
    [[nodiscard]] base::status join_shared(member& joining, core::context& object) noexcept;
    void leave_shared(member& leaving, core::context& object) noexcept;
    // The words of marks that one try has met.
    struct sweep {
        std::int64_t deadline_ns;
        std::int64_t until_ns = 0; // when it ends, whatever is left; 0: not asked yet
        std::uint32_t next = 0;
        std::uint32_t words = 0;
        std::size_t noted = 0;
        set_event* at_once = nullptr; // the event of the first member that is taken without a note; null: none is
        bool is_taken = false;
    };
    [[nodiscard]] static bool is_out_of_time(sweep& over) noexcept;
    [[nodiscard]] base::status collect(sweep& over) noexcept;
    [[nodiscard]] base::status take_from_arena(set_event& got, std::int64_t deadline_ns) noexcept;
    [[nodiscard]] base::status look_in_arena(std::span<set_event> room, std::size_t& number,
                                             std::int64_t deadline_ns) noexcept;
    [[nodiscard]] static base::status after_vain_round(std::uint32_t rounds, const core::wait_opts& opts) noexcept;
    [[nodiscard]] bool anything() const noexcept;
    [[nodiscard]] bool anything_ordered() noexcept;
    [[nodiscard]] core::looks looks_of_sleeper() const noexcept;
    void begin_interest_in_arena(bool is_first) noexcept;
    void end_interest_in_arena() noexcept;
    void look_for_dead() noexcept;
    void walk_members() noexcept;

    // The bell of a set of an arena, for event loops and for waits beside kernel descriptors, in set_bell.cpp.
    [[nodiscard]] base::status prepare_bell() noexcept;
    void take_bell(const os::bell_ends& made) noexcept;
    [[nodiscard]] bool renew_bell() noexcept;
    void publish_bell() noexcept;
    [[nodiscard]] bool has_own_bell() const noexcept;
    [[nodiscard]] base::status after_try(base::status result) noexcept;
    void silence_bell() noexcept;
    void end_hang_up() noexcept;
    void ring_own_bell() noexcept;
    void end_bell() noexcept;
    void end_arena_half() noexcept;
    void leave_behind() noexcept;
    [[nodiscard]] base::status leave(std::uint32_t index) noexcept;

    class all_members;
    [[nodiscard]] base::status enter_all(all_members& all) noexcept;
    [[nodiscard]] base::status take_all(std::span<set_event> room, std::size_t& number, member*& missing) noexcept;
    [[nodiscard]] base::status sleep_until_ready(member& missing, const core::wait_opts& opts) noexcept;
    void wake_those_for_all() noexcept;
    [[nodiscard]] base::status sleep(const core::wait_opts& opts, core::looks& looks) noexcept;
    void watch_for_ever() noexcept;
    void reregister_after_fork(std::uint32_t& process, std::uint32_t& found) noexcept;

    // Kernel descriptors among the members, in set_descriptors.cpp.
    [[nodiscard]] base::status make_epolls() noexcept;
    [[nodiscard]] base::status make_epolls_anew() noexcept;
    [[nodiscard]] base::status make_two(int bell_fd, int& inner, int& outer) const noexcept;
    [[nodiscard]] bool are_own() const noexcept;
    [[nodiscard]] base::status see_that_they_are_own() noexcept;
    void close_epolls() noexcept;
    [[nodiscard]] base::status note_number(int descriptor, const member& bearer) noexcept;
    [[nodiscard]] bool remove_descriptor(member& leaving) noexcept;
    [[nodiscard]] bool has_descriptors() const noexcept { return epoll_.load(base::acquire) >= 0; }
    // A set of an arena has the epolls also for a foreign loop alone.
    [[nodiscard]] bool has_kernel_members() const noexcept {
        return has_descriptors() && (arena_ == nullptr || descriptor_members_.load(base::acquire) > 0);
    }
    [[nodiscard]] bool kernel_is_next() noexcept;
    [[nodiscard]] base::status take_descriptor(set_event& got) noexcept;
    [[nodiscard]] std::size_t look_descriptors(std::span<set_event> room) noexcept;
    [[nodiscard]] member* reported_member(std::uint64_t registered, std::uint32_t& visit) noexcept;
    void forget_dead_numbers() noexcept;
    [[nodiscard]] base::status sleep_in_kernel(const core::wait_opts& opts) noexcept;
    [[nodiscard]] static base::status sleep_without_a_number(int epoll, const core::wait_opts& opts) noexcept;

    // The child of a fork, in set_fork.cpp.
    void repair_in_child() noexcept;
    void repair() noexcept;
    void forget_threads() noexcept;
    void renew_lock() noexcept;
    void take_back_or_let_go(member& one) noexcept;
    [[nodiscard]] bool renew_epolls() noexcept;
    void register_again(const member& one, int inner) noexcept;
    void note_made() noexcept;

    ready_bitmap ready_{top};
    base::atomic<core::context*> bell_{nullptr};
    base::atomic<core::context*> bed_{nullptr}; // waiters sleep on it; a unit left on it wakes the next in vain
    presence::word interested_{0};              // waiters that may sleep, and bell_watched_mark
    base::atomic<std::uint32_t> cursor_{0};
    base::atomic<int> epoll_{-1};       // has the bell and inner_epoll_; waiters and loops watch it
    base::atomic<int> inner_epoll_{-1}; // the descriptors
    base::atomic<int> until_kernel_next_{kernel_next_after};
    base::atomic<std::uint32_t> all_gate_{0}; // moves when an awaited member became ready
    core::kref refs_;
    base::atomic<std::uint32_t> members_{0};
    base::atomic<std::uint32_t> touched_{0};     // so many places were ever in use
    base::atomic<std::uint64_t> free_places_{0}; // a stack: the first one's index plus 1, above it a stamp
    base::atomic<std::uint32_t> joined_{0};      // moves with each member that joins, before its add returns
    base::atomic<std::uint32_t> stands_in_{0};   // so many sets
    arena_half* arena_ = nullptr;                // of a set of an arena

    std::mutex mutex_;                                  // of descriptors, and of being a member of other sets
    base::atomic<std::uint32_t> descriptor_members_{0}; // changed with the lock
    std::vector<std::uint32_t> bearer_of_; // by number: the place of the member that it was last added for, plus 1
    std::vector<set_core*> inner_sets_;    // this and the next three: under nesting_mutex
    std::vector<set_core*> outer_sets_;
    std::uint64_t visited_down_ = 0;
    std::uint64_t visited_up_ = 0;
    base::atomic<member*> segment_[segments] = {};
    base::atomic<member_rest*> rest_[segments] = {};
    set_core* next_free_ = nullptr;
    set_core* next_made_ = nullptr;
    struct ending_work : core::deferred_work {
        set_core* owner = nullptr;
    } ending_;
};

} // namespace efd::watch
