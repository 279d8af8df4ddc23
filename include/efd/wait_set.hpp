// SPDX-License-Identifier: MIT
// efd/wait_set.hpp: wait on many objects at once.
//
// A wait_set has objects, other sets and kernel descriptors for members, each with a token of the user's. A waiter pays
// for what is ready, not for what is registered. Any number of threads may wait on one set; members may join, leave and
// lose their last other handle while they do. No ready member starves: each wait begins behind the last. The set has a
// descriptor of its own, so sets fit into any event loop. Up to 2^20 members.
//
//     efd::wait_set set;
//     efd::eventfd jobs, quit;
//     set.add(jobs, 1);
//     set.add(quit, 2);
//     efd::set_event e;
//     while (set.wait_any(e) == std::errc{} && e.token != 2) work(e.value);
//
// One rule for tokens: an event carries the token by which the set that was asked knows its member, whether something
// was taken or not. Where that member is a set, a wait that takes says in `origin` from which member of it.
//
// Waits take as eventfd::read does: all of the member's count, or one in semaphore mode. A wait that times out or is
// cancelled has taken nothing, and costs no other waiter its wake.
#pragma once

#include <efd/detail/watch/set_front.hpp>
#include <efd/eventfd.hpp>

#include <cstddef>
#include <span>

namespace efd::EFD_ABI {

/// A handle to a set.
class wait_set {
  public:
    /// A new set. Throws std::system_error: not_enough_memory. As all that makes and changes a set not handler-safe.
    EFD_API wait_set();
    /// All members leave; inside a wait queue callback, those that another thread is busy with leave once it returned.
    /// No thread may wait on it any more; a set that it is a member of keeps an empty member.
    EFD_API ~wait_set();
    /// One that was moved from: as eventfd says of its handles.
    wait_set(wait_set&& other) noexcept : front_(std::exchange(other.front_, nullptr)) {}
    /// What it was before ends, as by its destruction.
    wait_set& operator=(wait_set&& other) noexcept {
        wait_set moved(std::move(other));
        moved.swap(*this);
        return *this;
    }
    wait_set(const wait_set&) = delete;
    wait_set& operator=(const wait_set&) = delete;
    /// Exchanges what the two mean.
    void swap(wait_set& other) noexcept { std::swap(front_, other.front_); }
    /// Whether it is a set; false once it was moved from.
    [[nodiscard]] explicit operator bool() const noexcept { return front_ != nullptr; }

    /// An object joins; the number that is returned names the member for remove. The set holds a reference to the
    /// object. Waits for no thread, wherever other threads are stopped, and is allowed inside callbacks. Throws
    /// std::system_error: not_enough_memory (also beyond 2^20 members); operation_not_supported: an object of an arena,
    /// or with flags::shared, unless the set is that arena's own.
    EFD_API int add(const eventfd& object, std::uint64_t token) const;
    /// Another set joins: what is ready in it is ready here, and a wait takes from its members. Waits while another
    /// thread adds a set anywhere; inside a callback it throws resource_deadlock_would_occur. Throws invalid_argument
    /// if a set would stand inside itself, or if `inner` has kernel descriptors: add its fd() then;
    /// too_many_symbolic_link_levels if it, or a set that stands in it, would have more than 32 sets above it (a write
    /// goes up to all of them).
    EFD_API int add(const wait_set& inner, std::uint64_t token) const;
    /// A kernel descriptor joins, with events of epoll (level-triggered unless EPOLLET is among them). The kernel is
    /// asked only when nothing of ours is ready, and at every 64th wait. A number that is closed before it is removed
    /// is reported as long as a duplicate lives, as by epoll, and no longer once it was removed; added again it is
    /// another member. Throws what epoll_ctl(2) says, bad_file_descriptor, file_exists, operation_not_permitted;
    /// invalid_argument while this set stands in another; too_many_files_open. Waits while another thread adds or
    /// removes one; inside a callback it throws resource_deadlock_would_occur then.
    EFD_API int add(int descriptor, std::uint32_t events, std::uint64_t token) const;
    /// After it returned no thread takes from that member here: waits for those that do, alone or from all members; of
    /// a descriptor also while another thread adds or removes one. invalid_argument: no such member, or another thread
    /// removes it. resource_deadlock_would_occur: inside a callback, where it would have to wait; nothing has changed.
    [[nodiscard]] EFD_API std::errc remove(int member) const noexcept;
    /// How many members there are at this moment.
    [[nodiscard]] EFD_API std::size_t size() const noexcept;

    /// Takes from one ready member. resource_unavailable_try_again: none is ready. A write that has returned is found,
    /// or was taken, wherever other threads are stopped. Handler-safe.
    [[nodiscard]] std::errc try_any(set_event& got) const noexcept {
        if (front().surely_nothing()) return std::errc::resource_unavailable_try_again;
        return take(got);
    }
    /// As try_any, and sleeps until one is. interrupted: a handler without SA_RESTART ran while it slept (with kernel
    /// descriptors among the members: any handler); resource_deadlock_would_occur: it would sleep inside a wait queue
    /// callback; nothing was taken. Handler-safe.
    [[nodiscard]] std::errc wait_any(set_event& got) const noexcept { return any(got, until(core::forever)); }
    /// As wait_any, with a deadline, a stop token, or without a sleep: timed_out, operation_canceled,
    /// resource_unavailable_try_again. Handler-safe without a stop token.
    [[nodiscard]] std::errc wait_any(set_event& got, const wait_options& options) const noexcept {
        return any(got, core::opts_of(options));
    }
    /// As wait_any, until a stop is requested: operation_canceled. Not handler-safe.
    [[nodiscard]] std::errc wait_any(set_event& got, const std::stop_token& stop) const noexcept {
        return any(got, until(core::forever, &stop));
    }
    /// As wait_any, until the deadline: timed_out. Handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc
    wait_any_until(set_event& got,
                   std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) const noexcept {
        return any(got, until(core::nanoseconds_of(deadline)));
    }
    /// The same, or until a stop is requested. Not handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc wait_any_until(set_event& got,
                                           std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
                                           const std::stop_token& stop) const noexcept {
        return any(got, until(core::nanoseconds_of(deadline), &stop));
    }
    /// As wait_any_until, from now on.
    template <class Rep, class Period>
    [[nodiscard]] std::errc wait_any_for(set_event& got, std::chrono::duration<Rep, Period> timeout) const noexcept {
        return any(got, until(core::deadline_after(timeout)));
    }
    /// The same, or until a stop is requested. Not handler-safe.
    template <class Rep, class Period>
    [[nodiscard]] std::errc wait_any_for(set_event& got, std::chrono::duration<Rep, Period> timeout,
                                         const std::stop_token& stop) const noexcept {
        return any(got, until(core::deadline_after(timeout), &stop));
    }

    /// Looks, as epoll_wait does, and takes nothing: fills `room` from the front with members that are ready, and says
    /// how many. Sleeps until there is one. invalid_argument: no room. interrupted and resource_deadlock_would_occur as
    /// wait_any. Handler-safe.
    [[nodiscard]] std::errc wait_ready(std::span<set_event> room, std::size_t& number) const noexcept {
        return ready(room, number, until(core::forever));
    }
    /// As wait_ready, with a deadline, a stop token, or without a sleep: errors as wait_any. Handler-safe without a
    /// stop token.
    [[nodiscard]] std::errc wait_ready(std::span<set_event> room, std::size_t& number,
                                       const wait_options& options) const noexcept {
        return ready(room, number, core::opts_of(options));
    }
    /// As wait_ready, until a stop is requested: operation_canceled. Not handler-safe.
    [[nodiscard]] std::errc wait_ready(std::span<set_event> room, std::size_t& number,
                                       const std::stop_token& stop) const noexcept {
        return ready(room, number, until(core::forever, &stop));
    }
    /// As wait_ready, until the deadline: timed_out. Handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc
    wait_ready_until(std::span<set_event> room, std::size_t& number,
                     std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) const noexcept {
        return ready(room, number, until(core::nanoseconds_of(deadline)));
    }
    /// The same, or until a stop is requested. Not handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc wait_ready_until(std::span<set_event> room, std::size_t& number,
                                             std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
                                             const std::stop_token& stop) const noexcept {
        return ready(room, number, until(core::nanoseconds_of(deadline), &stop));
    }
    /// As wait_ready_until, from now on.
    template <class Rep, class Period>
    [[nodiscard]] std::errc wait_ready_for(std::span<set_event> room, std::size_t& number,
                                           std::chrono::duration<Rep, Period> timeout) const noexcept {
        return ready(room, number, until(core::deadline_after(timeout)));
    }
    /// The same, or until a stop is requested. Not handler-safe.
    template <class Rep, class Period>
    [[nodiscard]] std::errc wait_ready_for(std::span<set_event> room, std::size_t& number,
                                           std::chrono::duration<Rep, Period> timeout,
                                           const std::stop_token& stop) const noexcept {
        return ready(room, number, until(core::deadline_after(timeout), &stop));
    }

    /// Waits until every member is ready, and takes from all of them in one step: at that moment each count was taken,
    /// and no thread ever sees some taken and others not; or none is touched. `room` gets one event for each member.
    /// One that leaves meanwhile may be left out, and then a form with `number` says how many there are.
    /// invalid_argument: no members, no room for all, a member that is no
    /// object, or an object that joined twice. operation_not_supported: two or more of the objects once had a count of
    /// 2^27 or more, or a writer that had to wait. interrupted as wait_any. resource_deadlock_would_occur: inside a
    /// wait queue callback. Not handler-safe. No thread waits for a thread that is stopped in the midst of it (E7): a
    /// write or read of a member, another wait_all, a new member go on; they may make this call try again. The removal
    /// of a member waits, and so does a thread that meets a take with such a once huge count in its few steps around
    /// that one.
    [[nodiscard]] std::errc wait_all(std::span<set_event> room) const noexcept {
        return all(room, until(core::forever));
    }
    /// As wait_all, with a deadline, a stop token, or without a sleep: errors as wait_any. Not handler-safe.
    [[nodiscard]] std::errc wait_all(std::span<set_event> room, const wait_options& options) const noexcept {
        return all(room, core::opts_of(options));
    }
    /// The same, and says how many events `room` has: 0 where nothing was taken.
    [[nodiscard]] std::errc wait_all(std::span<set_event> room, std::size_t& number,
                                     const wait_options& options = {}) const noexcept {
        return all_of(room, number, core::opts_of(options));
    }
    /// As wait_all, until a stop is requested: operation_canceled. Not handler-safe.
    [[nodiscard]] std::errc wait_all(std::span<set_event> room, const std::stop_token& stop) const noexcept {
        return all(room, until(core::forever, &stop));
    }
    /// As wait_all, until the deadline: timed_out. Not handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc
    wait_all_until(std::span<set_event> room,
                   std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) const noexcept {
        return all(room, until(core::nanoseconds_of(deadline)));
    }
    /// The same, or until a stop is requested. Not handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc wait_all_until(std::span<set_event> room,
                                           std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
                                           const std::stop_token& stop) const noexcept {
        return all(room, until(core::nanoseconds_of(deadline), &stop));
    }
    /// As wait_all_until, from now on.
    template <class Rep, class Period>
    [[nodiscard]] std::errc wait_all_for(std::span<set_event> room,
                                         std::chrono::duration<Rep, Period> timeout) const noexcept {
        return all(room, until(core::deadline_after(timeout)));
    }
    /// The same, or until a stop is requested. Not handler-safe.
    template <class Rep, class Period>
    [[nodiscard]] std::errc wait_all_for(std::span<set_event> room, std::chrono::duration<Rep, Period> timeout,
                                         const std::stop_token& stop) const noexcept {
        return all(room, until(core::deadline_after(timeout), &stop));
    }
    /// As wait_all, but does not wait: resource_unavailable_try_again where a member is not ready. Not handler-safe.
    [[nodiscard]] std::errc try_all(std::span<set_event> room) const noexcept {
        return all(room, {.blocking = core::blocking::never});
    }
    /// The same, and says how many events `room` has.
    [[nodiscard]] std::errc try_all(std::span<set_event> room, std::size_t& number) const noexcept {
        return all_of(room, number, {.blocking = core::blocking::never});
    }

    /// A descriptor that is readable while a member is ready, for foreign loops; as eventfd::fd(doorbell::level). With
    /// kernel descriptors among the members it is the set's epoll: ask after adding the first of them, and after they
    /// were closed behind our back. Throws as eventfd::fd.
    EFD_API int fd() const;

    /// How long a waiter looks before it sleeps; as eventfd::set_linger. Handler-safe.
    std::errc set_linger(linger how) const noexcept {
        if (how.is_refused()) return std::errc::invalid_argument;
        linger_for(how.us_);
        return std::errc{};
    }

  private:
    friend struct internal_access; // of the library, src/api/internal_access.hpp
    struct adopt {};

    wait_set(adopt, detail::set_front* made) noexcept : front_(made) {} // by the library
    static core::wait_opts until(std::int64_t deadline_ns, const std::stop_token* stop = nullptr) noexcept {
        return {.deadline_ns = deadline_ns, .stop = stop, .blocking = core::blocking::always};
    }
    [[nodiscard]] const detail::set_front& front() const noexcept {
        base::must_be_there(front_);
        return *front_;
    }
    [[nodiscard]] EFD_API std::errc take(set_event& got) const noexcept;
    [[nodiscard]] EFD_API std::errc any(set_event& got, const core::wait_opts& opts) const noexcept;
    [[nodiscard]] EFD_API std::errc ready(std::span<set_event> room, std::size_t& number,
                                          const core::wait_opts& opts) const noexcept;
    [[nodiscard]] EFD_API std::errc all_of(std::span<set_event> room, std::size_t& number,
                                           const core::wait_opts& opts) const noexcept;
    [[nodiscard]] std::errc all(std::span<set_event> room, const core::wait_opts& opts) const noexcept {
        std::size_t number = 0;
        return all_of(room, number, opts);
    }
    EFD_API void linger_for(std::int32_t us) const noexcept;

    detail::set_front* front_; // of the set, watch::set_core of the library
};

/// Exchanges what the two mean.
inline void swap(wait_set& a, wait_set& b) noexcept { a.swap(b); }

} // namespace efd::EFD_ABI
