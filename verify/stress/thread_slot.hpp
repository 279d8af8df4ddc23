// SPDX-License-Identifier: MIT
// verify/stress/thread_slot.hpp: one thread of a round, as the others may see it.
//
// Owns the thread's ledger (its own until it is parked), the stop that its current wait listens to, and the public
// notice of that wait: on which object, for what. The notice is written by the thread and read by the watch and the
// round; `generation` is odd while it stands and never comes back, so a reader knows whether it saw one wait or two.
#pragma once

#include "api/internal_access.hpp"
#include "stress/ledger.hpp"
#include "stress/subjects.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <stop_token>
#include <sys/types.h>

namespace efd::stress {

inline constexpr int nowhere = -1; // on an object of its own, served through the mailbox

struct notice {
    std::uint64_t generation = 0;
    int where = nowhere;
    bool writer = false;
    std::uint64_t amount = 0;
    core::context* own = nullptr; // alive while the wait stands
};

struct thread_slot {
    explicit thread_slot(std::uint64_t seed) : own_dice(seed) {}

    // The wait that stands at this moment, if one does.
    [[nodiscard]] std::optional<notice> waits() const {
        const notice found{generation.load(), where.load(), writer.load(), amount.load(), own.load()};
        if (found.generation % 2 == 0 || generation.load() != found.generation) return std::nullopt;
        return found;
    }
    void request_stop() {
        std::stop_source current{std::nostopstate};
        {
            const std::lock_guard hold(stop_lock);
            current = stop;
        }
        current.request_stop();
    }
    std::stop_token fresh_stop() {
        const std::lock_guard hold(stop_lock);
        stop = std::stop_source();
        return stop.get_token();
    }

    dice own_dice;
    std::array<ledger, subjects_many> books{};
    std::atomic<pid_t> tid{0};
    std::atomic<std::uint64_t> operations{0};
    std::atomic<bool> parked{false};

    std::atomic<std::uint64_t> generation{0};
    std::atomic<int> where{nowhere};
    std::atomic<bool> writer{false};
    std::atomic<std::uint64_t> amount{0};
    std::atomic<core::context*> own{nullptr};

    std::mutex stop_lock;
    std::stop_source stop;
};

// The notice stands while this does.
class waiting_at {
  public:
    waiting_at(thread_slot& s, std::size_t where, bool writer, std::uint64_t amount)
        : waiting_at(s, static_cast<int>(where), writer, amount, nullptr) {}
    // Reads an object of its own, which outlives the notice.
    waiting_at(thread_slot& s, eventfd& own)
        : waiting_at(s, nowhere, false, 0, efd::internal_access::context_of(own)) {}
    ~waiting_at() { ++slot_.generation; }
    waiting_at& operator=(waiting_at&&) = delete; // neither copied nor moved

  private:
    waiting_at(thread_slot& s, int where, bool writer, std::uint64_t amount, core::context* own) : slot_(s) {
        s.where = where;
        s.writer = writer;
        s.amount = amount;
        s.own = own;
        ++s.generation;
    }

    thread_slot& slot_;
};

} // namespace efd::stress
