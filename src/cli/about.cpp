// SPDX-License-Identifier: MIT
// cli/about.cpp: see about.hpp.
#include "cli/about.hpp"

#include <sched.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

namespace efd::cli {
namespace {

utsname names() {
    utsname found{};
    if (::uname(&found) != 0) return {};
    return found;
}

int processors() {
    cpu_set_t allowed;
    return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : ::get_nprocs();
}

} // namespace

std::string kernel_release() { return names().release; }

nlohmann::ordered_json machine() { return {{"architecture", names().machine}, {"processors", processors()}}; }

} // namespace efd::cli
