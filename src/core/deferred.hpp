// SPDX-License-Identifier: MIT
// core/deferred.hpp: what a thread runs later: wakes of queues, and work that callbacks deferred.
//
// Owns three lists for each thread. Callbacks and deferred work are user code, which may call anything: so they run
// outside of callbacks, and while this thread holds no member and no lock of the library. A wake that comes at another
// time is left in its queue's word, and the queue is noted here. A signal handler may push between any two
// instructions; no other thread sees the lists.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/wait_queue_entry.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

// Whole words, since riscv64 would exchange a byte by a call of libatomic.
struct deferred_lists {
    base::atomic<wait_queue*> queues{nullptr};
    base::atomic<deferred_work*> executor_posts{nullptr}; // works that only post to an executor
    base::atomic<deferred_work*> works{nullptr};
    base::atomic<std::uint32_t> draining{0};      // queues are being run; a handler leaves its own to that loop
    base::atomic<std::uint32_t> depth{0};         // so many works of this thread run, each inside the last
    base::atomic<const void*> outermost{nullptr}; // the frame of the outermost callbacks_later
    base::atomic<std::uint32_t> asked{0};         // how often is_gone could not say whether it is left
    base::atomic<const void*> signing{nullptr};   // the queue that this thread owes, and has not signed yet
    base::atomic<std::uint32_t> born_in{0};       // the process in which this thread first held or owed a queue
};
extern constinit thread_local deferred_lists deferred __attribute__((tls_model("initial-exec")));

// Runs what was deferred, until nothing is.
void run_deferred() noexcept;

[[nodiscard]] inline bool anything_deferred() noexcept {
    return deferred.queues.load(base::relaxed) != nullptr || deferred.executor_posts.load(base::relaxed) != nullptr ||
           deferred.works.load(base::relaxed) != nullptr;
}

// While one lives its thread holds a member or a lock, and runs no callback; the end of the outermost runs what came
// meanwhile. On the stack, declared before the lock, so that it ends after it. A siglongjmp out of its function ends
// it, too: a thread that finds it noted checks whether it can still exist.
class callbacks_later {
  public:
    [[gnu::always_inline]] callbacks_later() noexcept { begin(); }
    ~callbacks_later() { end(); }
    callbacks_later& operator=(callbacks_later&&) = delete; // neither copied nor moved

    // end and begin around a sleep: a handler that signals there has callbacks run as usual. always_inline: what is
    // noted is the frame of the function in which it lives.
    [[gnu::always_inline]] void begin() noexcept {
        const void* const frame = __builtin_frame_address(0);
        const void* const noted = deferred.outermost.load(base::relaxed);
        is_outermost_ = noted == nullptr || noted == frame || is_gone(noted);
        if (!is_outermost_) [[unlikely]]
            return;
        deferred.asked.store(0, base::relaxed);
        deferred.outermost.store(frame, base::relaxed);
    }
    void end() noexcept;

    // Whether one lives on this thread.
    [[nodiscard]] static bool any() noexcept {
        const void* const noted = deferred.outermost.load(base::relaxed);
        return noted != nullptr && !is_gone(noted);
    }

  private:
    [[nodiscard]] static bool is_gone(const void* frame) noexcept;

    bool is_outermost_ = false;
};

[[nodiscard]] inline bool callbacks_may_run() noexcept { return in_callback == 0 && !callbacks_later::any(); }

inline void callbacks_later::end() noexcept {
    if (!is_outermost_) [[unlikely]]
        return;
    is_outermost_ = false;
    deferred.outermost.store(nullptr, base::relaxed);
    if (anything_deferred() && callbacks_may_run()) run_deferred();
}

} // namespace efd::EFD_ABI::core
