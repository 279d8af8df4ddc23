// adapters/glib.hpp in a program that has GObject: a closure as the callback of a source.
#include <efd/adapters/glib.hpp>

#include <gtest/gtest.h>

namespace {

gboolean add(guint64 value, gpointer sum) {
    *static_cast<guint64*>(sum) += value;
    return value == 7 ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

TEST(glib_closure, a_closure_gets_the_value_and_may_end_the_source) {
    efd::eventfd object;
    guint64 sum = 0;
    GMainContext* const context = g_main_context_new();
    GSource* const source = efd::glib_source_new(object);
    g_source_set_closure(source, g_cclosure_new(reinterpret_cast<GCallback>(&add), &sum, nullptr));
    g_source_attach(source, context);
    for (const guint64 value : {guint64{5}, guint64{7}}) {
        EXPECT_FALSE(g_source_is_destroyed(source));
        EXPECT_EQ(object.write(value), std::errc{});
        EXPECT_TRUE(g_main_context_iteration(context, FALSE));
    }
    EXPECT_EQ(sum, 12U);
    EXPECT_TRUE(g_source_is_destroyed(source));
    g_source_unref(source);
    g_main_context_unref(context);
}

} // namespace
