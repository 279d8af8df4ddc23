// Lifetime: references, ids, slots; the last put beside a signaller that is still inside its call.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <sys/wait.h>
#include <vector>

namespace {

using efd::eventfd;
using efd::core::context;

TEST(lifetime, an_object_is_one_cache_line) {
    EXPECT_EQ(sizeof(context), 64U);
    EXPECT_EQ(alignof(context), 64U);
    const eventfd object;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(object.native_handle()) % 64, 0U);
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
    EXPECT_EQ(a.native_handle()->references(), 2U);
}

TEST(lifetime, an_id_is_free_again_after_the_last_put_and_not_before) {
    std::vector<eventfd> objects(100);
    std::set<int> ids;
    for (const eventfd& object : objects) ids.insert(object.id());
    EXPECT_EQ(ids.size(), objects.size());
    const int freed = objects[40].id();
    eventfd kept = objects[40].duplicate();
    objects.erase(objects.begin() + 40);
    EXPECT_NE(eventfd().id(), freed);
    {
        const eventfd gone = std::move(kept);
    }
    EXPECT_EQ(eventfd().id(), freed);
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

// LAST_PUT: the reader owns the only reference and gives it back at once; the signaller has none and is still inside
// its call. Every object is born where another one has just died.
TEST(lifetime, the_last_put_may_come_while_the_signaller_is_still_inside) {
    std::atomic<context*> handed_over{nullptr};
    std::atomic<bool> over{false};
    std::jthread signaller([&] {
        while (!over)
            if (context* const object = handed_over.exchange(nullptr)) object->signal();
    });
    for (int i = 0; i < 20'000; ++i) {
        eventfd object;
        handed_over = object.native_handle();
        std::uint64_t value = 0;
        ASSERT_EQ(object.read(value), std::errc{});
        ASSERT_EQ(value, 1U);
    }
    over = true;
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
    std::vector<bool> seen(2 * many);
    for (std::size_t i = 0; i < many; ++i) {
        ASSERT_EQ(efd_count(objects[i]), i);
        const auto id = static_cast<std::size_t>(efd_id(objects[i]));
        ASSERT_LT(id, seen.size());
        ASSERT_FALSE(seen[id]);
        seen[id] = true;
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
            alarm(20);
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
