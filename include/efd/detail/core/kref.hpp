// SPDX-License-Identifier: MIT
// core/kref.hpp: the reference count of a context, named after the kernel's.
//
// Owns one number. get and put from any thread, also in a signal handler. Invariant: above zero while any thread may
// use the object by right; get_unless_zero is for a signaller that may have outlived the object's last owner.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/check.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

class kref {
  public:
    constexpr kref() noexcept = default;
    // One that begins with a reference that nobody gives back.
    struct permanent {};
    constexpr explicit kref(permanent) noexcept : refs_(1) {}

    // BIRTH: a thread that gets a reference, even a late signaller of the former object, sees all of this one.
    void init() noexcept { refs_.store(1, base::release); }

    void get() noexcept {
        [[maybe_unused]] const std::uint32_t count = refs_.fetch_add(1, base::relaxed);
        EFD_CHECK(count != 0 && count != UINT32_MAX);
    }

    // FDGET: a thread that is refused sees what the last owner did before its put.
    [[nodiscard]] bool get_unless_zero() noexcept {
        std::uint32_t count = refs_.load(base::acquire);
        while (count != 0) {
            EFD_CHECK(count != UINT32_MAX);
            if (refs_.compare_exchange_weak(count, count + 1, base::acq_rel, base::acquire)) return true;
        }
        return false;
    }

    enum class put_result : unsigned char { others_remain, last, too_many };

    // KREF_PUT: each put hands its holder's work over to the last one, which frees.
    [[nodiscard]] put_result put() noexcept {
        std::uint32_t count = refs_.load(base::relaxed);
        do {
            if (count == 0) return put_result::too_many;
        } while (!refs_.compare_exchange_weak(count, count - 1, base::acq_rel, base::relaxed));
        return count == 1 ? put_result::last : put_result::others_remain;
    }

    // KREF_PUT: a thread that finds zero sees what the last owner did before its put.
    [[nodiscard]] bool is_zero() const noexcept { return refs_.load(base::acquire) == 0; }
    [[nodiscard]] std::uint32_t read() const noexcept { return refs_.load(base::relaxed); }

  private:
    base::atomic<std::uint32_t> refs_{0};
};

} // namespace efd::EFD_ABI::core
