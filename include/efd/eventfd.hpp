// efd/eventfd.hpp: the Linux eventfd in user space, for C++20.
//
// efd::eventfd owns one reference to an object: a 64-bit count that writers add to and readers take from. An operation
// enters the kernel only when somebody is really asleep. Every behaviour is the kernel's; K-numbers name the claim in
// docs/semantics.md that a member answers to. Members may be called from any thread at the same time, except for
// construction, assignment, swap and destruction of the handle itself. "Handler-safe" members may be called from signal
// handlers. Operations return std::errc as std::from_chars does: std::errc{} is success, every other value is the
// errno.
//
//     efd::eventfd done;                                     // count 0
//     std::jthread worker([&] { work(); done.signal(); });
//     std::uint64_t n;
//     if (done.read(n) == std::errc{}) use(n);               // sleeps until there is something, takes it all
//
// A thread whose wait has returned may destroy the handle while another one is still inside the call that ended the
// wait (a write, a signal, a read that made room, a stop request); see docs/races.md, LAST_PUT.
#pragma once

#include <efd/detail/base/misuse.hpp>
#include <efd/detail/core/context.hpp>
#include <efd/detail/core/deadline.hpp>

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <system_error>
#include <utility>

namespace efd::EFD_ABI {

// Flags of creation, as EFD_SEMAPHORE, EFD_NONBLOCK and EFD_CLOEXEC; they combine with |.
enum class flags : unsigned {
    none = 0,
    semaphore = core::flag_semaphore,
    nonblock = core::flag_nonblock,
    cloexec = core::flag_cloexec, // kept, without effect as there is no descriptor
};
[[nodiscard]] constexpr flags operator|(flags a, flags b) noexcept {
    return static_cast<flags>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

// An entry of the wait queue, work for after a callback, and the guard; see efd/detail/core/wait_queue_entry.hpp.
using core::defer;
using core::deferred_work;
using core::signal_allowed;
using core::wait_queue_entry;

// The three ways to watch a descriptor; see eventfd::fd.
enum class doorbell : unsigned char { level, armed, every };

// How long a reader looks before it sleeps; see eventfd::set_linger.
struct linger {
    std::int32_t us;
    static constexpr linger off() noexcept { return {core::linger_off}; }
    static constexpr linger automatic() noexcept { return {core::linger_auto}; }
    static constexpr linger microseconds(std::int32_t us) noexcept { return {us}; }
};

// The errno of a status; the one place of the C++ border.
[[nodiscard]] constexpr std::errc to_errc(base::status s) noexcept {
    switch (s) {
    case base::status::ok: return std::errc{};
    case base::status::would_block: return std::errc::resource_unavailable_try_again;
    case base::status::invalid: return std::errc::invalid_argument;
    case base::status::interrupted: return std::errc::interrupted;
    case base::status::timed_out: return std::errc::timed_out;
    case base::status::cancelled: return std::errc::operation_canceled;
    case base::status::deadlock: return std::errc::resource_deadlock_would_occur;
    case base::status::no_memory: return std::errc::not_enough_memory;
    case base::status::no_descriptor: return std::errc::too_many_files_open;
    case base::status::table_full: return std::errc::too_many_files_open_in_system;
    case base::status::bad_descriptor: return std::errc::bad_file_descriptor;
    case base::status::exists: return std::errc::file_exists;
    case base::status::not_watchable: return std::errc::operation_not_permitted;
    case base::status::not_supported: return std::errc::operation_not_supported;
    case base::status::too_deep: return std::errc::too_many_symbolic_link_levels;
    case base::status::fault: return std::errc::bad_address;
    }
    return std::errc::invalid_argument;
}

class eventfd {
  public:
    // A new object (K-001, K-005, K-010). Throws std::system_error: invalid_argument for other flag bits (K-002) or an
    // initial value of 2^64-1, not_enough_memory. Not handler-safe.
    EFD_API explicit eventfd(std::uint64_t initval = 0, flags how = flags::none);
    EFD_LOCAL ~eventfd() {
        if (context_ != nullptr) context_->put();
    }
    // A handle that was moved from may be assigned to, swapped and destroyed, and nothing else. In a build that is not
    // optimised, or has a sanitizer, any other use of it ends the program with a sentence.
    eventfd(eventfd&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
    EFD_LOCAL eventfd& operator=(eventfd&& other) noexcept {
        eventfd moved(std::move(other));
        moved.swap(*this);
        return *this;
    }
    eventfd(const eventfd&) = delete;
    eventfd& operator=(const eventfd&) = delete;
    void swap(eventfd& other) noexcept { std::swap(context_, other.context_); }

    // A second handle to the same object, as dup does for a descriptor (K-100). Handler-safe.
    [[nodiscard]] eventfd duplicate() const noexcept {
        object().get();
        return eventfd(adopt{}, context_);
    }

    // Takes the whole count, or one in semaphore mode, into value (K-013, K-014). At zero sleeps (K-019), or
    // resource_unavailable_try_again with flags::nonblock (K-018). interrupted: a handler without SA_RESTART ran while
    // it slept (K-093, K-097); nothing was taken. value is written on success alone. Handler-safe.
    [[nodiscard]] std::errc read(std::uint64_t& value) noexcept { return to_errc(object().read(value)); }

    // As read, but never sleeps. One load when there is nothing, as long as the object has no descriptor; with one,
    // reads that find nothing see to it that it does not say readable for ever. Handler-safe.
    [[nodiscard]] std::errc try_read(std::uint64_t& value) noexcept { return to_errc(object().try_read(value)); }

    // As read, but sleeps whatever the flags say, until the deadline: timed_out then; and cancelled once a stop is
    // requested: operation_canceled. Neither is said when there was something to take at the last look, and neither
    // costs another reader its wake. A deadline in the past makes one try. Without a stop token handler-safe.
    template <class Duration>
    [[nodiscard]] std::errc read_until(std::uint64_t& value,
                                       std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) noexcept {
        return to_errc(object().read(value, terms(core::nanoseconds_of(deadline), nullptr)));
    }
    template <class Duration>
    [[nodiscard]] std::errc read_until(std::uint64_t& value,
                                       std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
                                       const std::stop_token& stop) noexcept {
        return to_errc(object().read(value, terms(core::nanoseconds_of(deadline), &stop)));
    }
    template <class Rep, class Period>
    [[nodiscard]] std::errc read_for(std::uint64_t& value, std::chrono::duration<Rep, Period> timeout) noexcept {
        return to_errc(object().read(value, terms(core::deadline_after(timeout), nullptr)));
    }
    // As read, sleeping whatever the flags say, until a stop is requested. Not handler-safe.
    [[nodiscard]] std::errc read(std::uint64_t& value, const std::stop_token& stop) noexcept {
        return to_errc(object().read(value, terms(core::forever, &stop)));
    }

    // Takes up to `most` units into value, and leaves the rest: in one call what so many semaphore reads would take
    // with nobody between (K-180). Without flags::semaphore as well, where read takes all. At zero as read;
    // invalid_argument for a most of 0, before anything else. One step on the count: another reader gets what is left,
    // and a reader that sleeps is woken for it. The forms are those of read. Handler-safe without a stop token.
    [[nodiscard]] std::errc read_some(std::uint64_t& value, std::uint64_t most) noexcept {
        return to_errc(object().read_some(value, most));
    }
    [[nodiscard]] std::errc try_read_some(std::uint64_t& value, std::uint64_t most) noexcept {
        return to_errc(object().try_read_some(value, most));
    }
    template <class Duration>
    [[nodiscard]] std::errc
    read_some_until(std::uint64_t& value, std::uint64_t most,
                    std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) noexcept {
        return to_errc(object().read_some(value, most, terms(core::nanoseconds_of(deadline), nullptr)));
    }
    template <class Duration>
    [[nodiscard]] std::errc read_some_until(std::uint64_t& value, std::uint64_t most,
                                            std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
                                            const std::stop_token& stop) noexcept {
        return to_errc(object().read_some(value, most, terms(core::nanoseconds_of(deadline), &stop)));
    }
    template <class Rep, class Period>
    [[nodiscard]] std::errc read_some_for(std::uint64_t& value, std::uint64_t most,
                                          std::chrono::duration<Rep, Period> timeout) noexcept {
        return to_errc(object().read_some(value, most, terms(core::deadline_after(timeout), nullptr)));
    }
    [[nodiscard]] std::errc read_some(std::uint64_t& value, std::uint64_t most, const std::stop_token& stop) noexcept {
        return to_errc(object().read_some(value, most, terms(core::forever, &stop)));
    }

    // Adds n (K-031). invalid_argument for 2^64-1 (K-034). Without room below 2^64-1 sleeps (K-038), or
    // resource_unavailable_try_again with flags::nonblock (K-037). interrupted as read; then nothing was added.
    // Handler-safe.
    [[nodiscard]] std::errc write(std::uint64_t n) noexcept { return to_errc(object().write(n)); }
    // As write, but never sleeps. Handler-safe.
    [[nodiscard]] std::errc try_write(std::uint64_t n) noexcept { return to_errc(object().try_write(n)); }
    // As write, with the terms of read_until.
    template <class Duration>
    [[nodiscard]] std::errc
    write_until(std::uint64_t n, std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) noexcept {
        return to_errc(object().write(n, terms(core::nanoseconds_of(deadline), nullptr)));
    }
    template <class Duration>
    [[nodiscard]] std::errc write_until(std::uint64_t n,
                                        std::chrono::time_point<std::chrono::steady_clock, Duration> deadline,
                                        const std::stop_token& stop) noexcept {
        return to_errc(object().write(n, terms(core::nanoseconds_of(deadline), &stop)));
    }
    template <class Rep, class Period>
    [[nodiscard]] std::errc write_for(std::uint64_t n, std::chrono::duration<Rep, Period> timeout) noexcept {
        return to_errc(object().write(n, terms(core::deadline_after(timeout), nullptr)));
    }
    [[nodiscard]] std::errc write(std::uint64_t n, const std::stop_token& stop) noexcept {
        return to_errc(object().write(n, terms(core::forever, &stop)));
    }

    // Adds one, never blocks, saturates at 2^64-1 (K-133, K-148). False, and nothing added, inside a wait queue
    // callback (K-150); signal_deferred is never refused: it counts at once and leaves callbacks for later. A
    // signal handler that may interrupt a callback should use that one, or write. Handler-safe.
    bool signal() noexcept { return object().signal(); }
    void signal_deferred() noexcept { object().signal_deferred(); }

    // The count, and what poll(2) would say (POLLIN, POLLOUT, POLLERR; K-047 to K-057), of this moment. Handler-safe.
    [[nodiscard]] std::uint64_t count() const noexcept { return object().count(); }
    [[nodiscard]] std::uint32_t poll() const noexcept { return object().poll(); }
    // The id: the smallest number free at creation (K-128). Handler-safe.
    [[nodiscard]] int id() const noexcept { return object().id(); }
    [[nodiscard]] bool semaphore() const noexcept { return object().semaphore(); }

    // O_NONBLOCK on or off, for the calls that follow (K-089, K-104). Handler-safe.
    void set_nonblock(bool on) noexcept { object().set_nonblock(on); }
    // How long a reader looks before it sleeps: linger::off(), linger::automatic() (up to the measured price of a
    // sleep, never on the signaller's processor, ever more rarely while it does not pay), or linger::microseconds(n), n
    // up to 1000000. The start value is the environment's, EFD_LINGER=off|auto|<n>, and off without it. Handler-safe.
    void set_linger(linger how) noexcept { object().set_linger(how.us); }

    // The wait queue (K-152, K-156). An entry's callback runs for each wake its mask meets; see wait_queue_entry. ready
    // is what poll said at the step after which nothing can be missed. Waits for nobody, also where another thread is
    // stopped in a callback; an entry may then hear of a wake that came just before it. invalid_argument: no callback,
    // or added already; not_enough_memory. Not handler-safe; allowed inside callbacks.
    [[nodiscard]] std::errc add_wait_queue(wait_queue_entry& entry, std::uint32_t& ready) noexcept {
        return to_errc(object().add_wait_queue(entry, ready));
    }
    // After it returned the callback does not run and will not: waits for a thread that runs callbacks of the object,
    // or removes another entry. invalid_argument: not in this queue. resource_deadlock_would_occur: inside a callback
    // of another object, where it would have to wait; nothing has changed, defer it. remove_wait_queue_and_read says so
    // too.
    std::errc remove_wait_queue(wait_queue_entry& entry) noexcept { return to_errc(object().remove_wait_queue(entry)); }
    // Removes and reads in one step; resource_unavailable_try_again at zero, removed all the same.
    std::errc remove_wait_queue_and_read(wait_queue_entry& entry, std::uint64_t& count) noexcept {
        return to_errc(object().remove_wait_queue_and_read(entry, count));
    }

    // A descriptor for event loops, made when first asked for: close-on-exec, to be watched and not read, closed with
    // the object. doorbell::level: poll, select, epoll and io_uring say of it what poll() says, but for POLLERR, once
    // no call that changes the count between zero and not zero is running; the write that leaves zero and the read that
    // reaches zero enter the kernel, once each (once more where two of them meet, or near the bound). A write that
    // leaves zero is an edge for EPOLLET; one above zero is not, so take until there is nothing. doorbell::armed:
    // silent until armed; see arm. doorbell::every: as level, and each write or signal is an edge and wakes one waiter
    // of each epoll, also where nothing was read since the one before (K-060 and its like); for programs that signal
    // again without draining. Each write enters the kernel then, which is what the other two save. Throws
    // std::system_error: invalid_argument if the object has a descriptor of another way, too_many_files_open,
    // too_many_files_open_in_system, not_enough_memory. Later calls give the same number. Not handler-safe. In the
    // child of a fork the number names a bell of the child's own object.
    EFD_API int fd(doorbell how = doorbell::level);

    // For a doorbell::armed descriptor. What of `events` (POLLIN, POLLOUT) holds already; if zero, the next write or
    // signal (POLLIN), or the next read where there was no room (POLLOUT), rings once: one edge. Watch for EPOLLIN in
    // either case, with EPOLLET or a multishot poll, which need no read of the descriptor; other watchers see it ready
    // from the first ring on. A ring may also come for a change that others have used up, so arm, and look, again;
    // nothing is ever missed. Looks first for as long as linger says. Throws invalid_argument without an armed
    // descriptor and for no events. Handler-safe otherwise.
    EFD_API std::uint32_t arm(std::uint32_t events = core::poll_in);

    [[nodiscard]] core::context* native_handle() const noexcept { return context_; }

  private:
    struct adopt {};
    eventfd(adopt, core::context* context) noexcept : context_(context) {}

    static core::wait_terms terms(std::int64_t deadline_ns, const std::stop_token* stop) noexcept {
        return {.deadline_ns = deadline_ns, .stop = stop, .sleep = core::patience::always};
    }
    [[nodiscard]] core::context& object() const noexcept {
        base::must_be_there(context_);
        return *context_;
    }
    core::context* context_;
};

inline void swap(eventfd& a, eventfd& b) noexcept { a.swap(b); }

} // namespace efd::EFD_ABI
