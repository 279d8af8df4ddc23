// SPDX-License-Identifier: MIT
// bench/child.hpp: a measurement in a process of its own.
//
// Called while this process has one thread. The child measures and exits without clean-up.
#pragma once

#include <functional>

namespace efd::bench {

// What `measure` returned in a forked child. Throws std::runtime_error if the child ended without a result.
double in_child(const std::function<double()>& measure);

} // namespace efd::bench
