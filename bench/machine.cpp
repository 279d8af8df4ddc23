// SPDX-License-Identifier: MIT
// bench/machine.cpp: see machine.hpp.
#include "bench/machine.hpp"

#include "bench/measure.hpp"

#include <cstdlib>
#include <fstream>
#include <sys/utsname.h>

namespace efd::bench {
namespace {

std::string processor_model() {
    std::ifstream cpuinfo("/proc/cpuinfo");
    for (std::string line; std::getline(cpuinfo, line);) {
        const auto colon = line.find(": ");
        if (colon != std::string::npos && line.starts_with("model name")) return line.substr(colon + 2);
    }
    return {};
}

} // namespace

machine this_machine() {
    machine found;
    utsname system{};
    if (::uname(&system) == 0) {
        found.kernel = system.release;
        found.architecture = system.machine;
    }
    found.processor = processor_model();
    found.processors = static_cast<int>(allowed_cpus().size());
    (void)::getloadavg(&found.load, 1);
    return found;
}

} // namespace efd::bench
