// SPDX-License-Identifier: MIT
// core/wait_queue_entry.hpp: what a user of the wait queue owns, and the recursion guard.
//
// The kernel rooms are struct wait_queue_entry and the in_eventfd bit of a task. An entry belongs to its user, which
// keeps it alive from add_wait_queue until remove_wait_queue returned (or until its own callback removed it). Callbacks
// of one object run one after another, by whichever thread signals, writes or reads, never two at once; no signaller
// ever waits for them: it leaves its wake to the thread that runs them already. Invariant: on one thread at most one
// callback is running; wakes that a callback causes are run after it returned.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/export.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

class wait_queue;

/// A place in a context's wait queue (K-156). Set callback, mask and exclusive before adding; the rest is the queue's.
struct wait_queue_entry {
    /// Called once for each wake whose key meets `mask`. `key` is poll_in after a write or signal, poll_out after a
    /// read, with the mask of signal_mask beside it. The count may have been taken meanwhile. The result counts for
    /// exclusive entries: above zero, the wake is accepted and no further exclusive entry is called; below zero ends
    /// the walk. It must return: what leaves it by an exception, pthread_exit or a cancellation ends the program, with
    /// a sentence; a longjmp out of it leaves the object without callbacks for good.
    using function = int (*)(wait_queue_entry& entry, std::uint32_t key);

    function callback = nullptr; ///< The function.
    std::uint32_t mask = 0;      ///< What it is called for: POLLIN, POLLOUT.
    bool exclusive = false;      ///< Whether one of several is enough.

    /// @cond internal
    bool is_linked = false; // for the queue's holder alone: a removal may come while it is being added

    wait_queue_entry* next = nullptr;
    wait_queue_entry* previous = nullptr;
    std::uint64_t last_write = 0; // the last walk after a write that it does not hear of; and after a read
    std::uint64_t last_read = 0;
    wait_queue* queue = nullptr;
    /// @endcond
};

/// @cond internal
// How many callbacks deep a thread is: zero or one. Only the wait queue changes it.
class callback_depth {
  public:
    constexpr callback_depth() noexcept = default;
    callback_depth(const callback_depth&) = delete;
    callback_depth& operator=(const callback_depth&) = delete;
    constexpr operator unsigned() const noexcept { return depth_; } // NOLINT(google-explicit-constructor)

  private:
    friend class wait_queue;
    friend class context_layout; // the explorer's
    void operator++() noexcept { ++depth_; }
    void operator--() noexcept { --depth_; }

    unsigned depth_ = 0;
};
// This thread's. Initial-exec, so that a signal handler may look.
extern EFD_API constinit thread_local callback_depth in_callback __attribute__((tls_model("initial-exec")));
/// @endcond

/// False while this thread runs a callback: then signal() is refused, and a signal must be deferred (K-150).
[[nodiscard]] inline bool signal_allowed() noexcept { return in_callback == 0; }

/// Work for later: a callback hands it to defer(), it runs on the same thread once the outermost callback has returned
/// and signalling is allowed again. Outside a callback it runs at once. The caller keeps `work` alive until it ran. A
/// work must return, as a callback. It may signal and wait: callbacks and works that it causes run inside it, up to a
/// depth of 32 works; beyond, they run when the work around them has returned.
struct deferred_work {
    using function = void (*)(deferred_work& work); ///< The type of the callback.
    function callback = nullptr;                    ///< The work.
    deferred_work* next = nullptr;                  ///< For efd.
};
/// Runs the work after the outermost callback of this thread, at once outside a callback. Handler-safe if the work is.
EFD_API void defer(deferred_work& work) noexcept;
/// As defer, for a work that neither waits nor takes long, as one that gives something to an executor: all of those run
/// before the first deferred one.
EFD_API void hand_over(deferred_work& work) noexcept;

} // namespace efd::EFD_ABI::core
