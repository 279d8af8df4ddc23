// SPDX-License-Identifier: MIT
// tests/dropin/held_kernel_calls.cpp: the drop-in's own system calls, with the processor given away around each.
//
// Stands in for src/dropin/table/kernel_side.cpp, of which it is made: between a step, the kernel's answer and the next
// step other threads get in.
#include "dropin/rules/cached_count.hpp"
#include "dropin/rules/raw_call.hpp"

#include "linearize/dice.hpp"

#include <functional>
#include <thread>

namespace efd::dropin {

void give_way() {
    thread_local linearize::dice own_dice(std::hash<std::thread::id>{}(std::this_thread::get_id()));
    const std::uint64_t face = own_dice.below(16);
    if (face < 6) std::this_thread::yield();
    if (face == 15) std::this_thread::sleep_for(std::chrono::microseconds(20)); // delay: others get in
}

template <class... Arguments>
long held_call(long number, Arguments... arguments) noexcept {
    give_way();
    const long result = raw_call(number, arguments...);
    give_way();
    return result;
}

void promote_if_welcome(fd_slot& slot, int /*fd*/) noexcept { (void)promote(slot); }

} // namespace efd::dropin

#define raw_call held_call
#include "dropin/table/kernel_side.cpp" // NOLINT(bugprone-suspicious-include)
