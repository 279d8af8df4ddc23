// SPDX-License-Identifier: MIT
// A coroutine without a waiter: it begins at once, and its frame ends with it. The handle resumes or destroys it from
// outside.
#pragma once

#include <coroutine>
#include <exception>

namespace efd::tests {

struct detached {
    struct promise_type {
        detached get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
    std::coroutine_handle<> handle;
};

} // namespace efd::tests
