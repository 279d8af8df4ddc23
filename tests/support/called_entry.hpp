// SPDX-License-Identifier: MIT
// tests/support/called_entry.hpp: a wait queue entry whose callback is any function; the test owns it.
#pragma once

#include <efd/eventfd.hpp>

#include <functional>
#include <gtest/gtest.h>
#include <utility>

namespace efd::tests {

struct called_entry : wait_queue_entry {
    explicit called_entry(std::function<int(std::uint32_t)> body, std::uint32_t keys = core::poll_in | core::poll_out,
                          bool is_exclusive = false)
        : on_wake(std::move(body)) {
        callback = [](wait_queue_entry& self, std::uint32_t key) {
            return static_cast<called_entry&>(self).on_wake(key);
        };
        mask = keys;
        exclusive = is_exclusive;
    }
    std::function<int(std::uint32_t)> on_wake;
};

inline std::uint32_t add(eventfd& object, wait_queue_entry& e) {
    std::uint32_t ready = 0;
    EXPECT_EQ(object.add_wait_queue(e, ready), std::errc{});
    return ready;
}

} // namespace efd::tests
