// SPDX-License-Identifier: MIT
// conformance/claims/in_kernel_api.cpp: section L of docs/semantics.md, the interface that the kernel offers to its own
// drivers.
//
// One function for each row, asked of the library only, through core::context and the C wait queue: user space cannot
// reach the kernel's. K-155 (a kernel built without eventfd) has no counterpart. Callbacks here run in the claim's
// thread.
#include "conformance/framework/counts.hpp"
#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"

#include <efd/detail/core/context.hpp>
#include <efd/efd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <vector>

namespace efd::claims {
namespace {

using base::status;
using core::context;
using core::poll_err;
using core::poll_hup;
using core::poll_in;
using core::poll_out;

// A context, given back at the end.
class owned {
  public:
    owned(trial& t, std::uint64_t initval, unsigned flags = 0) : context_(context::create(initval, flags)) {
        if (context_ == nullptr) t.abandon("a context could not be made");
    }
    ~owned() { context_->put(); }
    owned& operator=(owned&&) = delete; // neither copied nor moved
    context* operator->() const { return context_; }
    context& operator*() const { return *context_; }

  private:
    context* context_;
};

// An entry that records the keys it was called with, and runs an action if it has one.
struct watcher : core::wait_queue_entry {
    explicit watcher(std::uint32_t which, bool alone = false) {
        callback = [](core::wait_queue_entry& entry, std::uint32_t key) {
            auto& self = static_cast<watcher&>(entry);
            self.keys.push_back(key);
            if (self.act) self.act();
            return self.accepts;
        };
        mask = which;
        exclusive = alone;
    }
    std::vector<std::uint32_t> keys;
    std::function<void()> act;
    int accepts = 1;
};

void join(trial& t, context& queue, watcher& entry) {
    std::uint32_t ready = 0;
    t.expect_equal(queue.add_wait_queue(entry, ready), status::ok, "entry added");
    t.expect_equal(ready, queue.poll(), "what poll said as the entry joined");
}

// 8 bits for each key, first call lowest, so that one comparison distinguishes them.
std::uint64_t calls(const watcher& one) {
    std::uint64_t all = 0;
    for (auto key = one.keys.rbegin(); key != one.keys.rend(); ++key) all = all << 8 | (*key & 0xffU);
    return all;
}

// The guard in C: what a callback gets, and what is left.
void c_face_refuses_too(trial& t) {
    struct asked {
        efd_t* efd;
        int result;
        int error;
        int allowed;
    };
    asked answers{::efd_create(0, 0), 0, 0, 1};
    efd_wait_queue_entry entry{};
    entry.mask = poll_in;
    entry.context = &answers;
    entry.callback = [](efd_wait_queue_entry* called, unsigned) {
        auto* const to = static_cast<asked*>(called->context);
        to->allowed = ::efd_signal_allowed();
        to->result = ::efd_signal(to->efd);
        to->error = errno;
        return 0;
    };
    t.expect_equal(::efd_wait_queue_add(answers.efd, &entry, nullptr), 0, "efd_wait_queue_add");
    t.expect_equal(::efd_write(answers.efd, 3), 0, "efd_write");
    t.expect_equal(answers.allowed, 0, "efd_signal_allowed inside");
    t.expect_equal(answers.result, -1, "efd_signal inside");
    t.expect_error(answers.error, EDEADLK, "errno of efd_signal inside");
    std::uint64_t left = 0;
    t.expect_equal(::efd_wait_queue_remove_and_read(answers.efd, &entry, &left), 0, "efd_wait_queue_remove_and_read");
    t.expect_equal(left, 3U, "what was there");
    t.expect_equal(::efd_wait_queue_remove(answers.efd, &entry), -1, "removed already");
    ::efd_put(answers.efd);
}

std::atomic<context*> for_handler{nullptr};
std::atomic<bool> signalled_in_handler{false};

} // namespace

CLAIM(K_148, in_process, "signal adds one anywhere, never sleeps, saturates, and always wakes with POLLIN") {
    const owned ctx(t, largest - 1);
    watcher entry(poll_in | poll_out | poll_err);
    join(t, *ctx, entry);
    t.expect(ctx->signal(), "signal below the bound");
    t.expect_equal(ctx->count(), largest, "count 2^64-2");
    t.expect(ctx->signal(), "signal at 2^64-2");
    t.expect_equal(ctx->count(), top, "count 2^64-1");
    t.expect(ctx->signal(), "signal at 2^64-1");
    t.expect_equal(ctx->count(), top, "count stays");
    t.expect_equal(calls(entry), 0x010101U, "each of the three woke with POLLIN");
    ctx->remove_wait_queue(entry);

    const owned from_handler(t, 0);
    for_handler.store(&*from_handler);
    struct sigaction action{};
    action.sa_handler = [](int) { signalled_in_handler.store(for_handler.load()->signal()); };
    ::sigaction(SIGUSR1, &action, nullptr);
    ::raise(SIGUSR1);
    t.expect(signalled_in_handler.load(), "signal inside a signal handler");
    t.expect_equal(from_handler->count(), 1U, "count afterwards");
}

CLAIM(K_149, in_process, "signal_mask: the mask goes into the wake key only") {
    constexpr std::uint32_t extra = 0x08000000U; // as EPOLL_URING_WAKE
    const owned ctx(t, 0);
    watcher all(poll_in | extra);
    watcher in(poll_in);
    watcher extra_only(extra);
    for (watcher* one : {&all, &in, &extra_only}) join(t, *ctx, *one);
    t.expect(ctx->signal_mask(extra), "signal_mask");
    t.expect_equal(ctx->count(), 1U, "count");
    t.expect_equal(ctx->poll(), poll_in | poll_out, "poll knows nothing of the mask");
    for (watcher* one : {&all, &in, &extra_only}) {
        t.expect_equal(one->keys.size(), 1U, "each was called once");
        if (one->keys.size() == 1) t.expect_equal(one->keys[0], poll_in | extra, "the wake key");
    }
    t.expect(ctx->signal(), "signal");
    t.expect_equal(in.keys.back(), poll_in, "the next wake key is plain");
    t.expect_equal(extra_only.keys.size(), 1U, "calls of the entry that waits for the mask alone");
    for (watcher* one : {&all, &in, &extra_only}) ctx->remove_wait_queue(*one);
}

CLAIM(K_150, in_process, "inside a wake signal is refused: nothing added, nobody woken; it can be deferred") {
    for (const bool by_read : {false, true}) {
        const owned ctx(t, by_read ? 1 : 0);
        const owned other(t, 0);
        watcher other_watcher(poll_in);
        join(t, *other, other_watcher);
        watcher entry(by_read ? poll_out : poll_in);
        bool allowed = true;
        bool done_itself = true;
        bool done_other = true;
        entry.act = [&] {
            allowed = core::signal_allowed();
            done_itself = ctx->signal();
            done_other = other->signal();
            other->signal_deferred();
        };
        join(t, *ctx, entry);
        std::uint64_t value = 0;
        t.expect(core::signal_allowed(), "allowed outside");
        t.expect_equal(by_read ? ctx->read(value) : ctx->write(1), status::ok, "the call that wakes");
        t.expect(!allowed && !done_itself && !done_other, "refused inside");
        t.expect(core::signal_allowed(), "allowed again");
        t.expect_equal(ctx->count(), by_read ? 0U : 1U, "count of the object that woke");
        t.expect_equal(entry.keys.size(), 1U, "calls of the entry");
        t.expect_equal(other->count(), 1U, "count of the other: the deferred one alone");
        t.expect_equal(other_watcher.keys.size(), 1U, "wakes of the other, after the callback");
        ctx->remove_wait_queue(entry);
        other->remove_wait_queue(other_watcher);
    }
    c_face_refuses_too(t);
}

CLAIM(K_151, in_process, "references: get and put; object and id are freed at the last put") {
    context* const first = context::create(0, 0);
    if (first == nullptr) t.abandon("a context could not be made");
    const int id = first->id();
    first->get();
    t.expect_equal(first->references(), 2U, "references after get");
    first->put();
    t.expect_equal(first->write(1), status::ok, "write with one reference left");
    const owned second(t, 0);
    t.expect(second->id() != id, "the id is taken while a reference is left");
    watcher entry(poll_in);
    join(t, *first, entry);
    t.expect_equal(first->references(), 2U, "the queue holds a reference for an entry");
    first->remove_wait_queue(entry);
    first->put();
    const owned third(t, 0);
    t.expect_equal(third->id(), id, "the id is free after the last put");
}

CLAIM(K_152, in_process, "remove_wait_queue: takes by the rules of read, removes the entry, wakes POLLOUT if it took") {
    struct row {
        std::uint64_t count;
        unsigned flags;
        status end;
        std::uint64_t taken;
    };
    for (const row& one :
         {row{5, 0, status::ok, 5}, row{5, core::flag_semaphore, status::ok, 1}, row{0, 0, status::would_block, 0},
          row{0, core::flag_semaphore, status::would_block, 0}, row{largest, 0, status::ok, largest}}) {
        const owned ctx(t, one.count, one.flags);
        watcher leaving(poll_in | poll_out);
        watcher staying(poll_out);
        join(t, *ctx, staying);
        join(t, *ctx, leaving);
        std::uint64_t taken = 99;
        t.expect_equal(ctx->remove_wait_queue_and_read(leaving, taken), one.end, "how it ended");
        t.expect_equal(taken, one.taken, "what it took");
        t.expect_equal(ctx->count(), one.count - one.taken, "what is left");
        t.expect_equal(calls(leaving), 0U, "calls of the removed entry");
        t.expect_equal(calls(staying), one.taken > 0 ? 0x04U : 0U, "POLLOUT for the others if something was taken");
        t.expect_equal(ctx->remove_wait_queue(leaving), status::invalid, "the entry is gone");
        ctx->remove_wait_queue(staying);
    }
    const owned full(t, largest);
    watcher entry(poll_in);
    join(t, *full, entry);
    const auto in_futex = [&](pid_t tid) { return look_at_task(tid).asleep; };
    sleeper writer(t, in_futex, [&](std::uint64_t&) { return full->write(2) == status::ok ? 0 : 1; }, "a write");
    std::uint64_t taken = 0;
    t.expect_equal(full->remove_wait_queue_and_read(entry, taken), status::ok, "with a writer asleep");
    writer.must_return_with(0, "what was taken made room");
}

CLAIM(K_153, in_process, "do_read: all, or 1 of a semaphore, or 0; a consumer inside the wake takes what came") {
    t.expect_equal(core::take_from(0, false), 0U, "of 0");
    t.expect_equal(core::take_from(0, true), 0U, "of 0, semaphore");
    t.expect_equal(core::take_from(top, false), top, "of 2^64-1");
    t.expect_equal(core::take_from(top, true), 1U, "of 2^64-1, semaphore");
    for (const unsigned flags : {0U, core::flag_semaphore}) { // as an irqfd does, K-145
        const owned ctx(t, 0, flags);
        watcher consumer(poll_in);
        std::uint64_t taken = 0;
        status end = status::invalid;
        consumer.act = [&] { end = ctx->try_read(taken); };
        join(t, *ctx, consumer);
        t.expect_equal(ctx->write(5), status::ok, "write");
        t.expect_equal(end, status::ok, "read inside the wake");
        t.expect_equal(taken, flags == 0 ? 5U : 1U, "what it took");
        t.expect_equal(ctx->count(), flags == 0 ? 0U : 4U, "count after the write");
        t.expect_equal(consumer.keys.size(), 1U, "wakes");
        ctx->remove_wait_queue(consumer);
    }
}

CLAIM(K_154, in_process, "release: wakes the queue with POLLHUP, then drops the reference") {
    context* const ctx = context::create(1, 0);
    if (ctx == nullptr) t.abandon("a context could not be made");
    const int id = ctx->id();
    watcher entry(poll_hup);
    watcher not_asking(poll_in | poll_out);
    std::uint32_t poll_inside = 0;
    entry.act = [&] { poll_inside = ctx->poll(); };
    join(t, *ctx, entry);
    join(t, *ctx, not_asking);
    ctx->release(); // the entries still hold the object
    t.expect_equal(calls(entry), poll_hup, "the key");
    t.expect_equal(poll_inside, poll_in | poll_out, "poll itself never says HUP");
    t.expect_equal(calls(not_asking), 0U, "calls of an entry that did not ask for HUP");
    t.expect_equal(ctx->references(), 2U, "references left, one for each entry");
    ctx->remove_wait_queue(not_asking);
    ctx->remove_wait_queue(entry);
    t.expect_equal(owned(t, 0)->id(), id, "the id is free when the last entry has gone");
}

CLAIM(K_156, in_process, "a wake calls every non-exclusive entry and one exclusive that accepts; by key") {
    const owned ctx(t, 0);
    watcher plain_first(poll_in);
    watcher declines(poll_in, true);
    watcher accepts(poll_in, true);
    watcher too_late(poll_in, true);
    watcher plain_last(poll_in);
    watcher out(poll_out);
    declines.accepts = 0;
    watcher* const in_order[] = {&plain_first, &declines, &accepts, &too_late, &plain_last, &out};
    std::vector<watcher*> called;
    for (watcher* one : in_order) {
        one->act = [&called, one] { called.push_back(one); };
        join(t, *ctx, *one);
    }
    t.expect_equal(ctx->write(1), status::ok, "write");
    t.expect(called.size() == 4 && called[2] == &declines && called[3] == &accepts, "exclusive entries come last");
    const std::uint64_t after_write[] = {1, 1, 1, 0, 1, 0};
    for (std::size_t i = 0; i < 6; ++i)
        t.expect_equal(calls(*in_order[i]), after_write[i], "calls of entry " + std::to_string(i) + " after a write");
    std::uint64_t value = 0;
    t.expect_equal(ctx->read(value), status::ok, "read");
    t.expect_equal(calls(out), 0x04U, "the read called the entry for POLLOUT");
    t.expect_equal(calls(plain_first), 1U, "and no entry for POLLIN");
    ctx->remove_wait_queue(accepts);
    t.expect(ctx->signal(), "signal");
    t.expect_equal(calls(too_late), 1U, "the next exclusive entry, once the first has gone");
    t.expect_equal(calls(accepts), 1U, "a removed entry is called no more");
    t.expect_equal(calls(plain_last), 0x0101U, "a plain entry at every wake");
    for (watcher* one : in_order)
        if (one != &accepts) ctx->remove_wait_queue(*one);
}

} // namespace efd::claims
