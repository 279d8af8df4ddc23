// SPDX-License-Identifier: MIT
// core/trace.hpp: reports what happens to objects: to probes, for tracers; to counters, for `efd ls` and `efd top`.
//
// The out-of-line paths of core/ and watch/ test the gate and, if it is open, call this. Without a tracer or observer
// that is one load and one branch. The inline paths of context.hpp do not report. An object that is made while its
// process is observed has the mark `watched` from the start, so none of its calls ends in an inline path, and all are
// counted. Nothing in the library reads what is written here. Any thread, also in signal handlers, but `created` in no
// handler. Invariant: with the gate shut nothing here is called.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/context.hpp>

#include <cstdint>
#include <string_view>

namespace efd::EFD_ABI::core {

#ifdef EFD_ATOMIC_MODEL
constexpr bool is_traced() noexcept { return false; }
#else
// The lower half counts attached tracers: the kernel or a debugger writes it (the semaphore of the probes). The upper
// half is this process's own: whether it is observed.
extern base::atomic<std::uint32_t> trace_gate;
inline constexpr std::uint32_t gate_observed = 1U << 16;
#ifdef EFD_UNTRACED // a build without gates, to count what they cost (docs/observe.md)
constexpr bool is_traced() noexcept { return false; }
#else
[[nodiscard]] inline bool is_traced() noexcept { return trace_gate.load(base::relaxed) != 0; }
#endif
#endif

struct observed_row;

// The caller has a reference to the object; for signalled and woke it needs none.
class trace {
  public:
    // `where` is the code that made the object; null: not known. If the process is observed, all of the object's calls
    // are counted from now on.
    static void created(context* object, const void* where) noexcept;
    static void named(context* object, std::string_view name) noexcept;
    static void ended(context& object) noexcept; // this process gives up its last reference

    static void signalled(context& object, std::uint64_t units) noexcept;
    static void took(context& object, std::uint64_t units) noexcept;
    // The result is for awoke.
    [[nodiscard]] static std::uint32_t sleeps(context& object, bool for_room) noexcept;
    static void awoke(context& object, std::uint32_t sleeper) noexcept;
    static void woke(context& object, int threads) noexcept;
    static void armed(context& object, std::uint32_t events) noexcept;
    static void rang(context& object, std::uint64_t units) noexcept;
    static void sealed(context& object) noexcept;

  private:
    [[nodiscard]] static std::uint64_t id_of(const context& object) noexcept;
    [[nodiscard]] static observed_row* row_of(context& object) noexcept;
    static void begin_row(observed_row& row, context& object) noexcept;
    static void note_count(observed_row& row, context& object) noexcept;
    static void note_watchers(observed_row& row, const context& object) noexcept;
    static void watch_all(context& object) noexcept;
};

// After the add.
[[gnu::always_inline]] inline void trace_signal(context& object, std::uint64_t units) noexcept {
    if (is_traced()) [[unlikely]]
        trace::signalled(object, units);
}

} // namespace efd::EFD_ABI::core
