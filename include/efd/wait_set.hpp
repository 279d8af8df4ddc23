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
// Waits take as eventfd::read does: all of the member's count, or one in semaphore mode. A wait that times out or is
// cancelled has taken nothing, and costs no other waiter its wake.
#pragma once

#include <efd/detail/core/set_event.hpp>
#include <efd/detail/core/set_front.hpp>
#include <efd/eventfd.hpp>

#include <cstddef>
#include <span>

namespace efd::watch {
class set_core;
}

namespace efd::EFD_ABI {

using core::set_event;

class wait_set {
  public:
    // Throws std::system_error: not_enough_memory. As all that makes and changes a set not handler-safe.
    EFD_API wait_set();
    // All members leave; inside a wait queue callback, those that another thread is busy with leave once it returned.
    // Nobody may wait on it any more; sets it stands in keep an empty member.
    EFD_API ~wait_set();
    // One that was moved from: as eventfd says of its handles.
    wait_set(wait_set&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    wait_set& operator=(wait_set&& other) noexcept {
        wait_set moved(std::move(other));
        moved.swap(*this);
        return *this;
    }
    wait_set(const wait_set&) = delete;
    wait_set& operator=(const wait_set&) = delete;
    void swap(wait_set& other) noexcept { std::swap(core_, other.core_); }

    // Joins; the number that is returned names the member for remove. The set holds a reference to the object. Waits
    // for nobody, wherever other threads are stopped, and is allowed inside callbacks. Throws std::system_error:
    // not_enough_memory (also beyond 2^20 members).
    EFD_API int add(const eventfd& object, std::uint64_t token);
    // Another set: what is ready in it is ready here, and a wait takes from its members, with their tokens. Waits while
    // another thread adds a set anywhere; inside a callback it throws resource_deadlock_would_occur.
    // Throws invalid_argument if a set would stand inside itself, or if `inner` has kernel descriptors: add its
    // fd() then; too_many_symbolic_link_levels if it, or a set that stands in it, would have more than 32 sets above it
    // (a write goes up to all of them).
    EFD_API int add(const wait_set& inner, std::uint64_t token);
    // A kernel descriptor, with events of epoll (level-triggered unless EPOLLET is among them). The kernel is asked
    // only when nothing of ours is ready, and at every 64th wait. A number that is closed before it is removed is told
    // of as long as a duplicate lives, as by epoll, and no longer once it was removed; added again it is another
    // member. Throws what epoll_ctl(2) says, bad_file_descriptor, file_exists, operation_not_permitted;
    // invalid_argument while this set stands in another; too_many_files_open. Waits while another thread adds or
    // removes one; inside a callback it throws resource_deadlock_would_occur then.
    EFD_API int add(int descriptor, std::uint32_t events, std::uint64_t token);
    // After it returned nobody takes from that member here: waits for those who do, alone or from all members; of a
    // descriptor also while another thread adds or removes one. invalid_argument: no such member, or another thread
    // removes it. resource_deadlock_would_occur: inside a callback, where it would have to wait; nothing has changed.
    EFD_API std::errc remove(int member) noexcept;
    [[nodiscard]] EFD_API std::size_t size() const noexcept;

    // Takes from one ready member. resource_unavailable_try_again: none is ready. A write that has returned is found,
    // or was taken, wherever other threads are stopped. Handler-safe.
    [[nodiscard]] std::errc try_any(set_event& got) noexcept {
        if (front().surely_nothing()) return std::errc::resource_unavailable_try_again;
        return take(got);
    }
    // As try_any, and sleeps until one is. interrupted: a handler without SA_RESTART ran while it slept (with kernel
    // descriptors among the members: any handler); nothing was taken. Handler-safe.
    [[nodiscard]] std::errc wait_any(set_event& got) noexcept { return any(got, core::forever, nullptr); }
    [[nodiscard]] std::errc wait_any(set_event& got, const std::stop_token& stop) noexcept {
        return any(got, core::forever, &stop);
    }
    // timed_out, operation_canceled: as eventfd::read_until. Without a stop token handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc
    wait_any_until(set_event& got, std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) noexcept {
        return any(got, core::nanoseconds_of(deadline), nullptr);
    }
    template <class Duration>
    [[nodiscard]] std::errc wait_any_until(set_event& got,
                                           std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
                                           const std::stop_token& stop) noexcept {
        return any(got, core::nanoseconds_of(deadline), &stop);
    }
    template <class Rep, class Period>
    [[nodiscard]] std::errc wait_any_for(set_event& got, std::chrono::duration<Rep, Period> timeout) noexcept {
        return any(got, core::deadline_after(timeout), nullptr);
    }

    // Looks, as epoll_wait does, and takes nothing: fills `room` from the front with members that are ready, and says
    // how many. Sleeps until there is one. invalid_argument: no room. A deadline in the past makes one look.
    [[nodiscard]] std::errc wait_ready(std::span<set_event> room, std::size_t& number) noexcept {
        return ready(room, number, core::forever, nullptr);
    }
    template <class Duration>
    [[nodiscard]] std::errc
    wait_ready_until(std::span<set_event> room, std::size_t& number,
                     std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) noexcept {
        return ready(room, number, core::nanoseconds_of(deadline), nullptr);
    }
    template <class Rep, class Period>
    [[nodiscard]] std::errc wait_ready_for(std::span<set_event> room, std::size_t& number,
                                           std::chrono::duration<Rep, Period> timeout) noexcept {
        return ready(room, number, core::deadline_after(timeout), nullptr);
    }

    // Waits until every member is ready, and takes from all of them in one step: at that moment each count was taken,
    // and nobody ever sees some taken and others not; or none is touched. `room` gets one event for each member. One
    // that joins or leaves meanwhile may be left out. invalid_argument: no members, no room for all, a member that is
    // no object, or an object that joined twice. operation_not_supported: two or more of the objects once had a count
    // of 2^27 or more, or a writer that had to wait. Not handler-safe.
    [[nodiscard]] std::errc wait_all(std::span<set_event> room) noexcept { return all(room, core::forever, nullptr); }
    [[nodiscard]] std::errc wait_all(std::span<set_event> room, const std::stop_token& stop) noexcept {
        return all(room, core::forever, &stop);
    }
    template <class Duration>
    [[nodiscard]] std::errc
    wait_all_until(std::span<set_event> room,
                   std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) noexcept {
        return all(room, core::nanoseconds_of(deadline), nullptr);
    }
    template <class Rep, class Period>
    [[nodiscard]] std::errc wait_all_for(std::span<set_event> room,
                                         std::chrono::duration<Rep, Period> timeout) noexcept {
        return all(room, core::deadline_after(timeout), nullptr);
    }
    // As wait_all, but does not wait.
    [[nodiscard]] EFD_API std::errc try_all(std::span<set_event> room) noexcept;

    // A descriptor that is readable while a member is ready, for foreign loops; as eventfd::fd(doorbell::level). With
    // kernel descriptors among the members it is the set's epoll: ask after adding the first of them, and after they
    // were closed behind our back.
    EFD_API int fd();

    // How long a waiter looks before it sleeps; as eventfd::set_linger.
    EFD_API void set_linger(linger how) noexcept;

    [[nodiscard]] watch::set_core* native_handle() const noexcept { return core_; }

  private:
    [[nodiscard]] const core::set_front& front() const noexcept {
        base::must_be_there(core_);
        return *reinterpret_cast<const core::set_front*>(core_);
    }
    // For what changes the set: looks whether it was moved from in any build.
    [[nodiscard]] watch::set_core& set() const noexcept;
    [[nodiscard]] EFD_API std::errc take(set_event& got) noexcept;
    [[nodiscard]] EFD_API std::errc any(set_event& got, std::int64_t deadline_ns, const std::stop_token* stop) noexcept;
    [[nodiscard]] EFD_API std::errc ready(std::span<set_event> room, std::size_t& number, std::int64_t deadline_ns,
                                          const std::stop_token* stop) noexcept;
    [[nodiscard]] EFD_API std::errc all(std::span<set_event> room, std::int64_t deadline_ns,
                                        const std::stop_token* stop) noexcept;
    watch::set_core* core_;
};

inline void swap(wait_set& a, wait_set& b) noexcept { a.swap(b); }

} // namespace efd::EFD_ABI
