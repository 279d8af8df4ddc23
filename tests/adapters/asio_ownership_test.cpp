// SPDX-License-Identifier: MIT
// The owner of a handler at each moment, on adapters/asio.hpp: where it is moved, freed, called and destroyed, and by
// which thread; that nothing of the user's ends under a lock of the adapter's; and what becomes of its units if it is
// never called.
#include "adapters/race.hpp"
#include "adapters/which_asio.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

namespace efd::tests {
namespace {

namespace net = under_test::net;
using concrete_eventfd = under_test::basic_eventfd<net::io_context::executor_type>;

// A connection that its handler keeps alive. The captured pointer is const, so a move of the handler copies it.
struct connection : std::enable_shared_from_this<connection> {
    explicit connection(net::io_context& context) : jobs(context) {}
    void start() {
        const auto self = shared_from_this();
        jobs.async_read([self](error_code, std::uint64_t) {});
    }
    io_eventfd jobs;
};

TEST(asio_ownership, a_handler_whose_move_copies_may_be_the_end_of_its_io_object) {
    net::io_context context;
    const auto work = net::make_work_guard(context);
    std::jthread loop([&] { context.run(); });
    for (int round = 0; round < race_rounds; ++round) {
        auto made = std::make_shared<connection>(context);
        efd::eventfd signaller = made->jobs.object().duplicate();
        made->start();
        made.reset();
        signaller.signal(); // a deadlock: the test's time limit
    }
    context.stop();
}

TEST(asio_ownership, a_dropped_handler_may_be_the_end_of_its_io_object) {
    efd::eventfd object;
    std::weak_ptr<connection> alive;
    {
        net::io_context context;
        for (int i = 0; i < 3; ++i) {
            auto made = std::make_shared<connection>(context);
            made->jobs = io_eventfd(context, object.duplicate());
            made->start();
            made->start();
            alive = made;
        }
        EXPECT_TRUE(object.signal());
    }
    EXPECT_TRUE(alive.expired());
    EXPECT_EQ(object.count(), 1U);
}

// Memory that notes which threads use it, and can be set to fail.
struct noting_memory {
    std::thread::id owner = std::this_thread::get_id();
    std::atomic<int> foreign{0};
    std::atomic<int> in_use{0};
    int allocations = 0;
    bool fails = false;
};
template <class T>
struct noting_allocator {
    using value_type = T;
    noting_memory* memory;

    explicit noting_allocator(noting_memory& from) : memory(&from) {}
    template <class U>
    noting_allocator(const noting_allocator<U>& other) : memory(other.memory) {}
    void note() const { memory->foreign += std::this_thread::get_id() != memory->owner; }
    T* allocate(std::size_t n) {
        note();
        if (memory->fails) throw std::bad_alloc();
        ++memory->allocations;
        ++memory->in_use;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* place, std::size_t n) {
        note();
        --memory->in_use;
        std::allocator<T>().deallocate(place, n);
    }
    bool operator==(const noting_allocator&) const = default;
};
struct allocating_handler {
    noting_memory* memory;
    outcome* to;
    int* in_use_at_call;
    using allocator_type = noting_allocator<char>;
    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(*memory); }
    void operator()(error_code e, std::uint64_t v) const { *in_use_at_call = memory->in_use, to->handler()(e, v); }
};

template <class Eventfd>
void memory_is_used_by_its_own_thread() {
    net::io_context context;
    Eventfd jobs(context);
    noting_memory memory;
    outcome out;
    int in_use_at_call = -1;
    jobs.async_read(allocating_handler{&memory, &out, &in_use_at_call});
    EXPECT_EQ(memory.in_use, 1);
    std::jthread([&] { jobs.object().signal(); }).join();
    context.run();
    EXPECT_EQ(out.value, 1U);
    EXPECT_EQ(in_use_at_call, 0) << "memory is free before the handler is called";
    EXPECT_EQ(memory.foreign, 0);
}
TEST(asio_ownership, a_handlers_allocator_is_used_by_its_own_thread) {
    memory_is_used_by_its_own_thread<concrete_eventfd>();
    memory_is_used_by_its_own_thread<io_eventfd>();
}

TEST(asio_ownership, a_handlers_allocator_may_throw_at_initiation_and_costs_nothing) {
    net::io_context context;
    io_eventfd jobs(context, 5);
    noting_memory memory;
    outcome out;
    int in_use_at_call = -1;
    memory.fails = true;
    EXPECT_THROW(jobs.async_read(allocating_handler{&memory, &out, &in_use_at_call}), std::bad_alloc);
    EXPECT_EQ(context.poll(), 0U);
    EXPECT_EQ(jobs.object().count(), 5U);
    memory.fails = false;
    jobs.async_read(allocating_handler{&memory, &out, &in_use_at_call});
    memory.fails = true; // nothing is allocated from here on
    context.restart();
    context.run();
    EXPECT_EQ(out.value, 5U);
    EXPECT_EQ(memory.in_use, 0);
}

#ifdef TEST_HAS_SLOTS
TEST(asio_ownership, a_cancellation_of_type_none_cancels_nothing) {
    net::io_context context;
    io_eventfd jobs(context);
    net::cancellation_signal signal;
    outcome out;
    jobs.async_read(net::bind_cancellation_slot(signal.slot(), out.handler()));
    signal.emit(net::cancellation_type::none);
    context.poll();
    EXPECT_EQ(out.times, 0);
    signal.emit(net::cancellation_type::partial);
    context.run();
    EXPECT_EQ(out.error, net::error::operation_aborted);
}

TEST(asio_ownership, the_slot_of_a_read_that_is_over_may_serve_the_next_one) {
    net::io_context context;
    io_eventfd jobs(context);
    net::cancellation_signal signal;
    outcome first;
    outcome second;
    jobs.async_read(net::bind_cancellation_slot(signal.slot(), first.handler()));
    EXPECT_TRUE(jobs.object().signal());
    jobs.async_read(net::bind_cancellation_slot(signal.slot(), second.handler())); // before the first one is called
    context.poll();
    EXPECT_EQ(first.value, 1U);
    signal.emit(net::cancellation_type::total);
    context.restart();
    context.poll();
    EXPECT_EQ(second.error, net::error::operation_aborted);
    jobs.cancel();
}
#endif

TEST(asio_ownership, moved_from_it_is_as_if_made_from_the_executor) {
    net::io_context context;
    io_eventfd first(context, 3);
    outcome moved;
    outcome fresh;
    outcome cancelled;
    io_eventfd second = std::move(first);
    second.async_read(moved.handler());
    first.cancel();
    EXPECT_EQ(first.get_executor(), second.get_executor());
    first.async_read(fresh.handler());
    EXPECT_TRUE(first.object().signal());
    first.async_wait(io_eventfd::wait_read, [&](error_code e) { cancelled.handler()(e, 0); });
    first.cancel();
    context.run();
    EXPECT_EQ(moved.value, 3U);
    EXPECT_EQ(fresh.value, 1U);
    EXPECT_EQ(cancelled.error, net::error::operation_aborted);
    io_eventfd third = std::move(first);
    first = std::move(second); // into one that was moved from
    EXPECT_TRUE(first.object().signal());
    EXPECT_EQ(first.object().count(), 1U);
    EXPECT_EQ(second.object().count(), 0U);
}

TEST(asio_ownership, a_move_to_itself_changes_nothing) {
    net::io_context context;
    io_eventfd jobs(context);
    outcome out;
    jobs.async_read(out.handler());
    io_eventfd& same = jobs;
    jobs = std::move(same);
    context.poll();
    EXPECT_EQ(out.times, 0);
    EXPECT_TRUE(jobs.object().signal());
    context.run();
    EXPECT_EQ(out.value, 1U);
}

TEST(asio_ownership, a_move_converts_the_executor_and_takes_along_what_waits) {
    net::io_context context;
    concrete_eventfd concrete(context);
    outcome first;
    outcome second;
    concrete.async_read(first.handler());
    io_eventfd any(std::move(concrete));
    any.async_read(second.handler());
    EXPECT_EQ(any.object().write(2), std::errc{});
    EXPECT_TRUE(any.object().signal());
    context.run();
    EXPECT_EQ(first.value, 2U);
    EXPECT_EQ(second.value, 1U);
    concrete_eventfd another(context, 9);
    any = std::move(another);
    EXPECT_EQ(any.object().count(), 9U);
    auto with_default = net::use_awaitable_t<>::as_default_on(std::move(any));
    std::uint64_t got = 0;
    net::co_spawn(context, [&]() -> net::awaitable<void> { got = co_await with_default.async_read(); }, net::detached);
    context.restart();
    context.run();
    EXPECT_EQ(got, 9U);
}

TEST(asio_ownership, a_handler_runs_in_the_strand_that_it_is_bound_to) {
    net::io_context context;
    auto strand = net::make_strand(context);
    under_test::basic_eventfd<net::strand<net::io_context::executor_type>> of_strand(strand, 1);
    io_eventfd of_any(net::any_io_executor(strand), 1);
    io_eventfd of_context(context, 1);
    int inside = 0;
    auto count = [&](error_code, std::uint64_t) { inside += strand.running_in_this_thread(); };
    of_strand.async_read(count);
    of_any.async_read(count);
    of_context.async_read(net::bind_executor(strand, count));
    context.run();
    EXPECT_EQ(inside, 3);
}

// A strand's queue is not made for a post from another thread beside the end of its context: units were lost there.
TEST(asio_ownership, a_signal_posts_to_the_context_below_the_strand) {
    net::io_context context;
    auto strand = net::make_strand(context);
    under_test::basic_eventfd<net::strand<net::io_context::executor_type>> of_strand(strand);
    io_eventfd of_any((net::any_io_executor(strand)));
    io_eventfd of_context(context);
    int called = 0;
    auto count = [&](error_code, std::uint64_t) { ++called; };
    of_strand.async_read(count);
    of_any.async_read(count);
    of_context.async_read(net::bind_executor(strand, count));
    net::post(strand, [&] { // while the strand is taken, what is posted into it comes to no context
        for (efd::eventfd* object : {&of_strand.object(), &of_any.object(), &of_context.object()}) {
            EXPECT_TRUE(object->signal());
            EXPECT_EQ(context.poll_one(), 1U);
        }
    });
    context.run();
    EXPECT_EQ(called, 3);
}

// An executor that a user wrote: it has a context, may not be asked to block never, and does what the test says.
struct own_executor {
    enum class act { run, drop, fail };
    net::io_context* place;
    const act* what;

    template <class F>
    void execute(F&& f) const {
        if (*what == act::fail) throw std::runtime_error("no thread");
        if (*what == act::run) net::post(*place, std::forward<F>(f));
    }
    [[nodiscard]] net::execution_context& query(net::execution::context_t) const noexcept { return *place; }
    bool operator==(const own_executor&) const noexcept = default;
};

TEST(asio_ownership, an_executor_that_drops_or_throws_gives_the_units_back) {
    net::io_context context;
    own_executor::act what = own_executor::act::drop;
    under_test::basic_eventfd<own_executor> jobs(own_executor{&context, &what});
    for (const auto failing : {own_executor::act::drop, own_executor::act::fail}) {
        const auto held = std::make_shared<int>(0);
        jobs.async_read([held](error_code, std::uint64_t) { FAIL() << "called"; });
        what = failing;
        EXPECT_EQ(jobs.object().write(4), std::errc{});
        EXPECT_EQ(held.use_count(), 1) << "the handler is destroyed";
        EXPECT_EQ(jobs.object().count(), 4U);
        if (failing == own_executor::act::fail) {
            EXPECT_THROW(jobs.async_read([held](error_code, std::uint64_t) {}), std::runtime_error);
            EXPECT_EQ(jobs.object().count(), 4U);
        }
        what = own_executor::act::run;
        outcome out;
        jobs.async_read(out.handler());
        context.restart();
        context.run();
        EXPECT_EQ(out.value, 4U);
    }
}

TEST(asio_ownership, an_own_executor_in_an_any_io_executor_is_used) {
    struct any_own_executor : own_executor { // with all that an any_io_executor asks for
        using own_executor::query;
        static constexpr net::execution::blocking_t query(net::execution::blocking_t) noexcept {
            return net::execution::blocking.never;
        }
        [[nodiscard]] any_own_executor require(net::execution::blocking_t::never_t) const noexcept { return *this; }
    };
    net::io_context context;
    const own_executor::act what = own_executor::act::run;
    io_eventfd jobs(net::any_io_executor(any_own_executor{{&context, &what}}));
    io_eventfd of_strand(net::any_io_executor(net::make_strand(jobs.get_executor())));
    outcome out;
    for (io_eventfd* each : {&jobs, &of_strand}) {
        each->async_read(out.handler());
        EXPECT_TRUE(each->object().signal());
    }
    context.run();
    EXPECT_EQ(out.times, 2);
}

TEST(asio_ownership, an_associated_executor_need_not_offer_blocking_never) {
    net::io_context context;
    const own_executor::act what = own_executor::act::run;
    io_eventfd jobs(context);
    outcome out;
    jobs.async_read(net::bind_executor(own_executor{&context, &what}, out.handler()));
    EXPECT_TRUE(jobs.object().signal());
    context.run();
    EXPECT_EQ(out.value, 1U);
}

TEST(asio_ownership, the_end_of_a_context_with_a_younger_strand_loses_no_unit) {
    efd::eventfd object;
    std::uint64_t got = 0;
    std::uint64_t sent = 0;
    race writer([&] {
        for (int i = 0; i < 4; ++i) object.signal();
    });
    for (int round = 0; round < race_rounds / 4; ++round) {
        {
            net::io_context context;
            io_eventfd jobs(context, object.duplicate());
            auto strand = net::make_strand(context); // its service ends before efd's
            for (int i = 0; i < 3; ++i)
                jobs.async_read(net::bind_executor(strand, [&](error_code e, std::uint64_t v) { got += e ? 0 : v; }));
            writer.go(round % 64);
            if (round % 3 != 0) context.poll();
        }
        writer.join();
        sent += 4;
        ASSERT_EQ(got + object.count(), sent) << "round " << round;
    }
}

// A service that is younger than efd's, and signals when the context ends.
class late_signaller : public net::execution_context::service {
  public:
    static inline net::execution_context::id id;
    explicit late_signaller(net::execution_context& owner) : net::execution_context::service(owner) {}
    efd::eventfd* object = nullptr;

  private:
    void shutdown() override { EXPECT_TRUE(object->signal()); }
};

TEST(asio_ownership, a_signal_within_the_end_of_the_context_is_kept) {
    efd::eventfd object;
    outcome out;
    {
        net::io_context context;
        io_eventfd jobs(context, object.duplicate());
        net::use_service<late_signaller>(context).object = &object;
        const auto strand = net::make_strand(context);
        jobs.async_read(net::bind_executor(strand, out.handler()));
    }
    EXPECT_EQ(out.times, 0);
    EXPECT_EQ(object.count(), 1U);
}

} // namespace
} // namespace efd::tests
