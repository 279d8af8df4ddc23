// SPDX-License-Identifier: MIT
// adapters/posted_wait.hpp: pending waits whose end is posted to a context that may end first; for adapters/asio.hpp.
//
// What owns what, and when. A posted_wait that waits, or whose function is on its way through the context, is owned by
// its wait_group, with the completion in it: the user's handler and its work. The thread that ends the wait posts a
// small function that refers to the wait. It neither moves nor destroys the handler, and does not use its allocator.
// The context's thread runs that function, takes the completion out of the group and calls it. If the function is
// destroyed uncalled, or the context ends before it ran, the completion is dropped and the units that were taken go
// back. A lock here covers pointers alone: the user's objects are made, moved, called and destroyed outside of it. Any
// thread. Invariant: a wait leaves its group exactly once, and the thread that takes it out owns its units and its
// completion.
#pragma once

#include <efd/detail/adapters/context_end.hpp>
#include <efd/detail/adapters/pending_wait.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace efd::EFD_ABI::detail {

// A handler that waits, with the work that it keeps outstanding. Both calls destroy it, and free its memory by the
// allocator that it came from.
struct completion {
    virtual void complete(taken_units&& taken) = 0; // and then calls the handler
    virtual void drop() noexcept = 0;

  protected:
    ~completion() = default;
};
struct drop_completion {
    void operator()(completion* dropped) const noexcept { dropped->drop(); }
};
using owned_completion = std::unique_ptr<completion, drop_completion>;

class posted_wait;
class wait_group;

// The way into an execution context: a copy of an executor, made at initiation.
struct route {
    virtual ~route() = default;
    virtual void post(std::shared_ptr<posted_wait> wait) = 0;
};

// The waits of one io object. It is kept by the io object, its waits, and its context until that has ended.
class wait_group final : public context_end::member, public std::enable_shared_from_this<wait_group> {
  public:
    [[nodiscard]] static std::shared_ptr<wait_group> make(std::shared_ptr<context_end> end, std::unique_ptr<route> way);

    // Ends with operation_canceled what waits when it is called.
    inline void cancel();
    // The io object is gone, or has another group.
    inline void retire();

  private:
    friend class posted_wait;
    wait_group(std::shared_ptr<context_end> end, std::unique_ptr<route> way)
        : end_(std::move(end)), way_(std::move(way)) {}

    [[nodiscard]] inline bool join(posted_wait& starting);
    inline void finish(posted_wait& ended, bool admitted);
    [[nodiscard]] inline owned_completion take(posted_wait& on_its_way);
    inline void sweep() noexcept override;
    [[nodiscard]] bool unused() const noexcept {
        return retired_ && waiting_.alone() && leaving_.alone() && others_.alone();
    }

    std::shared_ptr<context_end> end_;
    std::mutex mutex_;
    std::shared_ptr<route> way_;     // until the context has ended, within which the executor in it must end
    efd::detail::list_node waiting_; // not asked to end
    efd::detail::list_node leaving_; // a cancel comes to them
    efd::detail::list_node others_;  // asked to end, or on their way
    bool retired_ = false;
    bool closed_ = false;
};

// One wait of a group.
class posted_wait final : public pending_wait, private list_node, public std::enable_shared_from_this<posted_wait> {
  public:
    posted_wait(const eventfd& object, intent what, std::uint32_t events, std::shared_ptr<wait_group> group)
        : pending_wait(object, what, events, &ended), group_(std::move(group)) {}

    // Begins; in a context that has ended it drops the completion. An exception is the executor's, where the wait is
    // over at once: what was taken has gone back, and the completion is dropped.
    void run(owned_completion waiting) {
        const auto alive = shared_from_this();
        completion_ = std::move(waiting);
        if (!group_->join(*this)) return completion_.reset();
        if (!start()) return;
        const context_end::visit inside(group_->end_);
        group_->finish(*this, inside.admitted());
    }

    // Memory for what an executor allocates to queue one function, so that a post needs none of the system's.
    [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) {
        if (memory_in_use_ || bytes > sizeof memory_ || alignment > alignof(std::max_align_t))
            return ::operator new(bytes, std::align_val_t(alignment));
        memory_in_use_ = true;
        return memory_;
    }
    void deallocate(void* place, std::size_t alignment) noexcept {
        if (place != memory_) return ::operator delete(place, std::align_val_t(alignment));
        memory_in_use_ = false;
    }

    // What the posted function does: calls the handler, unless the context ended; or it is never run.
    static void complete(std::shared_ptr<posted_wait> wait) {
        owned_completion called = wait->group_->take(*wait);
        if (called == nullptr) return;
        wait->called_ = true;
        taken_units taken(wait->object(), wait->result());
        wait.reset();
        called.release()->complete(std::move(taken));
    }
    static void drop(const std::shared_ptr<posted_wait>& wait) noexcept {
        const owned_completion dropped = wait->group_->take(*wait);
        if (dropped != nullptr) wait->give_back();
    }

  private:
    friend class wait_group;
    // waiting: its end is still to come. swept: that too, and the completion is gone. on_its_way: it has ended.
    enum class state : unsigned char { waiting, on_its_way, swept, out };

    void give_back() { const taken_units dropped(object(), result()); }
    // An executor that throws has dropped the function; unless that was called in place, and the exception is its own.
    static void ended(pending_wait& wait) {
        auto& self = static_cast<posted_wait&>(wait);
        const context_end::visit inside(self.group_->end_);
        const std::shared_ptr<posted_wait> alive = self.self_; // with its group; goes before the visit ends
#ifdef __cpp_exceptions
        try {
            self.group_->finish(self, inside.admitted());
        } catch (...) {
            if (self.called_) std::terminate();
        }
#else
        self.group_->finish(self, inside.admitted());
#endif
    }

    std::shared_ptr<wait_group> group_;
    std::shared_ptr<posted_wait> self_; // while it is in its group, and until its end has come
    owned_completion completion_;
    state state_ = state::waiting;
    bool called_ = false;
    bool memory_in_use_ = false;
    alignas(std::max_align_t) std::byte memory_[128];
};

// The function that is posted; it belongs to no user, and allocates from the wait that it refers to.
class posted_function {
  public:
    template <class T>
    struct allocator {
        using value_type = T;
        std::shared_ptr<posted_wait> from;

        explicit allocator(std::shared_ptr<posted_wait> wait) noexcept : from(std::move(wait)) {}
        template <class U>
        allocator(const allocator<U>& other) noexcept : from(other.from) {}
        [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(from->allocate(n * sizeof(T), alignof(T))); }
        void deallocate(T* place, std::size_t) noexcept { from->deallocate(place, alignof(T)); }
        bool operator==(const allocator&) const = default;
    };
    using allocator_type = allocator<std::byte>;

    explicit posted_function(std::shared_ptr<posted_wait> wait) noexcept : wait_(std::move(wait)) {}
    posted_function(posted_function&&) noexcept = default;
    posted_function& operator=(posted_function&&) = delete;
    ~posted_function() {
        if (wait_ != nullptr) posted_wait::drop(wait_);
    }
    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(wait_); }
    void operator()() { posted_wait::complete(std::move(wait_)); }

  private:
    std::shared_ptr<posted_wait> wait_;
};

inline std::shared_ptr<wait_group> wait_group::make(std::shared_ptr<context_end> end, std::unique_ptr<route> way) {
    std::shared_ptr<wait_group> made(new wait_group(std::move(end), std::move(way)));
    if (!made->end_->add(made)) made->sweep();
    return made;
}

inline bool wait_group::join(posted_wait& starting) {
    const std::scoped_lock lock(mutex_);
    if (closed_) return false;
    starting.self_ = starting.shared_from_this();
    starting.move_to_end_of(waiting_);
    return true;
}

inline void wait_group::finish(posted_wait& ended, bool admitted) {
    std::shared_ptr<posted_wait> alive;
    std::shared_ptr<route> way;
    {
        const std::scoped_lock lock(mutex_);
        if (ended.state_ == posted_wait::state::swept) {
            ended.state_ = posted_wait::state::out;
            alive = std::move(ended.self_);
        } else {
            ended.state_ = posted_wait::state::on_its_way;
            ended.move_to_end_of(others_);
            if (!admitted) return; // the sweep of this group comes, and gives back
            way = way_;
            alive = ended.self_;
        }
    }
    if (way != nullptr) return way->post(std::move(alive));
    alive->give_back();
}

// Its completion; null if the end of the context has taken that.
inline owned_completion wait_group::take(posted_wait& on_its_way) {
    std::shared_ptr<posted_wait> self;
    owned_completion taken;
    bool last = false;
    {
        const std::scoped_lock lock(mutex_);
        if (on_its_way.state_ != posted_wait::state::on_its_way) return nullptr;
        on_its_way.state_ = posted_wait::state::out;
        on_its_way.unlink();
        self = std::move(on_its_way.self_);
        taken = std::move(on_its_way.completion_);
        last = unused();
    }
    if (last) end_->remove(*this);
    return taken;
}

inline void wait_group::cancel() {
    {
        const std::scoped_lock lock(mutex_);
        waiting_.move_all_to_end_of(leaving_);
    }
    for (;;) {
        std::unique_lock lock(mutex_);
        if (leaving_.alone()) return;
        posted_wait& first = static_cast<posted_wait&>(*leaving_.next);
        const std::shared_ptr<posted_wait> alive = first.self_;
        first.move_to_end_of(others_);
        lock.unlock();
        first.cancel();
    }
}

inline void wait_group::retire() {
    bool last = false;
    {
        const std::scoped_lock lock(mutex_);
        retired_ = true;
        last = unused();
    }
    if (last) end_->remove(*this);
}

// By the thread that ends the context, when no thread posts any more.
inline void wait_group::sweep() noexcept {
    std::shared_ptr<route> way;
    {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
        way = std::move(way_);
        waiting_.move_all_to_end_of(others_);
        leaving_.move_all_to_end_of(others_);
    }
    for (;;) {
        std::unique_lock lock(mutex_);
        if (others_.alone()) return;
        posted_wait& first = static_cast<posted_wait&>(*others_.next);
        const std::shared_ptr<posted_wait> alive = first.self_;
        const owned_completion dropped = std::move(first.completion_);
        first.unlink();
        const bool over = first.state_ == posted_wait::state::on_its_way;
        first.state_ = over ? posted_wait::state::out : posted_wait::state::swept;
        if (over) first.self_ = nullptr; // not the last
        lock.unlock();
        if (over)
            first.give_back();
        else
            first.cancel();
    }
}

} // namespace efd::EFD_ABI::detail
