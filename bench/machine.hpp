// SPDX-License-Identifier: MIT
// bench/machine.hpp: the machine of a measurement: its kernel, its processors, and its load before.
#pragma once

#include <string>

namespace efd::bench {

struct machine {
    std::string kernel;       // "6.1.0-18-amd64"
    std::string architecture; // "x86_64"
    std::string processor;    // its model, or empty
    int processors = 1;       // that this process may use
    double load = 0;          // the load average of the last minute

    // Whether other programs disturb the numbers.
    [[nodiscard]] bool is_busy() const { return load > processors; }
};

machine this_machine();

} // namespace efd::bench
