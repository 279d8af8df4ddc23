// SPDX-License-Identifier: MIT
// bench/futex_cell.hpp: the least that can sleep and be woken: one word, one system call each.
//
// It owns one word. One thread signals, one takes; it counts to one only. Every signal enters the kernel, because in
// the rows that use it the taker sleeps each time: it shows the price of the sleep itself.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <cstdint>

namespace efd::bench {

class futex_cell {
  public:
    void signal();
    std::uint64_t take();

  private:
    alignas(64) base::atomic<std::uint32_t> word_{0};
};

} // namespace efd::bench
