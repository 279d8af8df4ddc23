// SPDX-License-Identifier: MIT
// Lifetime: references, ids, slots; the last put beside a signaller that is still inside its call.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "api/internal_access.hpp"
#include "support/called_entry.hpp"
#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <sys/wait.h>
#include <vector>

namespace {

using efd::eventfd;
using efd::core::context;
using efd::tests::called_entry;

TEST(lifetime, an_object_is_one_cache_line) {
    EXPECT_EQ(sizeof(context), 64U);
    EXPECT_EQ(alignof(context), 64U);
    const eventfd object;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(efd::internal_access::context_of(object)) % 64, 0U);
}

TEST(lifetime, references_keep_the_object_until_the_last_put) {
    efd_t* const object = efd_create(7, 0);
    EXPECT_EQ(efd_get(object), object);
    efd_put(object);
    EXPECT_EQ(efd_count(object), 7U);
    efd_put(object);
}

TEST(lifetime, handles_move_swap_and_duplicate) {
    eventfd a(1);
    eventfd b(2);
    const int id_of_a = a.id();
    swap(a, b);
    EXPECT_EQ(b.id(), id_of_a);
    eventfd c = b.duplicate();
    EXPECT_EQ(c.id(), id_of_a);
    EXPECT_EQ(c.write(4), std::errc{});
    EXPECT_EQ(b.count(), 5U);
    a = std::move(b);
    EXPECT_EQ(a.id(), id_of_a);
    EXPECT_EQ(efd::internal_access::context_of(a)->references(), 2U);
}

TEST(lifetime_death, one_put_too_many_stops_the_program) {
    EXPECT_DEATH(
        {
            efd_t* const object = efd_create(0, 0);
            efd_put(object);
            efd_put(object);
        },
        "put more often than it was got");
}

// LAST_PUT: a waiter owns the only reference and gives it back the moment its wait returned; the stranger that ended
// the wait has none and is still inside its call. Every object is born where another one has just died.
class stranger {
  public:
    explicit stranger(std::function<void(context&, int)> act)
        : thread_([this, act = std::move(act)] {
              for (int turn = 0;; ++turn) {
                  efd::tests::await_change(handed_over_, static_cast<context*>(nullptr));
                  context* const object = handed_over_.exchange(nullptr);
                  if (over_) return;
                  act(*object, turn);
              }
          }) {}
    ~stranger() {
        over_ = true;
        hand(eventfd());
    }
    stranger& operator=(stranger&&) = delete; // neither copied nor moved

    void hand(const eventfd& object) { handed_over_ = efd::internal_access::context_of(object); }

  private:
    std::atomic<context*> handed_over_{nullptr};
    std::atomic<bool> over_{false};
    std::jthread thread_; // last: it is joined first
};

constexpr int lives = efd::tests::under_emulator ? 1'000 : efd::tests::under_sanitizer ? 5'000 : 20'000;
constexpr std::uint64_t full = UINT64_MAX - 1;

// One unit, in every way there is to give it.
void give_a_unit(context& object, int turn) {
    auto* const c = reinterpret_cast<efd_t*>(&object);
    switch (turn % 5) {
    case 0: (void)object.signal(); break;
    case 1: (void)object.write(1); break;
    case 2: (void)object.signal_deferred(); break;
    case 3: (void)efd_write(c, 1); break;
    default: (void)efd_signal(c); break;
    }
}

efd::flags mode_of(int life) { return life % 2 == 0 ? efd::flags::none : efd::flags::semaphore; }

TEST(lifetime, the_last_put_may_come_while_the_signaller_is_still_inside) {
    stranger signaller(give_a_unit);
    for (const int i : efd::tests::as_many_as(lives)) {
        eventfd object(0, mode_of(i));
        signaller.hand(object);
        std::uint64_t value = 0;
        ASSERT_EQ(object.read(value), std::errc{});
        ASSERT_EQ(value, 1U);
    }
}

TEST(lifetime, the_last_put_may_follow_a_timed_read_at_once) {
    stranger signaller(give_a_unit);
    for (const int i : efd::tests::as_many_as(lives)) {
        eventfd object(0, mode_of(i));
        signaller.hand(object);
        std::uint64_t value = 0;
        std::errc end = std::errc::timed_out;
        for (int tries = 0; end == std::errc::timed_out && tries < 1'000'000; ++tries) // times out now and then
            end = object.read_for(value, std::chrono::microseconds(i % 3 == 0 ? 20'000'000 : 20));
        ASSERT_EQ(end, std::errc{});
        ASSERT_EQ(value, 1U);
    }
}

TEST(lifetime, the_last_put_may_follow_a_read_of_a_sealed_object_at_once) {
    stranger signaller(give_a_unit);
    for ([[maybe_unused]] const int i : efd::tests::as_many_as(lives)) {
        eventfd object(efd::core::packed_limit);
        std::uint64_t value = 0;
        ASSERT_EQ(object.try_read(value), std::errc{});
        signaller.hand(object);
        ASSERT_EQ(object.read_for(value, efd::tests::patience), std::errc{});
        ASSERT_EQ(value, 1U);
    }
}

TEST(lifetime, the_last_put_may_follow_a_write_that_waited_for_room_at_once) {
    std::atomic<std::uint64_t> taken{0};
    stranger reader([&](context& object, int turn) {
        std::uint64_t value = 0;
        const auto end = turn % 2 == 0 ? object.try_read(value) : object.read(value);
        taken = end == efd::base::status::ok ? value : 0;
    });
    for (const int i : efd::tests::as_many_as(lives)) {
        eventfd object(full, mode_of(i));
        reader.hand(object);
        const std::errc end = i % 3 == 0 ? object.write_for(1, efd::tests::patience) : object.write(1);
        ASSERT_EQ(end, std::errc{});
        ASSERT_EQ(object.count(), mode_of(i) == efd::flags::none ? 1U : full);
    }
}

// The canceller's work on the object is done before the cancelled wait returns.
TEST(lifetime, the_last_put_may_follow_a_cancelled_wait_at_once) {
    std::vector<std::stop_source> sources(lives);
    std::atomic<std::stop_source*> handed_over{nullptr};
    std::atomic<bool> over{false};
    std::jthread canceller([&] {
        while (!over)
            if (std::stop_source* const source = handed_over.exchange(nullptr)) source->request_stop();
    });
    int cancelled = 0;
    int waits = 0;
    for (const int i : efd::tests::as_many_as(lives)) {
        const bool reads = i % 2 == 0;
        eventfd object(reads ? 0 : full);
        std::stop_source& source = sources[static_cast<std::size_t>(i)];
        handed_over = &source;
        ++waits;
        std::uint64_t value = 0;
        const std::stop_token token = source.get_token();
        const std::errc end = reads ? object.read(value, token) : object.write(1, token);
        cancelled += end == std::errc::operation_canceled ? 1 : 0;
    }
    over = true;
    EXPECT_EQ(cancelled, waits);
}

TEST(lifetime, the_last_put_may_follow_remove_wait_queue_and_read_at_once) {
    stranger signaller(give_a_unit);
    std::atomic<int> calls{0};
    int expected = 0;
    for (const int i : efd::tests::as_many_as(lives)) {
        called_entry entry([&](std::uint32_t) { return ++calls, 0; }, efd::core::poll_in);
        eventfd object(0, mode_of(i));
        std::uint32_t ready = 0;
        ASSERT_EQ(object.add_wait_queue(entry, ready), std::errc{});
        signaller.hand(object);
        const auto called = [&] { return calls > expected; };
        ASSERT_TRUE(i % 2 != 0 || efd::tests::eventually(called));
        std::uint64_t value = 0;
        std::errc end = object.remove_wait_queue_and_read(entry, value);
        expected = calls;                                                           // it is not called any more
        if (end != std::errc{}) end = object.read_for(value, efd::tests::patience); // the stranger is yet to come
        ASSERT_EQ(end, std::errc{});
        ASSERT_EQ(value, 1U);
        ASSERT_EQ(calls, expected);
    }
}

// Each signaller has a reference of its own; the callback, in whichever thread it runs, gives back the owner's.
TEST(lifetime, a_callback_gives_a_reference_back_beside_other_signallers) {
    constexpr int rounds = 3000;
    std::atomic<context*> shared{nullptr};
    std::atomic<int> round{0};
    std::atomic<int> through{0};
    std::vector<std::jthread> signallers;
    for (int t = 0; t < 2; ++t)
        signallers.emplace_back([&] {
            for (int own_round = 1; own_round <= rounds; ++own_round) {
                if (!efd::tests::eventually([&] { return round >= own_round; })) return;
                context* const object = shared;
                object->signal();
                object->put();
                ++through;
            }
        });
    int calls = 0;
    const int id = eventfd().id();
    for (int i = 1; i <= rounds; ++i) {
        auto* const object = context::create(0, 0);
        EXPECT_EQ(object->id(), id) << "the one before is gone";
        object->get(); // with the one it was made with: one for each signaller
        object->get(); // the owner's
        called_entry e([](std::uint32_t) { return 0; }, efd::core::poll_in);
        e.on_wake = [&, object](std::uint32_t) {
            EXPECT_EQ(object->remove_wait_queue(e), efd::base::status::ok);
            ++calls;
            object->put();
            return 0;
        };
        std::uint32_t ready = 0;
        EXPECT_EQ(object->add_wait_queue(e, ready), efd::base::status::ok);
        shared = object;
        round = i;
        ASSERT_TRUE(efd::tests::eventually([&] { return through == 2 * i; }));
    }
    EXPECT_EQ(calls, rounds);
    EXPECT_EQ(eventfd().id(), id);
}

// The sleeper is let go by a callback of another object: the wake is made inside it, the sleeper's object dies at once.
TEST(lifetime, a_deferred_signal_in_a_callback_ends_a_wait_whose_object_dies_at_once) {
    eventfd trigger;
    std::atomic<eventfd*> target{nullptr};
    called_entry e(
        [&](std::uint32_t) {
            if (eventfd* const object = target.exchange(nullptr))
                efd::internal_access::context_of(*object)->signal_deferred();
            return 0;
        },
        efd::core::poll_in);
    std::uint32_t ready = 0;
    ASSERT_EQ(trigger.add_wait_queue(e, ready), std::errc{});
    std::atomic<bool> over{false};
    std::jthread signaller([&] {
        while (!over) trigger.signal();
    });
    bool all = true;
    for (int i = 0; i < 5000 && all; ++i) {
        eventfd object;
        target = &object;
        std::uint64_t value = 0;
        all = object.read_for(value, efd::tests::patience) == std::errc{} && value == 1;
    }
    over = true;
    signaller.join();
    EXPECT_TRUE(all);
    EXPECT_EQ(trigger.remove_wait_queue(e), std::errc{});
}

TEST(lifetime, objects_are_made_and_put_by_many_threads_at_once) {
    std::vector<std::jthread> threads;
    std::atomic<int> wrong{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 5000; ++i) {
                eventfd object(static_cast<std::uint64_t>(i));
                std::uint64_t value = 0;
                if (i > 0 && (object.read(value) != std::errc{} || value != static_cast<std::uint64_t>(i))) ++wrong;
            }
        });
    threads.clear();
    EXPECT_EQ(wrong, 0);
}

// More objects than any process may have descriptors: 640 MB and an id each.
TEST(lifetime, ten_million_objects_live_at_once) {
    constexpr std::size_t many = efd::tests::under_sanitizer || efd::tests::under_emulator ? 200'000 : 10'000'000;
    std::vector<efd_t*> objects(many);
    for (std::size_t i = 0; i < many; ++i) {
        objects[i] = efd_create(i, 0);
        ASSERT_NE(objects[i], nullptr);
    }
    std::vector<bool> is_given(2 * many);
    for (std::size_t i = 0; i < many; ++i) {
        ASSERT_EQ(efd_count(objects[i]), i);
        const auto id = static_cast<std::size_t>(efd_id(objects[i]));
        ASSERT_LT(id, is_given.size());
        ASSERT_FALSE(is_given[id]);
        is_given[id] = true;
    }
    for (efd_t* const object : objects) efd_put(object);
}

TEST(lifetime, a_forked_child_makes_and_uses_objects_of_its_own) {
    std::atomic<bool> over{false};
    std::jthread busy([&] {
        while (!over) (void)eventfd();
    });
    for (int i = 0; i < 50; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(60); // the parent waits for it without a bound
            eventfd object(3);
            std::uint64_t value = 0;
            _exit(object.read(value) == std::errc{} && value == 3 ? 0 : 1);
        }
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
    over = true;
}

} // namespace
