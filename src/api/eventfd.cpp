// api/eventfd.cpp: the C++ border, as far as it is not inline: where a failed creation becomes an exception.
#include <efd/eventfd.hpp>

#include "api/creation.hpp"

namespace efd {

eventfd::eventfd(std::uint64_t initval, flags how) : context_(nullptr) {
    const auto bits = static_cast<unsigned>(how);
    if (!api::may_create(initval, bits))
        throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                                "efd::eventfd: an initial value of 2^64-1, or a flag that is not semaphore, nonblock "
                                "or cloexec");
    context_ = core::context::create(initval, bits);
    if (context_ == nullptr)
        throw std::system_error(std::make_error_code(std::errc::not_enough_memory), "efd::eventfd");
}

} // namespace efd
