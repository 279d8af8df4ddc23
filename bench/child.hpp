// SPDX-License-Identifier: MIT
// bench/child.hpp: a measurement in a process of its own.
//
// Called while no other thread of this process runs. The child does nothing but measure, and leaves without clean-up.
#pragma once

#include <functional>

namespace efd::bench {

// What `measure` returned in a forked child. Throws std::runtime_error if the child ended without an answer.
double in_child(const std::function<double()>& measure);

} // namespace efd::bench
