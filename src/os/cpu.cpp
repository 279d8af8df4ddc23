// SPDX-License-Identifier: MIT
// os/cpu.cpp: see cpu.hpp.
#include "os/cpu.hpp"

#include <sched.h>

namespace efd::os {

int current_cpu() noexcept { return ::sched_getcpu(); }

} // namespace efd::os
