// SPDX-License-Identifier: MIT
// api/eventfd.cpp: the part of the C++ border that is not inline: a failed creation becomes an exception.
#include <efd/eventfd.hpp>

#include "api/made.hpp"
#include "api/shared_object.hpp"
#include "os/fd.hpp"
#include "os/futex.hpp"
#include "watch/doorbell.hpp"
#include "watch/set_core.hpp"

namespace efd {

static_assert(static_cast<int>(watch::ring_way::level) == static_cast<int>(doorbell::level) &&
              static_cast<int>(watch::ring_way::armed) == static_cast<int>(doorbell::armed) &&
              static_cast<int>(watch::ring_way::every) == static_cast<int>(doorbell::every));

eventfd::eventfd(std::uint64_t initval, flags how) : context_(nullptr) {
    const unsigned bits = static_cast<unsigned>(how) & ~core::flag_shared;
    if (!core::may_create(initval, bits))
        throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                                "efd::eventfd: an initial value of 2^64-1, or a flag that is not semaphore, nonblock, "
                                "cloexec or shared");
    context_ = (how & flags::shared) != flags::none ? api::make_shared_object(initval, bits, "efd::eventfd")
                                                    : core::context::create(initval, bits);
    if (context_ == nullptr)
        throw std::system_error(std::make_error_code(std::errc::not_enough_memory), "efd::eventfd");
    api::report_made(context_);
}

eventfd eventfd::from_c(efd_object* reference) noexcept {
    return eventfd(adopt{}, reinterpret_cast<core::context*>(reference));
}
efd_object* eventfd::as_c() const noexcept { return reinterpret_cast<efd_object*>(context_); }

int eventfd::fd(doorbell how) const {
    if (context_ == nullptr) base::stop_for_moved_from();
    int descriptor = -1;
    const std::errc error = end(watch::doorbell::open(object(), static_cast<watch::ring_way>(how), descriptor));
    if (error != std::errc{}) throw std::system_error(std::make_error_code(error), "efd::eventfd::fd");
    return descriptor;
}

arm_result eventfd::arm(std::uint32_t events) const noexcept {
    if (context_ == nullptr) base::stop_for_moved_from();
    arm_result armed;
    armed.error = end(watch::doorbell::arm(object(), events, armed.ready));
    return armed;
}

} // namespace efd

namespace efd::EFD_ABI {

std::errc renew_descriptors() noexcept { return base::to_errc(watch::set_core::renew_all()); }
std::uint64_t system_calls() noexcept { return os::futex_calls() + os::doorbell_calls(); }

} // namespace efd::EFD_ABI
