// SPDX-License-Identifier: MIT
// reaped.hpp: waits for what a dead process leaves. A program that reads /proc may hold an open file of the process for
// a moment longer than the process itself, and with it the lock that says that the process lives.
#pragma once

#include "support/waiting.hpp"

#include <cstddef>

namespace efd::tests {

// How many dead processes were reaped by the time that these were, or that patience ended.
template <class Owner>
std::size_t reaped(Owner& owner, std::size_t wanted) {
    std::size_t sum = 0;
    (void)eventually([&] { return (sum += owner.reap()) >= wanted; });
    return sum;
}

} // namespace efd::tests
