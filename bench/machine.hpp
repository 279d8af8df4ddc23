// SPDX-License-Identifier: MIT
// bench/machine.hpp: where numbers were taken: the kernel, the processors, and how busy they were before.
#pragma once

#include <string>

namespace efd::bench {

struct machine {
    std::string kernel;       // "6.1.0-18-amd64"
    std::string architecture; // "x86_64"
    std::string processor;    // its model, or empty
    int processors = 1;       // that this process may use
    double load = 0;          // the load average of the last minute

    // Other programs take part in every number.
    [[nodiscard]] bool is_busy() const { return load > processors; }
};

machine this_machine();

} // namespace efd::bench
