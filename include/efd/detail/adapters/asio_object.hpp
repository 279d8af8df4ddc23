// SPDX-License-Identifier: MIT
// adapters/asio_object.hpp: the io object of adapters/asio.hpp, which includes this once for each of Asio and
// Boost.Asio.
//
// Needs <asio.hpp>. As Asio's own operations: a handler's memory comes from its associated allocator at initiation, and
// is free again before the handler is called, by the context's thread; the handler is dispatched to its associated
// executor. The signaller runs nothing of the user's but execute() of an executor that Asio has not made. Invariant:
// what a read took is handed to its handler; while a handler waits, its executors have outstanding work.
#ifndef EFD_ASIO_NAMESPACE
#include <efd/adapters/asio.hpp>
#else

#include <efd/detail/adapters/posted_wait.hpp>

#include <concepts>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace efd::EFD_ABI::EFD_ASIO_NAMESPACE {

namespace detail {

using namespace efd::detail;

inline error_code to_error_code(std::errc end) {
    if (end == std::errc::operation_canceled) return net::error::operation_aborted;
    return end == std::errc{} ? error_code() : error_code(static_cast<int>(end), system_errors());
}

// A handler with its result, on its way through its executor; bound to no executor of its own.
template <class Handler, bool WithValue>
struct bound_handler {
    Handler handler;
    taken_units taken;

    using allocator_type = net::associated_allocator_t<Handler>;
    [[nodiscard]] allocator_type get_allocator() const noexcept { return net::get_associated_allocator(handler); }

    void operator()() {
        const read_result result = taken.hand_over();
        if constexpr (WithValue)
            std::move(handler)(to_error_code(result.error), result.value);
        else
            std::move(handler)(to_error_code(result.error));
    }
};

template <class Handler, class Executor, bool WithValue>
class completion_of final : public completion {
  public:
    [[nodiscard]] static owned_completion make(Handler&& handler, const Executor& io) {
        memory place(allocator(net::get_associated_allocator(handler)));
        auto* const made = new (place.get()) completion_of(std::move(handler), io);
        place.release();
        return owned_completion(made);
    }
    void complete(taken_units&& taken) override {
        owned_completion self(this);
        const auto io_work = std::move(io_work_);
        const auto work = std::move(work_);
        bound_handler<Handler, WithValue> bound{std::move(handler_), std::move(taken)};
        self.reset(); // what was moved from is gone, and its memory free, before the handler is called
        net::dispatch(work.get_executor(), std::move(bound));
    }
    void drop() noexcept override {
        const memory place(allocator_, this);
        this->~completion_of();
    }

  private:
    using allocator =
        typename std::allocator_traits<net::associated_allocator_t<Handler>>::template rebind_alloc<completion_of>;

    // One piece of memory of the handler's allocator.
    class memory {
      public:
        explicit memory(const allocator& from)
            : from_(from), place_(std::allocator_traits<allocator>::allocate(from_, 1)) {}
        memory(const allocator& from, completion_of* place) : from_(from), place_(place) {}
        ~memory() {
            if (place_ != nullptr) std::allocator_traits<allocator>::deallocate(from_, place_, 1);
        }
        memory(const memory&) = delete;
        memory& operator=(const memory&) = delete;
        [[nodiscard]] void* get() const noexcept { return place_; }
        void release() noexcept { place_ = nullptr; }

      private:
        allocator from_;
        completion_of* place_;
    };

    completion_of(Handler&& handler, const Executor& io)
        : allocator_(net::get_associated_allocator(handler)), io_work_(io),
          work_(net::get_associated_executor(handler, io)), handler_(std::move(handler)) {}
    ~completion_of() = default;

    allocator allocator_; // a copy, as a handler that was moved from need not know its own any more
    net::executor_work_guard<Executor> io_work_;
    net::executor_work_guard<net::associated_executor_t<Handler, Executor>> work_;
    Handler handler_;
};

template <class Executor>
struct route_by final : route {
    explicit route_by(const Executor& by) : executor(by) {}
    void post(std::shared_ptr<posted_wait> wait) override {
        if constexpr (net::can_require_v<Executor, net::execution::blocking_t::never_t>)
            net::post(executor, posted_function(std::move(wait)));
        else
            net::dispatch(executor, posted_function(std::move(wait)));
    }
    Executor executor;
};

// The way to an executor goes to the context below it, if that can be known: a strand's service may end before efd's,
// and is not made for posts from other threads by then. The handler is dispatched to the strand by the context's
// thread.
template <class Executor>
std::unique_ptr<route> route_to(const Executor& executor);
template <class Inner>
std::unique_ptr<route> route_below(const net::strand<Inner>* executor) {
    return route_to(executor->get_inner_executor());
}
template <class Executor>
std::unique_ptr<route> route_below(const Executor* executor) {
    return std::make_unique<route_by<Executor>>(*executor);
}
template <class... Known>
std::unique_ptr<route> route_to_one_of(const net::any_io_executor& executor) {
    std::unique_ptr<route> found;
#ifdef __cpp_rtti // target() alone does not look at the type in Asio before 1.19
    auto try_one = [&]<class One>(std::type_identity<One>) {
        if constexpr (requires { executor.target_type() == typeid(One); }) { // not with ASIO_NO_TYPEID
            if (executor.target_type() == typeid(One)) found = route_below(executor.template target<One>());
        }
    };
    (try_one(std::type_identity<Known>()), ...);
#endif
    return found != nullptr ? std::move(found) : route_below(&executor);
}
template <class Executor>
std::unique_ptr<route> route_to(const Executor& executor) {
    if constexpr (std::derived_from<Executor, net::any_io_executor>) {
        return route_to_one_of<net::io_context::executor_type, net::thread_pool::executor_type,
                               net::strand<net::io_context::executor_type>,
                               net::strand<net::thread_pool::executor_type>, net::strand<net::any_io_executor>>(
            executor);
    } else {
        return route_below(&executor);
    }
}

// Tells the groups of an execution context that it ends.
class group_service final : public net::execution_context::service {
  public:
    static inline net::execution_context::id id;
    explicit group_service(net::execution_context& owner)
        : net::execution_context::service(owner), end_(std::make_shared<context_end>()) {}
    [[nodiscard]] const std::shared_ptr<context_end>& end() const noexcept { return end_; }

  private:
    void shutdown() override { end_->close(); }
    std::shared_ptr<context_end> end_;
};

} // namespace detail

// An io object, to be used by one thread at a time as Asio's own; object() may be signalled by any, but not from signal
// handlers while something waits, as the signalling thread posts to the executor. For the same reason the execution
// context must lock: none with ASIO_CONCURRENCY_HINT_UNSAFE, and no ASIO_DISABLE_THREADS.
//
// Its end cancels what waits. The end of the execution context drops the handlers that wait, and units that were on
// their way to them go back into the object; so they do if an executor drops the function that it was given, or throws:
// the handler is destroyed then, uncalled. Moved from, it is as if made by basic_eventfd(executor): with an object of
// its own, at zero, from its next use on.
//
// Of two reads that are awaited by `||` both may have taken when the first one ends, and Asio drops the value of the
// other: these units are gone. Where none may be, await one read at a time and cancel it by a slot or cancel().
template <class Executor = net::any_io_executor>
class basic_eventfd {
  public:
    using executor_type = Executor;
    enum wait_type { wait_read, wait_write };
    template <class Other>
    struct rebind_executor {
        using other = basic_eventfd<Other>;
    };

    // A new object; throws as efd::eventfd's constructor. Or one that there is, by a handle of its own.
    explicit basic_eventfd(const executor_type& executor, std::uint64_t initval = 0, flags how = flags::none)
        : basic_eventfd(executor, efd::eventfd(initval, how)) {}
    basic_eventfd(const executor_type& executor, efd::eventfd&& object)
        : executor_(executor), object_(std::move(object)), group_(group_of(executor)) {}
    template <std::derived_from<net::execution_context> Context>
    explicit basic_eventfd(Context& context, std::uint64_t initval = 0, flags how = flags::none)
        : basic_eventfd(executor_type(context.get_executor()), initval, how) {}
    template <std::derived_from<net::execution_context> Context>
    basic_eventfd(Context& context, efd::eventfd&& object)
        : basic_eventfd(executor_type(context.get_executor()), std::move(object)) {}
    ~basic_eventfd() { leave_group(); }

    // What waits goes along. Also from one with another executor, if that can be converted.
    basic_eventfd(basic_eventfd&& other) noexcept
        : executor_(other.executor_), object_(std::move(other.object_)), group_(std::move(other.group_)) {}
    template <class Other>
        requires(!std::same_as<Other, Executor> && std::is_convertible_v<Other, Executor>)
    basic_eventfd(basic_eventfd<Other>&& other)
        : executor_(other.executor_), object_(std::move(other.object_)), group_(std::move(other.group_)) {}
    // Cancels what waits here before.
    basic_eventfd& operator=(basic_eventfd&& other) noexcept {
        if (this != &other) take_over(std::move(other));
        return *this;
    }
    template <class Other>
        requires(!std::same_as<Other, Executor> && std::is_convertible_v<Other, Executor>)
    basic_eventfd& operator=(basic_eventfd<Other>&& other) {
        take_over(basic_eventfd(std::move(other)));
        return *this;
    }

    [[nodiscard]] const executor_type& get_executor() const noexcept { return executor_; }
    // Throws as efd::eventfd's constructor, if this was moved from.
    [[nodiscard]] efd::eventfd& object() {
        if (!object_) object_ = efd::eventfd();
        return object_;
    }
    // Ends all that waits here with operation_aborted, but for what was taken already: that is handed over.
    void cancel() {
        if (group_ != nullptr) group_->cancel();
    }

    // Reads as efd::eventfd::read: all, or one in semaphore mode, never sleeping. Handler: void(error_code, uint64_t).
    // Readers are served in the order of their coming. operation_aborted: cancelled, nothing was taken; the slot of the
    // handler honours terminal, partial and total. Else ENOMEM. The handler is never called from within this call.
    // Throws what the handler's allocator, its move and its executor throw, and std::bad_alloc; nothing was taken then.
    template <class Token = net::default_completion_token_t<executor_type>>
    auto async_read(Token&& token = Token()) {
        return net::async_initiate<Token, void(error_code, std::uint64_t)>(
            initiation<true>{this, detail::pending_wait::intent::take, core::poll_in}, token);
    }
    // Waits until poll() says POLLIN, or POLLOUT, and takes nothing; by then another may have. void(error_code).
    template <class Token = net::default_completion_token_t<executor_type>>
    auto async_wait(wait_type what, Token&& token = Token()) {
        return net::async_initiate<Token, void(error_code)>(
            initiation<false>{this, detail::pending_wait::intent::look,
                              what == wait_read ? core::poll_in : core::poll_out},
            token);
    }

  private:
    template <class Other>
    friend class basic_eventfd;

    template <bool WithValue>
    struct initiation {
        basic_eventfd* self;
        detail::pending_wait::intent what;
        std::uint32_t events;
        using executor_type = Executor;
        [[nodiscard]] const executor_type& get_executor() const noexcept { return self->executor_; }

        template <class Handler>
        void operator()(Handler&& handler) const {
            self->template start<WithValue>(what, events, std::decay_t<Handler>(std::forward<Handler>(handler)));
        }
    };

    static std::shared_ptr<detail::wait_group> group_of(const executor_type& executor) {
        net::execution_context& context = net::query(executor, net::execution::context);
        return detail::wait_group::make(net::use_service<detail::group_service>(context).end(),
                                        detail::route_to(executor));
    }
    void leave_group() noexcept {
        if (group_ == nullptr) return;
        group_->cancel();
        group_->retire();
    }
    void take_over(basic_eventfd&& other) noexcept {
        leave_group();
        executor_ = other.executor_;
        object_ = std::move(other.object_);
        group_ = std::move(other.group_);
    }

    template <bool WithValue, class Handler>
    void start(detail::pending_wait::intent what, std::uint32_t events, Handler&& handler) {
        if (group_ == nullptr) group_ = group_of(executor_);
        const auto wait = std::make_shared<detail::posted_wait>(object(), what, events, group_);
        connect(handler, wait);
        wait->run(detail::completion_of<Handler, Executor, WithValue>::make(std::move(handler), executor_));
    }
    // A slot is emitted and cleared on the handler's executor; the wait may be over by then.
    template <class Handler>
    static void connect([[maybe_unused]] Handler& handler, [[maybe_unused]] std::weak_ptr<detail::posted_wait> wait) {
#if EFD_ASIO_HAS_SLOTS
        auto slot = net::get_associated_cancellation_slot(handler);
        if (!slot.is_connected()) return;
        slot.assign([waiting = std::move(wait)](net::cancellation_type type) {
            if (type == net::cancellation_type::none) return;
            if (const auto alive = waiting.lock(); alive != nullptr) alive->cancel();
        });
#endif
    }

    executor_type executor_;
    efd::eventfd object_;
    std::shared_ptr<detail::wait_group> group_;
};

} // namespace efd::EFD_ABI::EFD_ASIO_NAMESPACE

#endif
