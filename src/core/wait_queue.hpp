// core/wait_queue.hpp: everything that waits and is no sleeping thread: entries with callbacks (the kernel's wqh).
//
// Owns the list of entries of one context and the wakes that are still to be run. One thread at a time holds the queue.
// A signaller that finds it held leaves its wake in the word and goes on; the holder runs it, or after so many leaves
// the queue to the next that comes. So nobody who signals waits, takes a lock or is kept by others, a callback may
// signal, write, read, add and remove, and nothing recurses: wakes for other objects that a callback causes are owed by
// the thread until its callback has returned.
// An entry joins by one step, whoever holds the queue; the next holder finds it. Only remove waits, for a holder on
// another thread, and not inside a callback, where two could wait for each other: there it is refused. Invariant: an
// entry is called for wakes that came after it joined, by one thread at a time, and never after its removal returned.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/context.hpp>
#include <efd/detail/core/wait_queue_entry.hpp>

#include "core/standing_watcher.hpp"

#include <cstdint>

namespace efd::EFD_ABI::core {

class wait_queue {
  public:
    explicit wait_queue(context& owner) noexcept;
    wait_queue(const wait_queue&) = delete;
    wait_queue& operator=(const wait_queue&) = delete;

    // Runs the callbacks that `key` concerns, now, or has them run by the holder. Async-signal-safe. The caller's
    // reference keeps the context alive.
    void wake(std::uint32_t key) noexcept;

    // Waits for a holder on another thread; inside a callback it does not, and says false.
    [[nodiscard]] bool hold() noexcept;
    void let_go() noexcept;
    // QUEUE_JOIN. By anybody, also inside callbacks; waits for nobody.
    void join(wait_queue_entry& entry) noexcept;
    // These two by the holder only.
    void remove(wait_queue_entry& entry) noexcept;
    [[nodiscard]] bool contains(const wait_queue_entry& entry) noexcept {
        take_in_joined(); // this one perhaps
        return entry.is_linked && entry.queue == this;
    }

    // Whether there is an entry; for who has seen the mark `watched`, or takes it away.
    [[nodiscard]] bool has_entries() const noexcept {
        return joining_.load(base::acquire) != nullptr || has_entries_.load(base::relaxed);
    }
    [[nodiscard]] bool has_watchers() const noexcept { return has_entries() || !standing.empty(); }

    // Whether the calling thread holds the queue: it is inside one of its callbacks.
    [[nodiscard]] bool held_by_me() noexcept;

    // Runs what this thread owes here.
    void run_owed() noexcept;

    // The slot's standing watchers; told by anybody who saw `watched`.
    standing_places standing;

  private:
    base::atomic<wait_queue_entry*> joining_{nullptr}; // the newest first; the holder takes them into the list
    base::atomic<bool> has_entries_{false};            // as head_, for who does not hold the queue

  public:
    // The slot's bell, and null until somebody asks for one; here because this, too, is made only then.
    base::atomic<bell*> attached_bell{nullptr};

    // The thread's list of queues that it owes wakes; one thread at a time does.
    wait_queue* next_held_back = nullptr;
    wait_queue* next_made = nullptr;

  private:
    struct pending;

    void come_home() noexcept;
    [[nodiscard]] bool leave_wake(std::uint32_t key) noexcept;
    void note_owed() noexcept;
    void open_gate(std::uint64_t word) noexcept;
    [[nodiscard]] bool take_again() noexcept;
    void run(const pending& wakes) noexcept;
    void walk(std::uint32_t key) noexcept;
    void take_in_joined() noexcept;
    void link(wait_queue_entry& entry) noexcept;

    // Wakes of one kind, since ever: walked, and taken out of the word. The second is written after the step on the
    // word, so that who reads it, then the word, and adds what is pending there, never has too many.
    struct walk_count {
        std::uint64_t walked = 0;
        base::atomic<std::uint64_t> taken{0};
    };

    context& context_;
    base::atomic<std::uint64_t> word_{0};       // held, contended, owed, and the numbers of wakes to run
    base::atomic<std::uint32_t> extra_keys_{0}; // of signal_mask, for the wakes to run
    base::atomic<std::uint32_t> gate_{0};       // those who wait for the holder sleep here
    base::atomic<const void*> holder_{nullptr};
    base::atomic<std::uint32_t> home_; // the process that the holder is in
    wait_queue_entry* head_ = nullptr;
    wait_queue_entry* tail_ = nullptr;
    wait_queue_entry* cursor_ = nullptr; // where the running walk goes on
    walk_count after_write_;
    walk_count after_read_; // and hang-ups
};

} // namespace efd::EFD_ABI::core
