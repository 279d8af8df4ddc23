// SPDX-License-Identifier: MIT
// verify/stress/tamper.cpp: see tamper.hpp. A wake that is not made returns that it woke no thread and that none is
// left, which is what a futex call on a wrong address would say. Any thread; no state but a die for each.
#include "stress/tamper.hpp"

#include "linearize/dice.hpp"

#include <cstdarg>
#include <functional>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace efd::stress {

breakage broken = breakage::none;

std::optional<breakage> breakage_named(std::string_view name) noexcept {
    if (name.empty()) return breakage::none;
    if (name == "lost_wake") return breakage::lost_wake;
    if (name == "lost_unit") return breakage::lost_unit;
    if (name == "passed_bound") return breakage::passed_bound;
    if (name == "lost_ring") return breakage::lost_ring;
    return std::nullopt;
}

namespace {

bool lose(long number, long operation) {
    if (broken != breakage::lost_wake || number != SYS_futex) return false;
    const long command = operation & FUTEX_CMD_MASK;
    if (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) return false;
    thread_local linearize::dice own_dice(std::hash<std::thread::id>{}(std::this_thread::get_id()));
    return own_dice.one_in(16);
}

} // namespace
} // namespace efd::stress

extern "C" long __real_syscall(long number, long, long, long, long, long, long); // NOLINT(bugprone-reserved-identifier)
extern "C" long __wrap_syscall(long number, ...) {                               // NOLINT(bugprone-reserved-identifier)
    va_list list;
    va_start(list, number);
    long a[6];
    for (long& argument : a) argument = va_arg(list, long);
    va_end(list);
    if (efd::stress::lose(number, a[1])) return 0;
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
