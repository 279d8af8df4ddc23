// bench/futex_cell.hpp: the least that can sleep and be woken: one word and one system call for each.
//
// It owns one word. One thread signals, one takes; it counts to one only. Every signal enters the kernel, because in
// the rows that use it the taker is asleep each time: what it shows is the price of the sleep itself.
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
