// SPDX-License-Identifier: MIT
// conformance/framework/uring.hpp: one io_uring, for the claims about its reads, writes, polls and completions.
//
// Owns the ring, given up with the claim's process. Links with liburing. One thread. now() never sleeps: what an
// operation of this thread completes is in the ring when that operation has returned, after io_uring_get_events.
// Invariant: refused() distinguishes a machine that refuses io_uring from a claim that differs.
#pragma once

#include "conformance/framework/sleeper.hpp"

#include <cstdint>
#include <stdexcept>

#include <liburing.h>
#include <poll.h>

namespace efd::claims {

class uring {
  public:
    struct completion {
        bool came = false;
        int result = 0;     // the operation's return value, or a negated errno
        unsigned flags = 0; // IORING_CQE_F_...
    };

    uring() : refused_(-::io_uring_queue_init(32, &ring_, 0)) {}
    uring& operator=(uring&&) = delete; // neither copied nor moved
    int refused() const { return refused_; }
    io_uring* ring() { return &ring_; }

    // The next entry to fill in; taken by submit().
    io_uring_sqe* next() {
        io_uring_sqe* const entry = ::io_uring_get_sqe(&ring_);
        if (entry == nullptr) throw std::length_error("the ring has no free entry");
        return entry;
    }
    int submit() { return ::io_uring_submit(&ring_); }

    completion now() {
        ::io_uring_get_events(&ring_);
        io_uring_cqe* entry = nullptr;
        return ::io_uring_peek_cqe(&ring_, &entry) == 0 ? taken(entry) : completion{};
    }
    // Waits for the next one, with a bound.
    completion wait() {
        auto bound = step_bound_as<__kernel_timespec>();
        io_uring_cqe* entry = nullptr;
        return ::io_uring_wait_cqe_timeout(&ring_, &entry, &bound) == 0 ? taken(entry) : completion{};
    }

    void submit_nops(unsigned number, unsigned flags = 0) {
        for (unsigned i = 0; i < number; ++i) {
            io_uring_sqe* const entry = next();
            ::io_uring_prep_nop(entry);
            ::io_uring_sqe_set_flags(entry, flags);
        }
        submit();
    }
    void submit_poll(int fd, unsigned events, bool multishot = false) {
        if (multishot)
            ::io_uring_prep_poll_multishot(next(), fd, events);
        else
            ::io_uring_prep_poll_add(next(), fd, events);
        submit();
    }

  private:
    completion taken(io_uring_cqe* entry) {
        const completion found{true, entry->res, entry->flags};
        ::io_uring_cqe_seen(&ring_, entry);
        return found;
    }

    io_uring ring_{};
    int refused_;
};

} // namespace efd::claims
