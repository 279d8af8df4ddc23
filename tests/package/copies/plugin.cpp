// SPDX-License-Identifier: MIT
// tests/package/copies/plugin.cpp: makes, moves and destroys objects.
#include <efd/eventfd.hpp>

extern "C" int plugin() {
    std::uint64_t n = 0;
    efd::eventfd one(3);
    if (one.read(n) != std::errc{} || n != 3) return 1;
    efd::eventfd other;
    other = std::move(one);
    return other.signal() ? 0 : 2;
}
