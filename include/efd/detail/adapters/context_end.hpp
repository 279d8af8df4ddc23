// SPDX-License-Identifier: MIT
// adapters/context_end.hpp: the end of an execution context, as seen by threads that post into it.
//
// Owns a count of the threads that are inside, and a list of members that have something in the context. Any thread;
// close is called once, by the thread that ends the context. Invariant: during an admitted visit the context is alive,
// and a member that has not left is swept before the context is gone.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace efd::EFD_ABI::detail {

// A node of a list that owns nothing.
struct list_node {
    list_node* next = this;
    list_node* previous = this;

    list_node() = default;
    list_node(const list_node&) = delete;
    list_node& operator=(const list_node&) = delete;

    [[nodiscard]] bool alone() const noexcept { return next == this; }
    void unlink() noexcept {
        next->previous = previous;
        previous->next = next;
        next = previous = this;
    }
    void move_to_end_of(list_node& list) noexcept {
        unlink();
        next = &list;
        previous = list.previous;
        previous->next = this;
        list.previous = this;
    }
    void move_all_to_end_of(list_node& list) noexcept {
        while (!alone()) next->move_to_end_of(list);
    }
};

// The end of one execution context, which its members outlive. A thread is inside while it posts into the context;
// close admits no more threads and waits for those inside. It does not wait for visits of the calling thread itself.
class context_end {
  public:
    class visit {
      public:
        explicit visit(std::shared_ptr<context_end> where) noexcept;
        ~visit();
        visit(const visit&) = delete;
        visit& operator=(const visit&) = delete;
        [[nodiscard]] bool admitted() const noexcept { return admitted_; }

      private:
        friend class context_end;
        std::shared_ptr<context_end> where_;
        visit* outer_;
        bool admitted_;
    };

    // What has something in the context.
    class member : private list_node {
      public:
        member() = default;
        virtual ~member() = default;

      private:
        friend class context_end;
        virtual void sweep() noexcept = 0; // called by close, when no thread is inside any more
        std::shared_ptr<member> self_;     // by the mutex of its context_end
    };

    // Keeps the member alive until remove or close. False: the context has ended.
    [[nodiscard]] bool add(std::shared_ptr<member> joining) {
        const std::scoped_lock lock(mutex_);
        if ((inside_.load(base::acquire) & closed_mark) != 0) return false;
        member& added = *joining;
        added.self_ = std::move(joining);
        added.move_to_end_of(members_);
        return true;
    }
    void remove(member& leaving) noexcept {
        std::shared_ptr<member> alive; // goes after the lock
        const std::scoped_lock lock(mutex_);
        alive = std::move(leaving.self_);
        leaving.unlink();
    }
    inline void close() noexcept;

  private:
    static constexpr std::uint32_t closed_mark = 1;
    static constexpr std::uint32_t one_visit = 2;

    [[nodiscard]] std::uint32_t visits_of_this_thread() const noexcept {
        std::uint32_t visits = 0;
        for (const visit* each = innermost_; each != nullptr; each = each->outer_)
            if (each->admitted_ && each->where_.get() == this) visits += one_visit;
        return visits;
    }

    static inline thread_local visit* innermost_ = nullptr;
    base::atomic<std::uint32_t> inside_{0};
    std::mutex mutex_;
    list_node members_;
};

inline context_end::visit::visit(std::shared_ptr<context_end> where) noexcept
    : where_(std::move(where)), outer_(std::exchange(innermost_, this)),
      admitted_((where_->inside_.fetch_add(one_visit, base::acq_rel) & closed_mark) == 0) { // CONTEXT_END, come
    if (admitted_) return;
    where_->inside_.fetch_sub(one_visit, base::acq_rel); // CONTEXT_END, leave
    where_->inside_.notify_all();
}
inline context_end::visit::~visit() {
    innermost_ = outer_;
    if (!admitted_) return;
    // CONTEXT_END, leave
    if ((where_->inside_.fetch_sub(one_visit, base::acq_rel) & closed_mark) != 0) where_->inside_.notify_all();
}

inline void context_end::close() noexcept {
    std::uint32_t inside = inside_.fetch_or(closed_mark, base::acq_rel) | closed_mark; // CONTEXT_END, close
    const std::uint32_t own = visits_of_this_thread() | closed_mark;
    while (inside != own) {
        inside_.wait(inside, base::acquire);
        inside = inside_.load(base::acquire);
    }
    for (;;) {
        std::unique_lock lock(mutex_);
        if (members_.alone()) return;
        member& first = static_cast<member&>(*members_.next);
        const std::shared_ptr<member> alive = std::move(first.self_);
        first.unlink();
        lock.unlock();
        first.sweep();
    }
}

} // namespace efd::EFD_ABI::detail
