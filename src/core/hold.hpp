// core/hold.hpp: how everybody else waits while somebody takes from several objects in one step.
//
// A hold lasts as long as it takes to mark the other objects; who holds neither waits nor runs anybody's code
// meanwhile, and no signal handler interrupts it. So waiting for its end inside callbacks and handlers cannot deadlock.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/word.hpp>

namespace efd::EFD_ABI::core {

// Returns a value of the word that is not held. Async-signal-safe.
[[nodiscard]] state_word await_release(const base::atomic<state_word>& state) noexcept;

// After the last word of a take was released: lets those who wait go on.
void open_hold_gate() noexcept;

} // namespace efd::EFD_ABI::core
