// SPDX-License-Identifier: MIT
// api/c_border.hpp: shared by the functions of the C border: errno, deadlines, the cancel token.
#pragma once

#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "os/clock.hpp"

#include <cerrno>
#include <cstdint>
#include <stop_token>

struct efd_cancel {
    std::stop_source source;
};

namespace efd::api {

inline int fail(int error) noexcept {
    errno = error;
    return -1;
}

// What every call says first: EBADF for no object or set, EFAULT for no place for the answer; 0 where there are both.
inline int null_among(const void* target, const void* answer) noexcept {
    if (target == nullptr) return EBADF;
    return answer == nullptr ? EFAULT : 0;
}

inline int answer(base::status s) noexcept {
    return s == base::status::ok ? 0 : fail(static_cast<int>(base::to_errc(s)));
}
// What a call gives that succeeds with a number.
inline int answer(base::status s, int number) noexcept { return s == base::status::ok ? number : answer(s); }

// Sets the linger of an object or of a set.
template <class Target>
int answer_linger(Target& target, long linger_us) noexcept {
    if (linger_us < EFD_LINGER_AUTO || linger_us > 1'000'000) return fail(EINVAL);
    target.set_linger(static_cast<std::int32_t>(linger_us));
    return 0;
}

inline std::int64_t deadline(std::uint64_t ns) noexcept {
    return ns >= static_cast<std::uint64_t>(efd::core::forever) ? efd::core::forever : static_cast<std::int64_t>(ns);
}

inline std::int64_t deadline_after(std::uint64_t timeout_ns) noexcept {
    const auto now = static_cast<std::uint64_t>(efd::os::now_ns());
    return timeout_ns > UINT64_MAX - now ? efd::core::forever : deadline(now + timeout_ns);
}

// The options of a C call as the core's. They point to a token of the cancel, so this outlives the wait. is_valid:
// false for a value of blocking that does not exist, or a reserved word that is in use.
class options_given {
  public:
    explicit options_given(const efd_wait_options* options) noexcept {
        if (options == nullptr) return;
        is_valid_ = options->blocking >= EFD_BLOCKING_AS_FLAGGED && options->blocking <= EFD_BLOCKING_ALWAYS &&
                    options->reserved[0] == 0 && options->reserved[1] == 0;
        if (!is_valid_) return;
        opts_.deadline_ns = deadline(options->deadline_ns);
        opts_.blocking = static_cast<core::blocking>(options->blocking);
        opts_.owner_death = options->owner_death != 0;
        cancel_ = options->cancel;
        if (cancel_ == nullptr) return;
        token_ = cancel_->source.get_token();
        opts_.stop = &token_;
    }
    // What was done before the request happened before the return of the wait that it ended.
    ~options_given() {
        if (cancel_ != nullptr) base::order_acquire(cancel_);
    }
    options_given& operator=(options_given&&) = delete; // neither copied nor moved

    [[nodiscard]] bool is_valid() const noexcept { return is_valid_; }
    [[nodiscard]] const core::wait_opts& opts() const noexcept { return opts_; }

  private:
    efd_cancel_t* cancel_ = nullptr;
    std::stop_token token_;
    core::wait_opts opts_;
    bool is_valid_ = true;
};
static_assert(EFD_BLOCKING_AS_FLAGGED == static_cast<int>(core::blocking::as_flagged) &&
              EFD_BLOCKING_NEVER == static_cast<int>(core::blocking::never) &&
              EFD_BLOCKING_ALWAYS == static_cast<int>(core::blocking::always));

} // namespace efd::api
