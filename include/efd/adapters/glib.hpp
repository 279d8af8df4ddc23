// SPDX-License-Identifier: MIT
// adapters/glib.hpp: an eventfd as a GSource, for every GLib main loop.
//
// Header-only. Needs <glib.h> (GLib 2.36 or later), and links with glib-2.0 alone; for a closure as the callback the
// program has gobject-2.0. Any thread may signal the object; the source follows GLib's rules.
//
//     GSource* source = efd::glib_source_new(object);
//     efd::glib_source_set_callback(source, [](std::uint64_t value, gpointer data) -> gboolean { ... }, data);
//     g_source_attach(source, context);
//
// Invariant: units are taken by dispatch alone, immediately before the callback that gets them; so destroying or
// removing the source, from wherever, loses none.
#pragma once

#include <efd/eventfd.hpp>

#include <glib-object.h>
#include <glib.h>
#include <new>

namespace efd::EFD_ABI {

/// Gets all units, or one in semaphore mode; G_SOURCE_REMOVE ends the source. It may destroy the source.
using glib_callback = gboolean (*)(std::uint64_t value, gpointer data);

/// @cond internal
namespace detail::glib_source {

struct source {
    GSource base;
    eventfd object;
};

/// As GLib has it, a callback's type is known to the source alone; the way round is what compilers do not warn of.
using plain_function = void (*)();

inline source& of(GSource* base) { return *reinterpret_cast<source*>(base); }

inline gboolean prepare(GSource* base, gint* timeout) {
    *timeout = -1;
    return of(base).object.count() > 0 ? TRUE : FALSE;
}
inline gboolean check(GSource* base) { return of(base).object.count() > 0 ? TRUE : FALSE; }
/// Without a callback nothing is taken.
inline gboolean dispatch(GSource* base, GSourceFunc callback, gpointer data) {
    if (callback == nullptr) {
        g_warning(
            "efd source dispatched without a callback; call efd::glib_source_set_callback() before it is attached");
        return G_SOURCE_REMOVE;
    }
    std::uint64_t value = 0; // another reader may have been faster: then there is no call
    if (of(base).object.try_read(value) != std::errc{}) return G_SOURCE_CONTINUE;
    return reinterpret_cast<glib_callback>(reinterpret_cast<plain_function>(callback))(value, data);
}
inline void finalize(GSource* base) { of(base).object.~eventfd(); }

/// GObject's, by names of ours that are null where the program has no GObject, and so no closures.
static GValue* init_value(GValue*, GType) __attribute__((weakref("g_value_init")));
static void set_uint64(GValue*, guint64) __attribute__((weakref("g_value_set_uint64")));
static gboolean get_boolean(const GValue*) __attribute__((weakref("g_value_get_boolean")));
static void invoke(GClosure*, GValue*, guint, const GValue*, gpointer) __attribute__((weakref("g_closure_invoke")));

/// What g_source_set_closure makes the callback: the closure gets a guint64 and returns a gboolean.
inline gboolean call_closure(std::uint64_t value, gpointer closure) {
    GValue argument = G_VALUE_INIT;
    GValue result = G_VALUE_INIT;
    set_uint64(init_value(&argument, G_TYPE_UINT64), value);
    init_value(&result, G_TYPE_BOOLEAN);
    invoke(static_cast<GClosure*>(closure), &result, 1, &argument, nullptr);
    return get_boolean(&result);
}

inline GSourceFuncs functions = {&prepare,
                                 &check,
                                 &dispatch,
                                 &finalize,
                                 reinterpret_cast<GSourceFunc>(reinterpret_cast<plain_function>(&call_closure)),
                                 nullptr};

} // namespace detail::glib_source
/// @endcond

/// A source with the name "efd" that is ready while the object's count is above zero, and keeps the object alive. The
/// caller owns the reference, as with g_source_new. A source that is dispatched before it got a callback warns, takes
/// nothing, and is removed. Throws as eventfd::fd(doorbell::level).
[[nodiscard]] inline GSource* glib_source_new(const eventfd& object) {
    const int fd = object.fd(doorbell::level);
    GSource* const base = g_source_new(&detail::glib_source::functions, sizeof(detail::glib_source::source));
    new (&detail::glib_source::of(base).object) eventfd(object.duplicate());
    g_source_set_name(base, "efd");
    g_source_add_unix_fd(base, fd, G_IO_IN);
    return base;
}

/// As g_source_set_callback, with the callback's real type. g_source_set_closure works as well.
inline void glib_source_set_callback(GSource* source, glib_callback callback, gpointer data,
                                     GDestroyNotify destroyed = nullptr) {
    g_source_set_callback(
        source, reinterpret_cast<GSourceFunc>(reinterpret_cast<detail::glib_source::plain_function>(callback)), data,
        destroyed);
}

} // namespace efd::EFD_ABI
