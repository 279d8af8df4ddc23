// SPDX-License-Identifier: MIT
// core/linger.cpp: the bounded look before a sleep. Off unless asked for.
//
// A waker that has to enter the kernel anyway notes when and where it did. The sleeper that it woke learns from that
// what a sleep costs between processors, and whether its signaller shares its own. Advice only: every value may be
// stale or lost without harm, so all orders are relaxed. Async-signal-safe.
#include <efd/detail/core/context.hpp>

#include "core/linger_rules.hpp"
#include "core/shared_slots.hpp"
#include "os/clock.hpp"
#include "os/cpu.hpp"

#include <algorithm>

namespace efd::EFD_ABI::core {
namespace {

constexpr std::int64_t first_guess_ns = 50'000;
constexpr std::int64_t believable_ns = 10'000'000;
constexpr int looks_per_clock = 64;

base::atomic<std::int64_t> wake_latency_ns{first_guess_ns};

} // namespace

void context::note_wake() noexcept {
    if (is_in_shared_range(this)) // whether the sleeper lingers, its process knows
        return woken_by_cpu_.store(cpu_note(os::current_cpu()), base::relaxed);
    if (half_.own.linger_us.load(base::relaxed) == linger_off) return;
    woken_by_cpu_.store(cpu_note(os::current_cpu()), base::relaxed);
    half_.own.woken_at.store(static_cast<std::uint32_t>(os::now_ns()), base::relaxed);
}

void context::learn_from_wake() noexcept {
    if (is_in_shared_range(this) || half_.own.linger_us.load(base::relaxed) == linger_off) return;
    if (woken_by_cpu_.load(base::relaxed) == cpu_note(os::current_cpu())) return;
    const std::uint32_t took = static_cast<std::uint32_t>(os::now_ns()) - half_.own.woken_at.load(base::relaxed);
    if (took < believable_ns) wake_latency_ns.store(averaged(wake_latency_ns.load(base::relaxed), took), base::relaxed);
}

// Returns when there is something to take, or when looking on would cost more than sleeping.
void context::linger(const wait_opts& opts) noexcept {
    local_part& own = local();
    const std::int32_t setting = own.linger_us.load(base::relaxed);
    if (setting == linger_off) return;
    if (!may_linger(woken_by_cpu_.load(base::relaxed), cpu_note(os::current_cpu()))) return;
    if (const std::uint16_t skips = own.linger_skips.load(base::relaxed); skips > 0 && setting == linger_auto)
        return own.linger_skips.store(static_cast<std::uint16_t>(skips - 1), base::relaxed);

    const std::int64_t limit_ns =
        setting == linger_auto ? auto_linger_ns(wake_latency_ns.load(base::relaxed)) : std::int64_t{setting} * 1000;
    const std::int64_t start_ns = os::now_ns();
    const std::int64_t end_ns = std::min(start_ns + limit_ns, opts.deadline_ns);
    bool pausing = false; // an answer that is on its way comes within the first looks; only then be kind to others
    do {
        for (int look = 0; look < looks_per_clock; ++look) {
            if ((poll() & poll_in) != 0) {
                own.linger_misses.store(0, base::relaxed);
                return;
            }
            if (pausing) os::relax_cpu();
        }
        pausing = true;
    } while (os::now_ns() < end_ns && !(opts.stop != nullptr && opts.stop->stop_requested()));

    const std::uint16_t misses = misses_after(own.linger_misses.load(base::relaxed));
    own.linger_misses.store(misses, base::relaxed);
    own.linger_skips.store(skips_after(misses), base::relaxed);
}

} // namespace efd::EFD_ABI::core
