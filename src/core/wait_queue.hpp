// SPDX-License-Identifier: MIT
// core/wait_queue.hpp: the entries with callbacks that hear of every change of one object (the kernel's wqh).
//
// Owns the list of entries of one context and the wakes that are still to be run. One thread at a time holds the queue.
// A signaller that finds it held leaves its wake in the word and goes on; the holder runs it, or after a number of
// wakes leaves the queue to the next thread. So no signaller waits, takes a lock or works for others without bound; a
// callback may signal, write, read, add and remove; and nothing recurses: wakes for other objects that a callback
// causes are owed by the thread until its callback has returned.
// An entry joins by one step, even while the queue is held; the next holder finds it. Only remove waits, for a holder
// on another thread. Inside a callback, where two could wait for each other, it is refused instead. Invariant: an entry
// is called for wakes that came after it joined, by one thread at a time, and never after its removal returned.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/context.hpp>
#include <efd/detail/core/wait_queue_entry.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

class wait_queue {
  public:
    explicit wait_queue(context& owner) noexcept;
    wait_queue& operator=(wait_queue&&) = delete; // neither copied nor moved

    // Runs the callbacks that `key` concerns, now, or leaves them to the holder. Async-signal-safe. The caller's
    // reference keeps the context alive.
    void wake(std::uint32_t key) noexcept;

    // Waits for a holder on another thread; inside a callback it returns false instead.
    [[nodiscard]] bool hold() noexcept;
    void let_go() noexcept;
    // QUEUE_JOIN. By any thread, also inside callbacks; waits for no thread.
    void join(wait_queue_entry& entry) noexcept;
    // These two by the holder only.
    void remove(wait_queue_entry& entry) noexcept;
    [[nodiscard]] bool contains(const wait_queue_entry& entry) noexcept {
        take_in_joined(); // this one perhaps
        return entry.is_linked && entry.queue == this;
    }

    // Whether there is an entry; for a thread that has seen the mark `watched`, or clears it.
    [[nodiscard]] bool has_entries() const noexcept {
        return joining_.load(base::acquire) != nullptr || has_entries_.load(base::relaxed);
    }

    // Whether the calling thread holds the queue: it is inside one of its callbacks.
    [[nodiscard]] bool held_by_me() noexcept;

    // Runs what this thread owes here.
    void run_owed() noexcept;

  private:
    base::atomic<wait_queue_entry*> joining_{nullptr}; // the newest first; the holder takes them into the list
    base::atomic<bool> has_entries_{false};            // as head_, for threads that do not hold the queue

  public:
    // The thread's list of queues that it owes wakes; one thread at a time does.
    wait_queue* next_deferred = nullptr;

  private:
    struct pending;

    void repair_in_child() noexcept;
    void repair(std::uint32_t former) noexcept;
    void repair_list() noexcept;
    [[nodiscard]] bool leave_wake(std::uint32_t key) noexcept;
    void note_owed() noexcept;
    void open_gate(std::uint64_t word) noexcept;
    [[nodiscard]] bool take_again() noexcept;
    void run(const pending& wakes) noexcept;
    void walk(std::uint32_t key) noexcept;
    void take_in_joined() noexcept;
    void link_arrived() noexcept;
    void link(wait_queue_entry& entry) noexcept;
    static void let_leave(wait_queue_entry& entry) noexcept;
    // Both neighbours of an entry in the list, or the ends of it, name the entry.
    [[nodiscard]] bool is_linked_well(const wait_queue_entry& entry) const noexcept {
        return entry.is_linked && entry.queue == this &&
               (entry.next != nullptr ? entry.next->previous : tail_) == &entry &&
               (entry.previous != nullptr ? entry.previous->next : head_) == &entry;
    }
    [[nodiscard]] bool has_both_ends() const noexcept { return (head_ == nullptr) == (tail_ == nullptr); }

    // Wakes of one kind, since ever: walked, and taken out of the word. The second is written after the step on the
    // word. So a thread that reads it, then the word, and adds what is pending there, never counts too many.
    struct walk_count {
        std::uint64_t walked = 0;
        base::atomic<std::uint64_t> taken{0};
    };

    context& context_;
    base::atomic<std::uint64_t> word_{0};       // held, contended, owed, and the numbers of wakes to run
    base::atomic<std::uint32_t> extra_keys_{0}; // of signal_mask, for the wakes to run
    base::atomic<std::uint32_t> gate_{0};       // threads that wait for the holder sleep here
    base::atomic<const void*> holder_{nullptr};
    base::atomic<const void*> owing_{nullptr}; // the thread that owes wakes
    base::atomic<std::uint32_t> right_in_;     // the process that these two threads are in, and the list is right in
    wait_queue_entry* head_ = nullptr;
    wait_queue_entry* tail_ = nullptr;
    wait_queue_entry* cursor_ = nullptr; // where the running walk goes on
    // FORK: what the holder is in the midst of.
    wait_queue_entry* arrived_ = nullptr; // have joined, and are being linked; the newest first
    wait_queue_entry* leaving_ = nullptr; // is being removed
    std::uint64_t running_ = 0;           // so many wakes
    walk_count after_write_;
    walk_count after_read_; // and hang-ups
};

} // namespace efd::EFD_ABI::core
