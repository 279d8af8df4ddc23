// SPDX-License-Identifier: MIT
// verify/fuzz/broken_subject.hpp: the breakable eventfd as a subject of the comparison.
//
// With no flaw it must come to the same as the kernel; with any other one the property, or the driver of blocking
// calls, must say where it differs.
#pragma once

#include "common/breakable_eventfd.hpp"
#include "fuzz/subject.hpp"

namespace efd::fuzz {

using common::flaw;

// With `sleeps` false, for a driver of one thread, a call that would sleep says EDEADLK.
std::unique_ptr<subject> broken_subject(flaw with, bool sleeps);

} // namespace efd::fuzz
