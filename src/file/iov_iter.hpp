// SPDX-License-Identifier: MIT
// file/iov_iter.hpp: where the bytes of one call are in the caller's memory: one range, or an array of segments.
//
// Owns nothing. The array is in the caller's memory too, and is copied in a few segments at a time, so a call needs
// little stack. One thread; async-signal-safe.
#pragma once

#include <efd/detail/base/status.hpp>

#include "os/memory.hpp"

#include <array>
#include <cstddef>

namespace efd::file {

class iov_iter {
  public:
    // For read and write; for readv and writev.
    static iov_iter range(os::user_address base, std::size_t length) noexcept { return {base, length}; }
    static iov_iter segments(os::user_address array, int count) noexcept { return {array, count}; }

    // What the kernel checks before it asks the file (K-016, K-024, K-035, K-159). invalid: too many segments, or a
    // length beyond SSIZE_MAX; fault: the array is not mapped, or a range leaves user space.
    [[nodiscard]] base::status import() noexcept;

    [[nodiscard]] bool is_vector() const noexcept { return vector_; }
    // As the caller gave it: the array and its length; of one range its beginning and its bytes, before import.
    [[nodiscard]] os::user_address array() const noexcept { return array_; }
    [[nodiscard]] int count() const noexcept { return count_; }
    [[nodiscard]] const os::user_segment& whole() const noexcept { return few_[0]; }
    [[nodiscard]] std::size_t total() const noexcept { return total_; } // after import; SIZE_MAX for more than that

    // The segments in order, empty ones too; false at the end. fault: the array is no longer mapped.
    [[nodiscard]] bool next(os::user_segment& segment, base::status& result) noexcept;

    // Spreads the bytes over the segments; fault if one cannot be written, after the bytes before it were written.
    [[nodiscard]] base::status copy_out(const void* from, std::size_t bytes) noexcept;

  private:
    static constexpr int copied_at_once = 16;

    iov_iter(os::user_address base, std::size_t length) noexcept : count_(1) { few_[0] = {base, length}; }
    iov_iter(os::user_address array, int count) noexcept : vector_(true), array_(array), count_(count) {}

    bool vector_ = false;
    os::user_address array_ = 0;
    int count_;
    int at_ = 0;
    std::size_t total_ = 0;
    std::array<os::user_segment, copied_at_once> few_;
};

} // namespace efd::file
