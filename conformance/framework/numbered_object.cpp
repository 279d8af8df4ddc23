// SPDX-License-Identifier: MIT
// conformance/framework/numbered_object.cpp: see numbered_object.hpp.
#include "conformance/framework/numbered_object.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

namespace efd::claims {
namespace {

constexpr short every_event =
    POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP;

} // namespace

unsigned numbered_object::poll() {
    pollfd asked{number_, every_event, 0};
    return ::poll(&asked, 1, 0) >= 0 ? static_cast<unsigned short>(asked.revents) : 0;
}

std::uint64_t numbered_object::count() { return from_fdinfo("eventfd-count:", 16, 0); }

int numbered_object::id() { return static_cast<int>(from_fdinfo("eventfd-id:", 10, static_cast<std::uint64_t>(-1))); }

bool numbered_object::semaphore() {
    return from_fdinfo("eventfd-semaphore:", 10, static_cast<std::uint64_t>(flags_ & EFD_SEMAPHORE)) == 1;
}

int numbered_object::set_nonblock(bool on) {
    const answer flags = calls_.fcntl(number_, F_GETFL, 0);
    if (flags.error != 0) return flags.error;
    return calls_.fcntl(number_, F_SETFL, on ? flags.result | O_NONBLOCK : flags.result & ~O_NONBLOCK).error;
}

bool numbered_object::nonblock() { return (calls_.fcntl(number_, F_GETFL, 0).result & O_NONBLOCK) != 0; }

int numbered_object::outcome_of(answer found) {
    if (found.error != 0) return found.error;
    return found.result == static_cast<long>(sizeof(std::uint64_t)) ? 0 : EIO; // an eventfd moves eight bytes or none
}

// The number after a label of fdinfo, in this base; `otherwise` if there is no such line.
std::uint64_t numbered_object::from_fdinfo(const std::string& label, int base, std::uint64_t otherwise) {
    const std::string text = calls_.fdinfo(number_);
    const std::size_t at = text.find(label);
    return at == std::string::npos ? otherwise : std::strtoull(text.c_str() + at + label.size(), nullptr, base);
}

} // namespace efd::claims
