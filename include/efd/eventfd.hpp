// SPDX-License-Identifier: MIT
// efd/eventfd.hpp: the Linux eventfd in user space, for C++20.
//
// efd::eventfd owns one reference to an object: a 64-bit count that writers add to and readers take from. An operation
// enters the kernel only when a thread is asleep. Every behaviour is the kernel's; K-numbers name the claim in
// docs/semantics.md that a member answers to. Members may be called from any thread at the same time, except for
// construction, assignment, swap and destruction of the handle itself. "Handler-safe" members may be called from signal
// handlers. Operations return std::errc as std::from_chars does: std::errc{} is success, every other value is the
// errno; creation and fd() throw. A handle is const where the call does not change which object it means.
//
// Each wait has one form with wait_options (deadline, stop token, blocking); the forms beside it are short for common
// options. Names that end in _until and _for sleep whatever the object's flags say, until their time; a stop token
// beside a value leaves it to the flags.
//
//     efd::eventfd done;                                     // count 0
//     std::jthread worker([&] { work(); done.signal(); });
//     std::uint64_t n;
//     if (done.read(n) == std::errc{}) use(n);               // sleeps until there is something, takes it all
//
// A thread whose wait has returned may destroy the handle while another one is still inside the call that ended the
// wait (a write, a signal, a read that made room, a stop request); see docs/races.md, LAST_PUT.
#pragma once

#include <efd/detail/base/errc.hpp>
#include <efd/detail/base/misuse.hpp>
#include <efd/detail/core/context.hpp>
#include <efd/detail/core/deadline.hpp>
#include <efd/types.hpp>

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <system_error>
#include <utility>

struct efd_object; // efd_t of efd/efd.h

namespace efd::EFD_ABI {

/// An entry of the wait queue, work for after a callback, and the guard; see efd/detail/core/wait_queue_entry.hpp.
using core::defer;
using core::deferred_work;
using core::signal_allowed;
using core::wait_queue_entry;

struct internal_access;

/// As efd_renew_descriptors (efd/efd.h): for daemons after closefrom(3), and for the child of a fork. Its error is that
/// of the first descriptor that could not be made: too_many_files_open, too_many_files_open_in_system,
/// not_enough_memory; the others are. Not handler-safe.
[[nodiscard]] EFD_API std::errc renew_descriptors() noexcept;
/// How many system calls efd has made to sleep and to wake in this process, so far. Handler-safe.
[[nodiscard]] EFD_API std::uint64_t system_calls() noexcept;

/// A handle to an object: a count with the kernel's rules.
class eventfd {
  public:
    /// A new object (K-001, K-005, K-010). Throws std::system_error: invalid_argument for other flag bits (K-002) or an
    /// initial value of 2^64-1, not_enough_memory; with flags::shared also what efd::arena() throws where a new arena
    /// is needed, and no_space_on_device where all are full. Not handler-safe.
    EFD_API explicit eventfd(std::uint64_t initval = 0, flags how = flags::none);
    /// Gives the reference back; the last one frees object and id.
    EFD_LOCAL ~eventfd() {
        if (context_ != nullptr) context_->put();
    }
    /// A handle that was moved from may be asked whether it means an object, compared, assigned to, swapped and
    /// destroyed, and nothing else. fd() and arm() end the program with a sentence then; in a build that is not
    /// optimised, or has a sanitizer, so does any other use of it.
    eventfd(eventfd&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
    /// The reference that this handle had goes back.
    EFD_LOCAL eventfd& operator=(eventfd&& other) noexcept {
        eventfd moved(std::move(other));
        moved.swap(*this);
        return *this;
    }
    eventfd(const eventfd&) = delete;
    eventfd& operator=(const eventfd&) = delete;
    /// Exchanges what the two mean.
    void swap(eventfd& other) noexcept { std::swap(context_, other.context_); }

    /// The handle for a reference that efd_create, efd_get, efd_fd_ctx or a function of efd/arena.h gave the caller,
    /// which becomes the handle's; null: a handle that means no object. Handler-safe.
    [[nodiscard]] EFD_API static eventfd from_c(efd_object* reference) noexcept;
    /// The object for C functions, without a reference of its own: good as long as this handle means the object.
    /// Handler-safe.
    [[nodiscard]] EFD_API efd_object* as_c() const noexcept;

    /// A second handle to the same object, as dup does for a descriptor (K-100). Handler-safe.
    [[nodiscard]] eventfd duplicate() const noexcept {
        object().get();
        return eventfd(adopt{}, context_);
    }
    /// Whether it means an object; false once it was moved from. Handler-safe.
    [[nodiscard]] explicit operator bool() const noexcept { return context_ != nullptr; }
    /// Whether both mean the same object, or none. Handler-safe.
    [[nodiscard]] friend bool operator==(const eventfd& a, const eventfd& b) noexcept {
        return a.context_ == b.context_;
    }

    /// The greatest count that a write can bring about, 2^64-2 (K-036); only a signal gets one further.
    [[nodiscard]] static constexpr std::uint64_t max() noexcept { return core::ceiling - 1; }

    /// Takes the whole count, or one in semaphore mode, into value (K-013, K-014). At zero sleeps (K-019), or
    /// resource_unavailable_try_again with flags::nonblock (K-018). interrupted: a handler without SA_RESTART ran while
    /// it slept (K-093, K-097); nothing was taken. resource_deadlock_would_occur: it would sleep inside a wait queue
    /// callback. value is written on success alone. Handler-safe.
    [[nodiscard]] std::errc read(std::uint64_t& value) const noexcept { return end(object().read(value)); }
    /// As read, with a deadline, a stop token, or another way to sleep. Handler-safe without a stop token.
    [[nodiscard]] std::errc read(std::uint64_t& value, const wait_options& options) const noexcept {
        return end(object().read(value, core::opts_of(options)));
    }
    /// As read, until a stop is requested: operation_canceled. Not handler-safe.
    [[nodiscard]] std::errc read(std::uint64_t& value, const std::stop_token& stop) const noexcept {
        return end(object().read(value, stoppable(stop)));
    }
    /// As read, with the value in the result.
    read_result read(const wait_options& options = {}) const noexcept {
        read_result got;
        got.error = read(got.value, options);
        return got;
    }

    /// As read, but never sleeps. One load when there is nothing, as long as the object has no descriptor; with one,
    /// reads that find nothing see to it that it does not say readable for ever. Handler-safe.
    [[nodiscard]] std::errc try_read(std::uint64_t& value) const noexcept { return end(object().try_read(value)); }
    /// As try_read, with the value in the result.
    read_result try_read() const noexcept {
        read_result got;
        got.error = try_read(got.value);
        return got;
    }
    /// As read, sleeping whatever the flags say, until the deadline: timed_out. Handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc
    read_until(std::uint64_t& value,
               std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) const noexcept {
        return end(object().read(value, until(core::nanoseconds_of(deadline))));
    }
    /// The same, or until a stop is requested: operation_canceled. Not handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc read_until(std::uint64_t& value,
                                       std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
                                       const std::stop_token& stop) const noexcept {
        return end(object().read(value, until(core::nanoseconds_of(deadline), &stop)));
    }
    /// As read_until, from now on.
    template <class Rep, class Period>
    [[nodiscard]] std::errc read_for(std::uint64_t& value, std::chrono::duration<Rep, Period> timeout) const noexcept {
        return end(object().read(value, until(core::deadline_after(timeout))));
    }
    /// The same, or until a stop is requested: operation_canceled. Not handler-safe.
    template <class Rep, class Period>
    [[nodiscard]] std::errc read_for(std::uint64_t& value, std::chrono::duration<Rep, Period> timeout,
                                     const std::stop_token& stop) const noexcept {
        return end(object().read(value, until(core::deadline_after(timeout), &stop)));
    }

    /// Takes up to `most` units into value, and leaves the rest: in one call what so many semaphore reads would take
    /// with no other reader between (K-180). Without flags::semaphore as well, where read takes all. At zero as read;
    /// invalid_argument for a most of 0, before anything else. One step on the count: another reader gets what is left,
    /// and a reader that sleeps is woken for it. Handler-safe.
    [[nodiscard]] std::errc read_some(std::uint64_t& value, std::uint64_t most) const noexcept {
        return end(object().read_some(value, most));
    }
    /// As read_some, with a deadline, a stop token, or another way to sleep. Handler-safe without a stop token.
    [[nodiscard]] std::errc read_some(std::uint64_t& value, std::uint64_t most,
                                      const wait_options& options) const noexcept {
        return end(object().read_some(value, most, core::opts_of(options)));
    }
    /// As read_some, until a stop is requested. Not handler-safe.
    [[nodiscard]] std::errc read_some(std::uint64_t& value, std::uint64_t most,
                                      const std::stop_token& stop) const noexcept {
        return end(object().read_some(value, most, stoppable(stop)));
    }
    /// As read_some, with the value in the result.
    read_result read_some(std::uint64_t most, const wait_options& options = {}) const noexcept {
        read_result got;
        got.error = read_some(got.value, most, options);
        return got;
    }
    /// As read_some, but never sleeps. Handler-safe.
    [[nodiscard]] std::errc try_read_some(std::uint64_t& value, std::uint64_t most) const noexcept {
        return end(object().try_read_some(value, most));
    }
    /// As read_some, sleeping whatever the flags say, until the deadline: timed_out. Handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc
    read_some_until(std::uint64_t& value, std::uint64_t most,
                    std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) const noexcept {
        return end(object().read_some(value, most, until(core::nanoseconds_of(deadline))));
    }
    /// The same, or until a stop is requested: operation_canceled. Not handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc read_some_until(std::uint64_t& value, std::uint64_t most,
                                            std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
                                            const std::stop_token& stop) const noexcept {
        return end(object().read_some(value, most, until(core::nanoseconds_of(deadline), &stop)));
    }
    /// As read_some_until, from now on.
    template <class Rep, class Period>
    [[nodiscard]] std::errc read_some_for(std::uint64_t& value, std::uint64_t most,
                                          std::chrono::duration<Rep, Period> timeout) const noexcept {
        return end(object().read_some(value, most, until(core::deadline_after(timeout))));
    }
    /// The same, or until a stop is requested: operation_canceled. Not handler-safe.
    template <class Rep, class Period>
    [[nodiscard]] std::errc read_some_for(std::uint64_t& value, std::uint64_t most,
                                          std::chrono::duration<Rep, Period> timeout,
                                          const std::stop_token& stop) const noexcept {
        return end(object().read_some(value, most, until(core::deadline_after(timeout), &stop)));
    }

    /// Adds n (K-031). invalid_argument for 2^64-1 (K-034). Without room below 2^64-1 sleeps (K-038), or
    /// resource_unavailable_try_again with flags::nonblock (K-037). interrupted and resource_deadlock_would_occur as
    /// read; then nothing was added. Handler-safe.
    [[nodiscard]] std::errc write(std::uint64_t n) const noexcept { return end(object().write(n)); }
    /// As write, with a deadline, a stop token, or another way to sleep. Handler-safe without a stop token.
    [[nodiscard]] std::errc write(std::uint64_t n, const wait_options& options) const noexcept {
        return end(object().write(n, core::opts_of(options)));
    }
    /// As write, until a stop is requested. Not handler-safe.
    [[nodiscard]] std::errc write(std::uint64_t n, const std::stop_token& stop) const noexcept {
        return end(object().write(n, stoppable(stop)));
    }
    /// As write, but never sleeps. Handler-safe.
    [[nodiscard]] std::errc try_write(std::uint64_t n) const noexcept { return end(object().try_write(n)); }
    /// As write, sleeping whatever the flags say, until the deadline: timed_out. Handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc
    write_until(std::uint64_t n, std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) const noexcept {
        return end(object().write(n, until(core::nanoseconds_of(deadline))));
    }
    /// The same, or until a stop is requested: operation_canceled. Not handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc write_until(std::uint64_t n,
                                        std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
                                        const std::stop_token& stop) const noexcept {
        return end(object().write(n, until(core::nanoseconds_of(deadline), &stop)));
    }
    /// As write_until, from now on.
    template <class Rep, class Period>
    [[nodiscard]] std::errc write_for(std::uint64_t n, std::chrono::duration<Rep, Period> timeout) const noexcept {
        return end(object().write(n, until(core::deadline_after(timeout))));
    }
    /// The same, or until a stop is requested: operation_canceled. Not handler-safe.
    template <class Rep, class Period>
    [[nodiscard]] std::errc write_for(std::uint64_t n, std::chrono::duration<Rep, Period> timeout,
                                      const std::stop_token& stop) const noexcept {
        return end(object().write(n, until(core::deadline_after(timeout), &stop)));
    }

    /// Adds one, never blocks, saturates at 2^64-1 (K-133, K-148). False, and nothing added, inside a wait queue
    /// callback (K-150): a signal handler that may interrupt a callback calls signal_deferred, or write. Handler-safe.
    bool signal() const noexcept { return object().signal(); }
    /// As signal, and never refused: it counts at once, and leaves callbacks for later. Handler-safe.
    void signal_deferred() const noexcept { object().signal_deferred(); }

    /// The count at this moment. Handler-safe.
    [[nodiscard]] std::uint64_t count() const noexcept { return object().count(); }
    /// What poll(2) would say at this moment: POLLIN, POLLOUT, POLLERR (K-047 to K-057). Handler-safe.
    [[nodiscard]] std::uint32_t poll() const noexcept { return object().poll(); }
    /// The id: the smallest number free at creation (K-128). Handler-safe.
    [[nodiscard]] int id() const noexcept { return object().id(); }
    /// Whether a read takes one. Handler-safe.
    [[nodiscard]] bool semaphore() const noexcept { return object().semaphore(); }
    /// Whether calls do not sleep, as things are. Handler-safe.
    [[nodiscard]] bool nonblock() const noexcept { return (object().flags() & core::flag_nonblock) != 0; }

    /// O_NONBLOCK on or off, for the calls that follow (K-089, K-104). Handler-safe.
    void set_nonblock(bool on) const noexcept { object().set_nonblock(on); }
    /// How long a reader looks before it sleeps: `set_linger(50us)`, linger::automatic(), linger::off().
    /// invalid_argument: below zero, or above one second; nothing has changed. The start value is the environment's,
    /// EFD_LINGER=off|auto|microseconds, and off without it. Handler-safe.
    std::errc set_linger(linger how) const noexcept {
        if (how.is_refused()) return std::errc::invalid_argument;
        object().set_linger(how.us_);
        return std::errc{};
    }

    /// Adds an entry to the wait queue (K-152, K-156). Its callback runs for each wake that its mask meets; see
    /// wait_queue_entry. ready is what poll said at the step after which nothing can be missed. Waits for no thread,
    /// also where another thread is stopped in a callback; an entry may then hear of a wake that came just before it.
    /// invalid_argument: no callback, or added already; not_enough_memory; operation_not_supported: an object of an
    /// arena, or with flags::shared. Not handler-safe; allowed inside callbacks.
    [[nodiscard]] std::errc add_wait_queue(wait_queue_entry& entry, std::uint32_t& ready) const noexcept {
        return end(object().add_wait_queue(entry, ready));
    }
    /// After it returned the callback does not run and will not: waits for a thread that runs callbacks of the object,
    /// or removes another entry. invalid_argument: not in this queue. resource_deadlock_would_occur: inside a callback
    /// of another object, where it would have to wait; nothing has changed, defer it. Not handler-safe.
    std::errc remove_wait_queue(wait_queue_entry& entry) const noexcept {
        return end(object().remove_wait_queue(entry));
    }
    /// Removes and reads in one step (K-152); resource_unavailable_try_again at zero: removed all the same, and count
    /// is 0. Else as remove_wait_queue; nothing was read then.
    std::errc remove_wait_queue_and_read(wait_queue_entry& entry, std::uint64_t& count) const noexcept {
        return end(object().remove_wait_queue_and_read(entry, count));
    }

    /// A descriptor for event loops, made when first asked for: close-on-exec, to be watched and not read, closed with
    /// the object. doorbell::level: poll, select, epoll and io_uring say of it what poll() says, but for POLLERR, once
    /// no call that changes the count between zero and not zero is running; the write that leaves zero and the read
    /// that reaches zero enter the kernel, once each (once more where two of them meet, or near the bound). A write
    /// that leaves zero is an edge for EPOLLET; one above zero is not, so take until there is nothing. doorbell::armed:
    /// silent until armed; see arm. doorbell::every: as level, and each write or signal is an edge and wakes one waiter
    /// of each epoll, also where nothing was read since the one before (K-060 and its like); for programs that signal
    /// again without draining. Each write enters the kernel then, which is what the other two save. Throws
    /// std::system_error: invalid_argument if the object has a descriptor of another way, operation_not_supported for
    /// an object of an arena, or with flags::shared, too_many_files_open, too_many_files_open_in_system,
    /// not_enough_memory. Later calls give the same number. Not handler-safe. In the child of a fork the number names a
    /// doorbell of the child's own object.
    EFD_API int fd(doorbell how = doorbell::level) const;

    /// For a doorbell::armed descriptor. What of `events` (POLLIN, POLLOUT) holds already; if nothing, the next write
    /// or signal (POLLIN), or the next read where there was no room (POLLOUT), rings once: one edge. Watch for EPOLLIN
    /// in either case, with EPOLLET or a multishot poll, which need no read of the descriptor; other watchers see it
    /// ready from the first ring on. A ring may also come for a change that others have used up, so arm, and look,
    /// again; nothing is ever missed. Looks first for as long as linger says. invalid_argument: no armed descriptor, or
    /// no events. Handler-safe.
    EFD_API arm_result arm(std::uint32_t events = core::poll_in) const noexcept;

  private:
    friend struct internal_access; // of the library, src/api/internal_access.hpp

    struct adopt {};
    eventfd(adopt, core::context* context) noexcept : context_(context) {}

    static core::wait_opts until(std::int64_t deadline_ns, const std::stop_token* stop = nullptr) noexcept {
        return {.deadline_ns = deadline_ns, .stop = stop, .blocking = core::blocking::always};
    }
    static core::wait_opts stoppable(const std::stop_token& stop) noexcept { return {.stop = &stop}; }
    static constexpr std::errc end(base::status how) noexcept { return base::to_errc(how); }
    [[nodiscard]] core::context& object() const noexcept {
        base::must_be_there(context_);
        return *context_;
    }
    core::context* context_;
};

/// Exchanges what the two mean.
inline void swap(eventfd& a, eventfd& b) noexcept { a.swap(b); }

} // namespace efd::EFD_ABI
