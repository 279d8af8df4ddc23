// SPDX-License-Identifier: MIT
// api/efd_wait_set.cpp: the C border of sets.
#include <efd/efd.h>

#include "api/c_border.hpp"
#include "watch/set_core.hpp"

#include <cstddef>

using efd::api::answer;
using efd::api::answer_linger;
using efd::api::deadline;
using efd::api::fail;
using efd::api::null_among;
using efd::api::options_given;
using efd::base::status;
using efd::core::blocking;
using efd::core::context;
using efd::core::wait_opts;
using efd::watch::set_core;

namespace {

set_core* inside(efd_wait_set_t* set) noexcept { return reinterpret_cast<set_core*>(set); }
const set_core* inside(const efd_wait_set_t* set) noexcept { return reinterpret_cast<const set_core*>(set); }

// Both sides see the same structure.
static_assert(sizeof(efd_wait_set_event) == sizeof(efd::set_event) &&
              alignof(efd_wait_set_event) == alignof(efd::set_event) &&
              offsetof(efd_wait_set_event, token) == offsetof(efd::set_event, token) &&
              offsetof(efd_wait_set_event, value) == offsetof(efd::set_event, value) &&
              offsetof(efd_wait_set_event, events) == offsetof(efd::set_event, events) &&
              offsetof(efd_wait_set_event, origin) == offsetof(efd::set_event, origin));

std::span<efd::set_event> inside(efd_wait_set_event* events, int room) noexcept {
    return {reinterpret_cast<efd::set_event*>(events), room > 0 ? static_cast<std::size_t>(room) : 0};
}

wait_opts until(std::uint64_t deadline_ns) noexcept {
    return {.deadline_ns = deadline(deadline_ns), .stop = nullptr, .blocking = blocking::always};
}

int any(efd_wait_set_t* set, efd_wait_set_event* got, const wait_opts& opts) noexcept {
    if (set == nullptr) return fail(EBADF);
    if (got == nullptr) return fail(EFAULT);
    return answer(inside(set)->wait_any(inside(got, 1).front(), opts));
}

// How many events there are, or -1. Wait: set_core::wait_ready or set_core::wait_all.
template <auto Wait>
int several(efd_wait_set_t* set, efd_wait_set_event* events, int room, const wait_opts& opts) noexcept {
    if (set == nullptr) return fail(EBADF);
    if (events == nullptr) return fail(EFAULT);
    std::size_t number = 0;
    const status result = (inside(set)->*Wait)(inside(events, room), number, opts);
    return answer(result, static_cast<int>(number));
}
constexpr auto ready = several<&set_core::wait_ready>;
constexpr auto all = several<&set_core::wait_all>;

} // namespace

extern "C" {

efd_wait_set_t* efd_wait_set_create(void) noexcept {
    set_core* const made = set_core::create();
    if (made == nullptr) errno = ENOMEM;
    return reinterpret_cast<efd_wait_set_t*>(made);
}

void efd_wait_set_destroy(efd_wait_set_t* set) noexcept {
    if (set == nullptr) return;
    inside(set)->end();
}

int efd_wait_set_add(efd_wait_set_t* set, efd_t* efd, std::uint64_t token) noexcept {
    if (set == nullptr || efd == nullptr) return fail(EBADF);
    int place = -1;
    const status result = inside(set)->add(*reinterpret_cast<context*>(efd), token, place);
    return answer(result, place);
}

int efd_wait_set_add_set(efd_wait_set_t* set, efd_wait_set_t* inner, std::uint64_t token) noexcept {
    if (set == nullptr || inner == nullptr) return fail(EBADF);
    int place = -1;
    const status result = inside(set)->add(*inside(inner), token, place);
    return answer(result, place);
}

int efd_wait_set_add_fd(efd_wait_set_t* set, int fd, std::uint32_t events, std::uint64_t token) noexcept {
    if (set == nullptr) return fail(EBADF);
    int place = -1;
    const status result = inside(set)->add(fd, events, token, place);
    return answer(result, place);
}

int efd_wait_set_remove(efd_wait_set_t* set, int member) noexcept {
    if (set == nullptr) return fail(EBADF);
    return answer(inside(set)->remove(member));
}

int efd_wait_set_size(const efd_wait_set_t* set) noexcept {
    return set == nullptr ? fail(EBADF) : static_cast<int>(inside(set)->members());
}

int efd_wait_set_try_any(efd_wait_set_t* set, efd_wait_set_event* got) noexcept {
    return any(set, got, {.blocking = blocking::never});
}

int efd_wait_set_wait_any(efd_wait_set_t* set, efd_wait_set_event* got, std::uint64_t deadline_ns) noexcept {
    return any(set, got, until(deadline_ns));
}

int efd_wait_set_wait_any_with(efd_wait_set_t* set, efd_wait_set_event* got, const efd_wait_options* options) noexcept {
    if (const int error = null_among(set, got); error != 0) return fail(error);
    const options_given given(options);
    return given.is_valid() ? any(set, got, given.opts()) : fail(EINVAL);
}

int efd_wait_set_wait_ready(efd_wait_set_t* set, efd_wait_set_event* events, int room,
                            std::uint64_t deadline_ns) noexcept {
    return ready(set, events, room, until(deadline_ns));
}

int efd_wait_set_wait_ready_with(efd_wait_set_t* set, efd_wait_set_event* events, int room,
                                 const efd_wait_options* options) noexcept {
    if (const int error = null_among(set, events); error != 0) return fail(error);
    const options_given given(options);
    return given.is_valid() ? ready(set, events, room, given.opts()) : fail(EINVAL);
}

int efd_wait_set_try_all(efd_wait_set_t* set, efd_wait_set_event* events, int room) noexcept {
    return all(set, events, room, {.blocking = blocking::never});
}

int efd_wait_set_wait_all(efd_wait_set_t* set, efd_wait_set_event* events, int room,
                          std::uint64_t deadline_ns) noexcept {
    return all(set, events, room, until(deadline_ns));
}

int efd_wait_set_wait_all_with(efd_wait_set_t* set, efd_wait_set_event* events, int room,
                               const efd_wait_options* options) noexcept {
    if (const int error = null_among(set, events); error != 0) return fail(error);
    const options_given given(options);
    return given.is_valid() ? all(set, events, room, given.opts()) : fail(EINVAL);
}

int efd_wait_set_fd(efd_wait_set_t* set) noexcept {
    if (set == nullptr) return fail(EBADF);
    int fd = -1;
    const status result = inside(set)->open_descriptor(fd);
    return answer(result, fd);
}

int efd_wait_set_set_linger(efd_wait_set_t* set, long linger_us) noexcept {
    if (set == nullptr) return fail(EBADF);
    return answer_linger(*inside(set), linger_us);
}

} // extern "C"
