// SPDX-License-Identifier: MIT
// verify/stress/subjects.cpp: see subjects.hpp. Values of writes stay such that the count of a small object stays small
// for a whole round, and that a thread that waits for room in semaphore mode needs only a few units of it.
#include "stress/subjects.hpp"

#include <poll.h>

namespace efd::stress {
namespace {

using core::ceiling;
using core::packed_limit;

std::uint64_t initial_of(kind is) {
    switch (is) {
    case kind::plain:
    case kind::semaphore: return 0;
    case kind::limit: return packed_limit - 2000;
    case kind::bound: return ceiling - 4;
    case kind::semaphore_bound: return ceiling - 3;
    case kind::saturated: return ceiling - 1;
    }
    return 0;
}

} // namespace

subject::subject(kind is)
    : is_(is), initial_(initial_of(is)),
      object_(initial_, is == kind::semaphore || is == kind::semaphore_bound ? flags::semaphore : flags::none) {}

bool subject::is_descriptor_true() const {
    if (fd_ < 0) return true;
    pollfd one{fd_, POLLIN | POLLOUT, 0};
    (void)::poll(&one, 1, 0);
    return static_cast<std::uint32_t>(one.revents) == (object_.poll() & (core::poll_in | core::poll_out));
}

std::uint64_t subject::value(dice& d) const {
    constexpr std::array<std::uint64_t, 7> small{0, 1, 1, 2, 3, 64, 65};
    constexpr std::array<std::uint64_t, 6> huge{0, 1, 2, ceiling - 1, ceiling - 2, ceiling / 2};
    switch (is_) {
    case kind::plain:
    case kind::limit: return d.of(small);
    case kind::semaphore: return d.below(3);
    case kind::semaphore_bound: return d.below(4);
    case kind::bound:
    case kind::saturated: return d.of(huge);
    }
    return 0;
}

} // namespace efd::stress
