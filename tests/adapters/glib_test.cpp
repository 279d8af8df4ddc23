// SPDX-License-Identifier: MIT
// adapters/glib.hpp on the real GLib: dispatch, removal from within and without, and no unit lost by it.
#include <efd/adapters/glib.hpp>

#include "adapters/race.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace {

using efd::eventfd;
using efd::flags;

struct tally {
    std::uint64_t sum = 0;
    int calls = 0;
    int destroyed = 0;
    bool keep = true;
    GSource* to_destroy = nullptr;
};
gboolean add_up(std::uint64_t value, gpointer data) {
    auto& to = *static_cast<tally*>(data);
    to.sum += value;
    ++to.calls;
    if (to.to_destroy != nullptr) g_source_destroy(to.to_destroy);
    return to.keep ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

class glib : public testing::Test {
  protected:
    void TearDown() override { g_main_context_unref(context_); }
    GSource* attach(eventfd& object) {
        GSource* const source = efd::glib_source_new(object);
        efd::glib_source_set_callback(source, &add_up, &tally_,
                                      [](gpointer data) { ++static_cast<tally*>(data)->destroyed; });
        g_source_attach(source, context_);
        return source;
    }
    bool turn(bool may_sleep = false) { return g_main_context_iteration(context_, may_sleep ? TRUE : FALSE) != FALSE; }
    static void drop(GSource* source) {
        g_source_destroy(source);
        g_source_unref(source);
    }
    GMainContext* context_ = g_main_context_new();
    tally tally_;
};

TEST_F(glib, the_loop_sleeps_until_there_is_something_and_gets_all_of_it) {
    eventfd object;
    GSource* const source = attach(object);
    EXPECT_FALSE(turn());
    std::jthread writer([&] { EXPECT_EQ(object.write(5), std::errc{}); });
    while (tally_.calls == 0) turn(true);
    EXPECT_EQ(tally_.sum, 5U);
    EXPECT_FALSE(turn());
    drop(source);
    EXPECT_EQ(tally_.destroyed, 1);
}

TEST_F(glib, a_source_has_a_name) {
    eventfd object;
    GSource* const source = attach(object);
    EXPECT_STREQ(g_source_get_name(source), "efd");
    drop(source);
}

TEST_F(glib, a_source_without_a_callback_warns_and_takes_nothing) {
    eventfd object(2);
    GSource* const source = efd::glib_source_new(object);
    g_source_attach(source, context_);
    static int warnings = 0;
    warnings = 0;
    const auto before = g_log_set_default_handler(
        [](const gchar*, GLogLevelFlags level, const gchar*, gpointer) { warnings += level == G_LOG_LEVEL_WARNING; },
        nullptr);
    EXPECT_TRUE(turn());
    g_log_set_default_handler(before, nullptr);
    EXPECT_EQ(warnings, 1);
    EXPECT_TRUE(g_source_is_destroyed(source));
    EXPECT_EQ(object.count(), 2U);
    g_source_unref(source);
}

TEST_F(glib, in_semaphore_mode_each_turn_gets_one) {
    eventfd object(3, flags::semaphore);
    GSource* const source = attach(object);
    for (int calls = 1; calls <= 3; ++calls) {
        EXPECT_TRUE(turn());
        EXPECT_EQ(tally_.calls, calls);
    }
    EXPECT_FALSE(turn());
    drop(source);
}

TEST_F(glib, it_may_be_removed_or_destroyed_in_its_callback) {
    eventfd object(1);
    tally_.keep = false;
    g_source_unref(attach(object));
    EXPECT_TRUE(turn());
    EXPECT_EQ(tally_.destroyed, 1);
    EXPECT_TRUE(object.signal());
    EXPECT_FALSE(turn());
    EXPECT_EQ(object.count(), 1U);

    tally_ = {};
    tally_.to_destroy = attach(object);
    EXPECT_TRUE(turn());
    g_source_unref(tally_.to_destroy);
    EXPECT_EQ(tally_.sum, 1U);
    EXPECT_EQ(tally_.destroyed, 1);
}

TEST_F(glib, destroyed_by_a_source_of_the_same_turn_it_takes_nothing) {
    eventfd first(1);
    eventfd second(1);
    GSource* const a = attach(first);
    tally_.to_destroy = attach(second); // both are ready in this turn; the first destroys the second
    EXPECT_TRUE(turn());
    EXPECT_EQ(tally_.calls, 1);
    EXPECT_EQ(second.count(), 1U);
    g_source_unref(tally_.to_destroy);
    drop(a);
}

TEST_F(glib, without_a_callback_nothing_is_taken) {
    eventfd object(1);
    GSource* const source = efd::glib_source_new(object);
    g_source_attach(source, context_);
    turn();
    EXPECT_EQ(object.count(), 1U);
    drop(source);
}

TEST_F(glib, removals_that_race_signals_lose_no_unit) {
    for (const flags how : {flags::none, flags::semaphore}) {
        eventfd object(0, how);
        tally_ = {};
        int made = 0;
        const auto ours = [&](int /*round*/) {
            ++made;
            GSource* const source = attach(object);
            turn();
            drop(source);
        };
        efd::tests::signals_lose_no_unit(object, ours, [&] { return tally_.sum; });
        EXPECT_EQ(tally_.destroyed, made);
    }
}

TEST_F(glib, a_running_loop_gets_every_unit) {
    eventfd object;
    GSource* const source = attach(object);
    efd::tests::turns_get_every_unit(object, tally_.sum, [&] { turn(true); });
    drop(source);
}

} // namespace
