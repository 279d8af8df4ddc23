// efd/asio.hpp: an eventfd as an Asio io object: async_read and async_wait with any completion token.
//
// Header-only. Needs <asio.hpp> of Asio 1.18 or later: standalone, namespace efd::on_asio; or, with
// EFD_USE_BOOST_ASIO defined before the include, Boost.Asio from 1.74 on, namespace efd::on_boost_asio. Cancellation
// slots need Asio 1.19 (Boost 1.77).
//
//     efd::on_asio::basic_eventfd jobs(io_context);
//     jobs.async_read([](std::error_code error, std::uint64_t value) { ... });
//     std::jthread worker([&] { jobs.object().signal(); });
//
// No descriptor and no reactor: the signaller takes for the handler that waits, and posts it to its executor.
// Invariant: what a read took is handed to its handler; while a handler waits, its executors have outstanding work.
#pragma once

#include <efd/pending_wait.hpp>

#ifdef EFD_USE_BOOST_ASIO
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/version.hpp>
#define EFD_ASIO_NAMESPACE on_boost_asio
#define EFD_ASIO_HAS_SLOTS (BOOST_ASIO_VERSION >= 101900)
#if EFD_ASIO_HAS_SLOTS
#include <boost/asio/associated_cancellation_slot.hpp>
#endif
namespace efd::on_boost_asio {
namespace net = ::boost::asio;
using error_code = ::boost::system::error_code;
inline const auto& system_errors() { return ::boost::system::system_category(); }
} // namespace efd::on_boost_asio
#else
#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/execution_context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/version.hpp>
#define EFD_ASIO_NAMESPACE on_asio
#define EFD_ASIO_HAS_SLOTS (ASIO_VERSION >= 101900)
#if EFD_ASIO_HAS_SLOTS
#include <asio/associated_cancellation_slot.hpp>
#endif
namespace efd::on_asio {
namespace net = ::asio;
using error_code = ::asio::error_code;
inline const auto& system_errors() { return ::asio::system_category(); }
} // namespace efd::on_asio
#endif

#include <concepts>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace efd::EFD_ASIO_NAMESPACE {

namespace detail {

inline error_code to_error_code(std::errc end) {
    if (end == std::errc::operation_canceled) return net::error::operation_aborted;
    return end == std::errc{} ? error_code() : error_code(static_cast<int>(end), system_errors());
}

// Units that were taken and whose handler has not been called yet; if it is dropped they go back.
class taken_units {
  public:
    taken_units(const efd::eventfd& from, const read_result& result) : from_(from.duplicate()), result_(result) {}
    taken_units(taken_units&&) noexcept = default;
    taken_units& operator=(taken_units&&) = delete;
    ~taken_units() {
        if (from_.native_handle() != nullptr && result_.error == std::errc{} && result_.value != 0)
            (void)from_.try_write(result_.value);
    }
    [[nodiscard]] read_result hand_over() noexcept { return std::exchange(result_, {}); }

  private:
    efd::eventfd from_;
    read_result result_;
};

// A handler with its result, on its way through its executor; bound to no executor of its own.
template <class Handler, bool WithValue>
struct bound_handler {
    Handler handler;
    taken_units taken;

    using allocator_type = net::associated_allocator_t<Handler>;
    [[nodiscard]] allocator_type get_allocator() const noexcept { return net::get_associated_allocator(handler); }

    void operator()() {
#if EFD_ASIO_HAS_SLOTS
        if (auto slot = net::get_associated_cancellation_slot(handler); slot.is_connected()) slot.clear();
#endif
        const read_result result = taken.hand_over();
        if constexpr (WithValue)
            std::move(handler)(to_error_code(result.error), result.value);
        else
            std::move(handler)(to_error_code(result.error));
    }
};

// A handler that waits, and the work it keeps outstanding.
struct completion {
    virtual ~completion() = default;
    virtual void post(taken_units&& taken) = 0;
};

template <class Handler, class Executor, bool WithValue>
class completion_of final : public completion {
  public:
    completion_of(Handler&& handler, const Executor& io)
        : io_work_(io), work_(net::get_associated_executor(handler, io)), handler_(std::move(handler)) {}
    void post(taken_units&& taken) override {
        net::post(work_.get_executor(), bound_handler<Handler, WithValue>{std::move(handler_), std::move(taken)});
    }

  private:
    net::executor_work_guard<Executor> io_work_;
    net::executor_work_guard<net::associated_executor_t<Handler, Executor>> work_;
    Handler handler_;
};

class operation;

// The operations of one io object that wait. Any thread. Once closed, its execution context may be gone: what waited
// has no completion any more. That is touched only with the mutex held, so who closes waits for who posts.
class operation_group {
  public:
    inline void join(operation& starting, std::unique_ptr<completion> waiting);
    inline void finish(operation& ended);
    inline void cancel();
    inline void close();

  private:
    [[nodiscard]] inline std::vector<std::shared_ptr<operation>> all_waiting();

    std::mutex mutex_;
    operation* first_ = nullptr;
};

// One wait; owns itself from join until it ended.
class operation final : public pending_wait, public std::enable_shared_from_this<operation> {
  public:
    operation(const eventfd& object, intent what, std::uint32_t events, std::shared_ptr<operation_group> group)
        : pending_wait(object, what, events, &ended), group_(std::move(group)) {}

    // Keeps itself alive, by its group's member, until the wait has ended.
    void run(std::unique_ptr<completion> waiting) {
        group_->join(*this, std::move(waiting));
        if (start()) ended(*this);
    }

  private:
    friend class operation_group;
    static void ended(pending_wait& wait) {
        auto& self = static_cast<operation&>(wait);
        const std::shared_ptr<operation> alive = std::move(self.self_);
        self.group_->finish(self);
    }

    std::shared_ptr<operation_group> group_;
    std::shared_ptr<operation> self_;
    std::unique_ptr<completion> completion_;
    operation* next_ = nullptr;
    operation* previous_ = nullptr;
};

void operation_group::join(operation& starting, std::unique_ptr<completion> waiting) {
    const std::scoped_lock lock(mutex_);
    starting.self_ = starting.shared_from_this();
    starting.completion_ = std::move(waiting);
    starting.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &starting;
    first_ = &starting;
}

void operation_group::finish(operation& ended) {
    taken_units taken(ended.object(), ended.result()); // before the lock: giving back may end others of this group
    const std::scoped_lock lock(mutex_);
    (ended.previous_ != nullptr ? ended.previous_->next_ : first_) = ended.next_;
    if (ended.next_ != nullptr) ended.next_->previous_ = ended.previous_;
    if (ended.completion_ == nullptr) return; // closed meanwhile
    ended.completion_->post(std::move(taken));
    ended.completion_.reset();
}

std::vector<std::shared_ptr<operation>> operation_group::all_waiting() {
    std::vector<std::shared_ptr<operation>> all;
    for (operation* each = first_; each != nullptr; each = each->next_) all.push_back(each->shared_from_this());
    return all;
}

void operation_group::cancel() {
    std::unique_lock lock(mutex_);
    const auto all = all_waiting();
    lock.unlock();
    for (const auto& each : all) each->cancel();
}

void operation_group::close() {
    std::vector<std::unique_ptr<completion>> dropped; // a handler's end may end an io object, which comes back here
    std::unique_lock lock(mutex_);
    const auto all = all_waiting();
    for (const auto& each : all) dropped.push_back(std::move(each->completion_));
    lock.unlock();
    for (const auto& each : all) each->cancel();
}

// Tells the groups of an execution context that it ends.
class group_service final : public net::execution_context::service {
  public:
    static inline net::execution_context::id id;
    explicit group_service(net::execution_context& owner) : net::execution_context::service(owner) {}

    std::shared_ptr<operation_group> make_group() {
        auto made = std::make_shared<operation_group>();
        const std::scoped_lock lock(mutex_);
        std::erase_if(groups_, [](const auto& each) { return each.expired(); });
        groups_.push_back(made);
        return made;
    }

  private:
    void shutdown() override {
        std::unique_lock lock(mutex_);
        const auto groups = std::move(groups_);
        lock.unlock();
        for (const auto& each : groups) {
            if (const auto group = each.lock(); group != nullptr) group->close();
        }
    }
    std::mutex mutex_;
    std::vector<std::weak_ptr<operation_group>> groups_;
};

} // namespace detail

// An io object, to be used by one thread at a time as Asio's own; object() may be signalled by any, but not from signal
// handlers while something waits, as handlers are posted by who signals. Its end cancels what waits. The end of
// the execution context drops the handlers that wait; units that were on their way to them go back into the object.
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
    ~basic_eventfd() {
        if (group_ != nullptr) group_->cancel();
    }
    basic_eventfd(basic_eventfd&&) noexcept = default;
    basic_eventfd& operator=(basic_eventfd&& other) noexcept {
        if (group_ != nullptr) group_->cancel();
        std::swap(executor_, other.executor_);
        swap(object_, other.object_);
        std::swap(group_, other.group_);
        return *this;
    }

    [[nodiscard]] const executor_type& get_executor() const noexcept { return executor_; }
    [[nodiscard]] efd::eventfd& object() noexcept { return object_; }
    // Ends all that waits here with operation_aborted, but for what was taken already: that is handed over.
    void cancel() { group_->cancel(); }

    // Reads as efd::eventfd::read: all, or one in semaphore mode, never sleeping. Handler: void(error_code, uint64_t).
    // Readers are served in the order of their coming. operation_aborted: cancelled, nothing was taken; the slot of the
    // handler honours terminal, partial and total. Else ENOMEM. The handler is never called from within this call.
    template <class Token = net::default_completion_token_t<executor_type>>
    auto async_read(Token&& token = Token()) {
        return net::async_initiate<Token, void(error_code, std::uint64_t)>(
            initiation<true>{this, pending_wait::intent::take, core::poll_in}, token);
    }
    // Waits until poll() says POLLIN, or POLLOUT, and takes nothing; by then another may have. void(error_code).
    template <class Token = net::default_completion_token_t<executor_type>>
    auto async_wait(wait_type what, Token&& token = Token()) {
        return net::async_initiate<Token, void(error_code)>(
            initiation<false>{this, pending_wait::intent::look, what == wait_read ? core::poll_in : core::poll_out},
            token);
    }

  private:
    template <bool WithValue>
    struct initiation {
        basic_eventfd* self;
        pending_wait::intent what;
        std::uint32_t events;
        using executor_type = Executor;
        [[nodiscard]] const executor_type& get_executor() const noexcept { return self->executor_; }

        template <class Handler>
        void operator()(Handler&& handler) const {
            self->template start<WithValue>(what, events, std::decay_t<Handler>(std::forward<Handler>(handler)));
        }
    };

    static std::shared_ptr<detail::operation_group> group_of(const executor_type& executor) {
        net::execution_context& context = net::query(executor, net::execution::context);
        return net::use_service<detail::group_service>(context).make_group();
    }

    template <bool WithValue, class Handler>
    void start(pending_wait::intent what, std::uint32_t events, Handler&& handler) {
        auto wait = std::make_shared<detail::operation>(object_, what, events, group_);
        connect(handler, wait);
        wait->run(std::make_unique<detail::completion_of<Handler, Executor, WithValue>>(std::move(handler), executor_));
    }
    // A slot is emitted and cleared on the handler's executor; the wait may be over by then.
    template <class Handler>
    static void connect([[maybe_unused]] Handler& handler, [[maybe_unused]] std::weak_ptr<detail::operation> wait) {
#if EFD_ASIO_HAS_SLOTS
        auto slot = net::get_associated_cancellation_slot(handler);
        if (!slot.is_connected()) return;
        slot.assign([waiting = std::move(wait)](net::cancellation_type) {
            if (const auto alive = waiting.lock(); alive != nullptr) alive->cancel();
        });
#endif
    }

    executor_type executor_;
    efd::eventfd object_;
    std::shared_ptr<detail::operation_group> group_;
};

} // namespace efd::EFD_ASIO_NAMESPACE

#undef EFD_ASIO_NAMESPACE
#undef EFD_ASIO_HAS_SLOTS
