// SPDX-License-Identifier: MIT
// core/deferred.cpp: see deferred.hpp.
#include "core/deferred.hpp"

#include <efd/detail/base/check.hpp>

#include "core/guarded_call.hpp"
#include "core/link_stack.hpp"
#include "core/wait_queue.hpp"
#include "os/signals.hpp"

#include <utility>

namespace efd::EFD_ABI::core {

constinit thread_local callback_depth in_callback;
constinit thread_local deferred_lists deferred __attribute__((tls_model("initial-exec")));

// Out of line, so that its frame is below all frames of the callers. The stack grows downward: a frame below this one
// was left, unless a handler runs on a stack of its own. A frame above is alive below a handler, or was left and is
// overwritten by now; the two cannot be distinguished. No call of the library asks often while one lives, and few
// handlers do: so the sixteenth question counts it as left.
[[gnu::noinline]] bool callbacks_later::is_gone(const void* frame) noexcept {
    constexpr std::uint32_t most_asked = 16;
    if (__builtin_frame_address(0) > frame) return !os::is_on_signal_stack();
    return deferred.asked.fetch_add(1, base::relaxed) >= most_asked;
}

namespace {

constexpr std::uint32_t most_depth = 32; // works inside of works

void append(deferred_work*& list, deferred_work* more) noexcept {
    deferred_work** end = &list;
    while (*end != nullptr) end = &(*end)->next;
    *end = more;
}

void run_queues(wait_queue* queue) noexcept {
    while (queue != nullptr) {
        wait_queue* const after = queue->next_deferred; // before others may note the queue, or its object dies
        queue->run_owed();
        queue = after;
    }
}

void run_works(deferred_work* work) noexcept {
    if (work == nullptr) return;
    const std::uint32_t around = deferred.depth.load(base::relaxed); // a signal handler leaves it as it was
    EFD_CHECK(around < most_depth);
    deferred.depth.store(around + 1, base::relaxed);
    while (work != nullptr) {
        deferred_work* const after = work->next; // the work may free itself
        call_guarded([&] { work->callback(*work); });
        work = after;
    }
    deferred.depth.store(around, base::relaxed);
}

} // namespace

// Callbacks and posts to executors run first, then the works, which are user code that may signal and wait. This same
// loop runs what callbacks cause, so no callback nests. What a work causes runs before the work goes on, as the work
// may wait for it; at the bound of the depth it is left to the loop around the work. A signal handler that interrupts
// the run of queues leaves its own to that run, hence the look after the mark is cleared. One that interrupts a work
// runs only its own, since the others are already taken.
void run_deferred() noexcept {
    if (deferred.depth.load(base::relaxed) == most_depth) return;
    deferred_work* works = nullptr;
    for (;;) {
        // Pairs with a signal handler of this thread.
        while (anything_deferred() && deferred.draining.exchange(1, base::acq_rel) == 0) {
            run_queues(take_in_order(deferred.queues, &wait_queue::next_deferred));
            deferred_work* const executor_posts = take_in_order(deferred.executor_posts, &deferred_work::next);
            append(works, take_in_order(deferred.works, &deferred_work::next));
            deferred.draining.exchange(0, base::acq_rel); // pairs with a signal handler of this thread
            run_works(executor_posts);
        }
        if (works == nullptr) return;
        run_works(std::exchange(works, nullptr));
    }
}

void defer(deferred_work& work) noexcept {
    EFD_CHECK(work.callback != nullptr);
    if (signal_allowed()) return call_guarded([&] { work.callback(work); });
    push(deferred.works, work, &deferred_work::next);
}

void hand_over(deferred_work& work) noexcept {
    EFD_CHECK(work.callback != nullptr);
    if (signal_allowed()) return call_guarded([&] { work.callback(work); });
    push(deferred.executor_posts, work, &deferred_work::next);
}

} // namespace efd::EFD_ABI::core
