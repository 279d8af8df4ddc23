// SPDX-License-Identifier: MIT
// core/linger_rules.hpp: when a reader spins before it sleeps, and for how long; pure rules.
//
// The bound is the price of a sleep: a reader that spins for that long and then sleeps has at most doubled its cost. A
// linger that ended in a sleep is followed by 1, 3, 7 .. 63 waits without one, so in the long run the processor time
// lost is at most a sixty-fourth of the sleeps' price. A reader that was last woken from its own processor does not
// linger: it would only keep the signaller from running.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#include <algorithm>
#include <cstdint>

namespace efd::EFD_ABI::core {

inline constexpr std::int64_t linger_at_least_ns = 20'000;
inline constexpr std::int64_t linger_at_most_ns = 200'000;
inline constexpr std::uint16_t linger_misses_most = 6;
inline constexpr std::uint16_t cpu_unknown = 0;

// A sleep costs both sides: the sleeper that goes and comes, and the waker whose answer is late by as much.
constexpr std::int64_t auto_linger_ns(std::int64_t wake_latency_ns) noexcept {
    return std::clamp(2 * wake_latency_ns, linger_at_least_ns, linger_at_most_ns);
}
static_assert(auto_linger_ns(0) == linger_at_least_ns);
static_assert(auto_linger_ns(40'000) == 80'000);
static_assert(auto_linger_ns(1'000'000'000) == linger_at_most_ns);

// Processors are noted as number + 1, so that a fresh object says "unknown".
constexpr std::uint16_t cpu_note(int cpu) noexcept {
    return cpu < 0 || cpu >= 0xFFFF ? cpu_unknown : static_cast<std::uint16_t>(cpu + 1);
}
constexpr bool may_linger(std::uint16_t woken_by, std::uint16_t this_cpu) noexcept {
    return woken_by != cpu_unknown && woken_by != this_cpu;
}
static_assert(!may_linger(cpu_unknown, cpu_note(0)));
static_assert(!may_linger(cpu_note(1), cpu_note(1)));
static_assert(may_linger(cpu_note(0), cpu_note(1)));

constexpr std::uint16_t misses_after(std::uint16_t misses) noexcept {
    return std::min<std::uint16_t>(misses + 1, linger_misses_most);
}
constexpr std::uint16_t skips_after(std::uint16_t misses) noexcept {
    return static_cast<std::uint16_t>((1U << misses) - 1);
}
static_assert(skips_after(misses_after(0)) == 1 && skips_after(misses_after(5)) == 63);
static_assert(misses_after(linger_misses_most) == linger_misses_most);

// A moving average; one measurement counts an eighth.
constexpr std::int64_t averaged(std::int64_t so_far, std::int64_t measured) noexcept {
    return so_far + (measured - so_far) / 8;
}
static_assert(averaged(800, 1600) == 900 && averaged(1600, 800) == 1500);

// EFD_LINGER: "off", "auto", or a number of microseconds up to a second; anything else counts as off, and is no linger.
constexpr std::int32_t parse_linger(const char* text) noexcept {
    constexpr std::int32_t off = 0;
    constexpr std::int32_t automatic = -1;
    if (text == nullptr || *text == '\0') return off;
    const char* const word = "auto";
    int i = 0;
    while (word[i] != '\0' && text[i] == word[i]) ++i;
    if (word[i] == '\0' && text[i] == '\0') return automatic;
    std::int32_t microseconds = 0;
    for (; *text >= '0' && *text <= '9' && microseconds <= 1'000'000; ++text)
        microseconds = microseconds * 10 + (*text - '0');
    return *text == '\0' && microseconds <= 1'000'000 ? microseconds : off;
}
static_assert(parse_linger("auto") == -1 && parse_linger("off") == 0 && parse_linger(nullptr) == 0);
static_assert(parse_linger("50") == 50 && parse_linger("50us") == 0 && parse_linger("99999999999") == 0);
constexpr bool is_linger(const char* text) noexcept {
    if (text == nullptr || *text == '\0' || parse_linger(text) != 0) return true;
    if (text[0] == 'o' && text[1] == 'f' && text[2] == 'f') return text[3] == '\0';
    while (*text == '0') ++text;
    return *text == '\0';
}
static_assert(is_linger(nullptr) && is_linger("") && is_linger("off") && is_linger("0") && is_linger("50"));
static_assert(!is_linger("foo") && !is_linger("of") && !is_linger("offs") && !is_linger("0us") && !is_linger("-1"));

} // namespace efd::EFD_ABI::core
