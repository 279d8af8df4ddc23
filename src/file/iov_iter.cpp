// SPDX-License-Identifier: MIT
// file/iov_iter.cpp: see iov_iter.hpp.
#include "file/iov_iter.hpp"

#include <algorithm>
#include <limits>

namespace efd::file {

using base::status;

namespace {

constexpr int segments_most = 1024;               // UIO_MAXIOV
constexpr std::size_t moved_at_most = 0x7ffff000; // MAX_RW_COUNT
constexpr std::size_t longest = std::numeric_limits<std::size_t>::max() / 2;

constexpr std::size_t sum(std::size_t a, std::size_t b) noexcept {
    return a > std::numeric_limits<std::size_t>::max() - b ? std::numeric_limits<std::size_t>::max() : a + b;
}
static_assert(sum(3, 5) == 8 && sum(std::numeric_limits<std::size_t>::max(), 8) > longest);

} // namespace

status iov_iter::import() noexcept {
    if (count_ < 0 || count_ > segments_most) return status::invalid;
    bool outside = false;
    os::user_segment one{};
    status result = status::ok;
    while (next(one, result)) {
        // A single segment is cut to what one call may move before the kernel checks where it ends.
        const std::size_t looked_at = vector_ && count_ == 1 ? std::min(one.length, moved_at_most) : one.length;
        outside = outside || !os::in_user_space(one.base, looked_at);
        if (one.length > longest && (vector_ || !outside)) return status::invalid;
        total_ = sum(total_, one.length);
    }
    at_ = 0;
    if (result != status::ok) return result;
    return outside ? status::fault : status::ok;
}

bool iov_iter::next(os::user_segment& segment, status& result) noexcept {
    if (at_ == count_) return false;
    const int in_few = at_ % copied_at_once;
    if (vector_ && in_few == 0) {
        const auto wanted = static_cast<std::size_t>(std::min(copied_at_once, count_ - at_));
        const os::user_address from = array_ + static_cast<std::size_t>(at_) * sizeof(os::user_segment);
        if (!os::in_user_space(from, wanted * sizeof(os::user_segment)) ||
            !os::copy_from_user(few_.data(), from, wanted * sizeof(os::user_segment))) {
            result = status::fault;
            return false;
        }
    }
    segment = few_[static_cast<std::size_t>(in_few)];
    ++at_;
    return true;
}

status iov_iter::copy_out(const void* from, std::size_t bytes) noexcept {
    const auto* at = static_cast<const unsigned char*>(from);
    os::user_segment one{};
    status result = status::ok;
    while (bytes > 0 && next(one, result)) {
        const std::size_t part = std::min(bytes, one.length);
        // The array may have changed since import, so its new values are checked too.
        if (part > 0 && (!os::in_user_space(one.base, part) || !os::copy_to_user(one.base, at, part)))
            return status::fault;
        at += part;
        bytes -= part;
    }
    return bytes == 0 ? status::ok : status::fault;
}

} // namespace efd::file
