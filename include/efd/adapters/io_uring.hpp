// SPDX-License-Identifier: MIT
// adapters/io_uring.hpp: an eventfd in an io_uring, by liburing: a poll that is prepared, completions that become
// reads.
//
// Header-only. Needs <liburing.h> (2.2 or later). One thread, the ring's, but for the object, which any thread may
// signal.
//
//     efd::uring_reader jobs(object);
//     jobs.prepare(io_uring_get_sqe(&ring));                          // user data: &jobs; submit as any
//     ... for each completion cqe with that user data:
//     if (jobs.complete(cqe, [](std::uint64_t value) { ... })) jobs.prepare(io_uring_get_sqe(&ring));
//
// Invariant: the kernel takes nothing; units are taken in complete() alone, each handed to the function that is given
// there, until there are none. A multishot poll tells of edges, which the object makes whenever it leaves zero, so
// nothing may be left when complete returns.
#pragma once

#include <efd/eventfd.hpp>

#include <cerrno>
#include <liburing.h>
#include <utility>

namespace efd::EFD_ABI {

/// How often a poll that was prepared completes.
enum class uring_poll : unsigned char {
    one_shot,  ///< Once.
    multishot, ///< As often as the kernel says, from Linux 5.13 on.
};

/// One reader of an object, by a ring.
class uring_reader {
  public:
    /// Keeps the object alive. Throws as eventfd::fd(doorbell::level). multishot: from Linux 5.13 on, one submission
    /// for as many completions as it takes.
    explicit uring_reader(const eventfd& object, uring_poll how = uring_poll::multishot)
        : object_(object.duplicate()), fd_(object.fd(doorbell::level)), how_(how) {}
    /// Not while a prepared poll has not had its last completion: cancel, and complete that one, first.
    ~uring_reader() = default;
    uring_reader(const uring_reader&) = delete;
    uring_reader& operator=(const uring_reader&) = delete;

    /// Fills a submission, not null; its user data is this. Only when no other one of this reader is on its way.
    void prepare(io_uring_sqe* entry) noexcept {
        if (how_ == uring_poll::multishot)
            io_uring_prep_poll_multishot(entry, fd_, core::poll_in);
        else
            io_uring_prep_poll_add(entry, fd_, core::poll_in);
        io_uring_sqe_set_data(entry, this);
        armed_ = true;
        cancelled_ = false;
        error_ = 0;
    }
    /// Fills a submission that ends the poll; its own completion has the user data that is given. If armed(), the
    /// poll's last completion still comes, and goes to complete: with -ECANCELED, or with what had fired before.
    /// Nothing is taken any more.
    void prepare_cancel(io_uring_sqe* entry, std::uint64_t user_data) noexcept {
        io_uring_prep_cancel(entry, this, 0);
        io_uring_sqe_set_data64(entry, user_data);
        cancelled_ = true;
        if (!armed_) error_ = ECANCELED;
    }

    /// For every completion with this reader's user data. Calls `use` with each value: all units, or one after the
    /// other in semaphore mode, until there are none; after a cancel never. True: this was the last one of its poll,
    /// prepare it anew (after one_shot always; after multishot as the kernel says; after a cancel or an error never:
    /// see error). An exception of `use` passes through; the units that it got are its own, those behind it are left,
    /// and as a multishot poll is silent while there are some, they are to be taken by `take` then.
    template <class Use>
    [[nodiscard]] bool complete(const io_uring_cqe* completion, Use&& use) {
        const bool last = (completion->flags & IORING_CQE_F_MORE) == 0;
        const int result = completion->res;
        if (last) armed_ = false;
        if (cancelled_ && last)
            error_ = ECANCELED;
        else if (result < 0)
            error_ = -result;
        take(std::forward<Use>(use));
        return last && result >= 0 && !cancelled_;
    }
    /// Calls `use` with each value until there are none; after a cancel never.
    template <class Use>
    void take(Use&& use) {
        std::uint64_t value = 0;
        while (!cancelled_ && object_.try_read(value) == std::errc{}) use(value);
    }
    /// Whether a completion is still to come.
    [[nodiscard]] bool armed() const noexcept { return armed_; }
    /// The errno of the last completion that failed, ECANCELED once nothing is to come after a cancel, else 0.
    [[nodiscard]] int error() const noexcept { return error_; }

  private:
    eventfd object_;
    int fd_;
    uring_poll how_;
    bool armed_ = false;
    bool cancelled_ = false;
    int error_ = 0;
};

} // namespace efd::EFD_ABI
