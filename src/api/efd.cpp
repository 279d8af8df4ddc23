// SPDX-License-Identifier: MIT
// api/efd.cpp: the C border. Checks null pointers and turns statuses into errno, and does nothing else.
#include <efd/efd.h>

#include <efd/eventfd.hpp>

#include "api/c_border.hpp"
#include "api/made.hpp"
#include "share/family.hpp"
#include "watch/doorbell.hpp"
#include "watch/set_core.hpp"

#include <cerrno>
#include <cstddef>
#include <new>

using efd::api::answer;
using efd::api::answer_linger;
using efd::api::deadline;
using efd::api::deadline_after;
using efd::api::fail;
using efd::api::null_among;
using efd::api::options_given;
using efd::base::status;
using efd::core::blocking;
using efd::core::context;
using efd::core::wait_opts;

static_assert(efd::core::flag_semaphore == EFD_SEMAPHORE && efd::core::flag_nonblock == EFD_NONBLOCK &&
              efd::core::flag_cloexec == EFD_CLOEXEC && efd::core::flag_shared == EFD_SHARED);

namespace {

context* object(efd_t* efd) noexcept { return reinterpret_cast<context*>(efd); }
const context* object(const efd_t* efd) noexcept { return reinterpret_cast<const context*>(efd); }

int read_on(efd_t* efd, std::uint64_t* value, const wait_opts& opts) noexcept {
    if (efd == nullptr) return fail(EBADF);
    if (value == nullptr) return fail(EFAULT);
    return answer(object(efd)->read(*value, opts));
}

int read_some_on(efd_t* efd, std::uint64_t* value, std::uint64_t most, const wait_opts& opts) noexcept {
    if (efd == nullptr) return fail(EBADF);
    if (value == nullptr) return fail(EFAULT);
    return answer(object(efd)->read_some(*value, most, opts));
}

int write_on(efd_t* efd, std::uint64_t value, const wait_opts& opts) noexcept {
    if (efd == nullptr) return fail(EBADF);
    return answer(object(efd)->write(value, opts));
}

efd_t* make_shared(std::uint64_t initval, unsigned flags) noexcept {
    const int before = errno;
    context* made = nullptr;
    const efd::share::outcome what = efd::share::make_in_family(initval, flags, made);
    errno = what.is_refused() ? efd::share::errno_of(what) : before;
    return reinterpret_cast<efd_t*>(made);
}

efd::watch::ring_way way_named(int how) noexcept {
    if (how == EFD_EVERY) return efd::watch::ring_way::every;
    return how == EFD_ARMED ? efd::watch::ring_way::armed : efd::watch::ring_way::level;
}

// The core's entry is in the reserved space of the C entry; finds one from the other.
using core_entry = efd::core::wait_queue_entry;
static_assert(sizeof(core_entry) <= sizeof(efd_wait_queue_entry::reserved));
static_assert(alignof(core_entry) <= alignof(efd_wait_queue_entry));

core_entry& inner(efd_wait_queue_entry& entry) noexcept {
    return *std::launder(reinterpret_cast<core_entry*>(&entry.reserved.space));
}

int call_c_entry(core_entry& inside, std::uint32_t key) {
    auto* const bytes = reinterpret_cast<unsigned char*>(&inside);
    auto* const entry = reinterpret_cast<efd_wait_queue_entry*>(bytes - offsetof(efd_wait_queue_entry, reserved));
    return entry->callback(entry, key);
}

using core_work = efd::core::deferred_work;
static_assert(sizeof(core_work) == sizeof(efd_work) && offsetof(core_work, next) == offsetof(efd_work, reserved));

} // namespace

extern "C" {

unsigned efd_version(void) noexcept { return EFD_VERSION_NUMBER; }

efd_t* efd_create(std::uint64_t initval, int flags) noexcept {
    const auto bits = static_cast<unsigned>(flags) & ~efd::core::flag_shared;
    if (!efd::core::may_create(initval, bits)) {
        errno = EINVAL;
        return nullptr;
    }
    const bool is_shared = (flags & EFD_SHARED) != 0;
    context* const born = is_shared ? object(make_shared(initval, bits)) : context::create(initval, bits);
    if (born == nullptr && !is_shared) errno = ENOMEM;
    efd::api::report_made(born);
    return reinterpret_cast<efd_t*>(born);
}

efd_t* efd_get(efd_t* efd) noexcept {
    if (efd == nullptr)
        errno = EBADF;
    else
        object(efd)->get();
    return efd;
}

void efd_put(efd_t* efd) noexcept {
    if (efd != nullptr) object(efd)->put();
}

int efd_read(efd_t* efd, std::uint64_t* value) noexcept {
    if (efd == nullptr) return fail(EBADF);
    if (value == nullptr) return fail(EFAULT);
    return answer(object(efd)->read(*value));
}

int efd_write(efd_t* efd, std::uint64_t value) noexcept {
    if (efd == nullptr) return fail(EBADF);
    return answer(object(efd)->write(value));
}

int efd_try_read(efd_t* efd, std::uint64_t* value) noexcept {
    if (efd == nullptr) return fail(EBADF);
    if (value == nullptr) return fail(EFAULT);
    return answer(object(efd)->try_read(*value));
}

int efd_try_write(efd_t* efd, std::uint64_t value) noexcept {
    return write_on(efd, value, {.blocking = blocking::never});
}

int efd_read_until(efd_t* efd, std::uint64_t* value, std::uint64_t deadline_ns) noexcept {
    return read_on(efd, value, {.deadline_ns = deadline(deadline_ns), .blocking = blocking::always});
}

int efd_write_until(efd_t* efd, std::uint64_t value, std::uint64_t deadline_ns) noexcept {
    return write_on(efd, value, {.deadline_ns = deadline(deadline_ns), .blocking = blocking::always});
}

int efd_read_for(efd_t* efd, std::uint64_t* value, std::uint64_t timeout_ns) noexcept {
    return read_on(efd, value, {.deadline_ns = deadline_after(timeout_ns), .blocking = blocking::always});
}

int efd_write_for(efd_t* efd, std::uint64_t value, std::uint64_t timeout_ns) noexcept {
    return write_on(efd, value, {.deadline_ns = deadline_after(timeout_ns), .blocking = blocking::always});
}

int efd_read_some(efd_t* efd, std::uint64_t* value, std::uint64_t most) noexcept {
    return read_some_on(efd, value, most, {});
}

int efd_try_read_some(efd_t* efd, std::uint64_t* value, std::uint64_t most) noexcept {
    return read_some_on(efd, value, most, {.blocking = blocking::never});
}

int efd_read_some_until(efd_t* efd, std::uint64_t* value, std::uint64_t most, std::uint64_t deadline_ns) noexcept {
    return read_some_on(efd, value, most, {.deadline_ns = deadline(deadline_ns), .blocking = blocking::always});
}

int efd_read_some_for(efd_t* efd, std::uint64_t* value, std::uint64_t most, std::uint64_t timeout_ns) noexcept {
    return read_some_on(efd, value, most, {.deadline_ns = deadline_after(timeout_ns), .blocking = blocking::always});
}

int efd_signal(efd_t* efd) noexcept {
    if (efd == nullptr) return fail(EBADF);
    return object(efd)->signal() ? 0 : fail(EDEADLK);
}

efd_cancel_t* efd_cancel_create(void) noexcept {
    try {
        return new efd_cancel{};
    } catch (const std::bad_alloc&) {
        errno = ENOMEM;
        return nullptr;
    }
}

int efd_cancel_request(efd_cancel_t* cancel) noexcept {
    if (cancel == nullptr) return fail(EBADF);
    efd::base::order_release(cancel);
    cancel->source.request_stop();
    return 0;
}

void efd_cancel_destroy(efd_cancel_t* cancel) noexcept { delete cancel; }

int efd_read_with(efd_t* efd, std::uint64_t* value, const efd_wait_options* options) noexcept {
    if (const int error = null_among(efd, value); error != 0) return fail(error);
    const options_given given(options);
    return given.is_valid() ? read_on(efd, value, given.opts()) : fail(EINVAL);
}

int efd_read_some_with(efd_t* efd, std::uint64_t* value, std::uint64_t most, const efd_wait_options* options) noexcept {
    if (const int error = null_among(efd, value); error != 0) return fail(error);
    const options_given given(options);
    return given.is_valid() ? read_some_on(efd, value, most, given.opts()) : fail(EINVAL);
}

int efd_write_with(efd_t* efd, std::uint64_t value, const efd_wait_options* options) noexcept {
    if (efd == nullptr) return fail(EBADF);
    const options_given given(options);
    return given.is_valid() ? write_on(efd, value, given.opts()) : fail(EINVAL);
}

int efd_poll(const efd_t* efd) noexcept {
    if (efd == nullptr) return fail(EBADF);
    const auto says = static_cast<int>(object(efd)->poll());
    efd::base::order_acquire(efd);
    return says;
}

std::uint64_t efd_count(const efd_t* efd) noexcept {
    if (efd == nullptr) return 0;
    const std::uint64_t count = object(efd)->count();
    efd::base::order_acquire(efd);
    return count;
}

int efd_id(const efd_t* efd) noexcept { return efd == nullptr ? fail(EBADF) : object(efd)->id(); }

int efd_flags(const efd_t* efd) noexcept {
    return efd == nullptr ? fail(EBADF) : static_cast<int>(object(efd)->flags());
}

int efd_set_nonblock(efd_t* efd, int on) noexcept {
    if (efd == nullptr) return fail(EBADF);
    object(efd)->set_nonblock(on != 0);
    return 0;
}

std::uint64_t efd_system_calls(void) noexcept { return efd::system_calls(); }

int efd_fd(efd_t* efd, int how) noexcept {
    if (efd == nullptr) return fail(EBADF);
    if (how != EFD_LEVEL && how != EFD_ARMED && how != EFD_EVERY) return fail(EINVAL);
    int descriptor = -1;
    const status result = efd::watch::doorbell::open(*object(efd), way_named(how), descriptor);
    return answer(result, descriptor);
}

int efd_renew_descriptors(void) noexcept { return answer(efd::watch::set_core::renew_all()); }

int efd_arm(efd_t* efd, unsigned events) noexcept {
    if (efd == nullptr) return fail(EBADF);
    std::uint32_t ready = 0;
    const status result = efd::watch::doorbell::arm(*object(efd), events, ready);
    return answer(result, static_cast<int>(ready));
}

int efd_set_linger(efd_t* efd, long linger_us) noexcept {
    if (efd == nullptr) return fail(EBADF);
    return answer_linger(*object(efd), linger_us);
}

int efd_wait_queue_add(efd_t* efd, efd_wait_queue_entry* entry, unsigned* ready) noexcept {
    if (efd == nullptr) return fail(EBADF);
    if (entry == nullptr) return fail(EFAULT);
    if (entry->callback == nullptr || inner(*entry).queue != nullptr) return fail(EINVAL);
    core_entry* const inside = new (&entry->reserved) core_entry{};
    inside->callback = call_c_entry;
    inside->mask = entry->mask;
    inside->exclusive = entry->exclusive != 0;
    std::uint32_t mask = 0;
    const int result = answer(object(efd)->add_wait_queue(*inside, mask));
    if (result == 0 && ready != nullptr) *ready = mask;
    return result;
}

int efd_wait_queue_remove(efd_t* efd, efd_wait_queue_entry* entry) noexcept {
    if (efd == nullptr) return fail(EBADF);
    if (entry == nullptr) return fail(EFAULT);
    return answer(object(efd)->remove_wait_queue(inner(*entry)));
}

int efd_wait_queue_remove_and_read(efd_t* efd, efd_wait_queue_entry* entry, std::uint64_t* count) noexcept {
    if (efd == nullptr) return fail(EBADF);
    if (entry == nullptr || count == nullptr) return fail(EFAULT);
    return answer(object(efd)->remove_wait_queue_and_read(inner(*entry), *count));
}

int efd_signal_allowed(void) noexcept { return efd::signal_allowed() ? 1 : 0; }

int efd_signal_deferred(efd_t* efd) noexcept {
    if (efd == nullptr) return fail(EBADF);
    object(efd)->signal_deferred();
    return 0;
}

int efd_defer(efd_work* work) noexcept {
    if (work == nullptr) return fail(EFAULT);
    if (work->callback == nullptr) return fail(EINVAL);
    efd::defer(*reinterpret_cast<core_work*>(work));
    return 0;
}

} // extern "C"
