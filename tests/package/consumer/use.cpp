// SPDX-License-Identifier: MIT
// tests/package/consumer/use.cpp: a user of the installed library in C++20. A worker thread writes 1 to 9, the main
// thread reads until it has their sum; then a creation that fails and a wait that times out. Exit status 0: all as it
// should be.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <system_error>
#include <thread>

namespace {

using namespace std::chrono_literals;

bool refuses_the_ceiling() {
    try {
        const efd::eventfd none(UINT64_MAX);
        return false;
    } catch (const std::system_error& error) {
        return error.code() == std::errc::invalid_argument;
    }
}

std::uint64_t sum_of_what_is_read(efd::eventfd& object) {
    std::uint64_t sum = 0;
    std::uint64_t value = 0;
    while (sum < 45 && object.read_for(value, 30s) == std::errc{}) sum += value;
    return sum;
}

} // namespace

int main() {
    efd::eventfd object;
    std::jthread worker([&object] {
        for (std::uint64_t value = 1; value < 10; ++value) static_cast<void>(object.write(value));
    });
    if (sum_of_what_is_read(object) != 45) return 1;
    worker.join();
    std::uint64_t value = 0;
    if (object.read_for(value, 1ms) != std::errc::timed_out) return 2;
    if (!refuses_the_ceiling()) return 3;
    if (efd_create(UINT64_MAX, 0) != nullptr) return 4;
    std::puts("read 45 in C++");
    return 0;
}
