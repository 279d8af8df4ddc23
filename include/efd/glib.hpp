// efd/glib.hpp: an eventfd as a GSource, for every GLib main loop.
//
// Header-only. Needs <glib.h> (GLib 2.36 or later). Any thread may signal the object; the source follows GLib's rules.
//
//     GSource* source = efd::glib_source_new(object);
//     efd::glib_source_set_callback(source, [](std::uint64_t value, gpointer data) -> gboolean { ... }, data);
//     g_source_attach(source, context);
//
// Invariant: units are taken by dispatch alone, immediately before the callback that gets them; so destroying or
// removing the source, from wherever, loses none.
#pragma once

#include <efd/eventfd.hpp>

#include <glib.h>
#include <new>

namespace efd {

// Gets all units, or one in semaphore mode; G_SOURCE_REMOVE ends the source. It may destroy the source.
using glib_callback = gboolean (*)(std::uint64_t value, gpointer data);

namespace glib_source {

struct source {
    GSource base;
    eventfd object;
};

inline source& of(GSource* base) { return *reinterpret_cast<source*>(base); }

inline gboolean prepare(GSource* base, gint* timeout) {
    *timeout = -1;
    return of(base).object.count() > 0 ? TRUE : FALSE;
}
inline gboolean check(GSource* base) { return of(base).object.count() > 0 ? TRUE : FALSE; }
// Without a callback nothing is taken.
inline gboolean dispatch(GSource* base, GSourceFunc callback, gpointer data) {
    if (callback == nullptr) return G_SOURCE_REMOVE;
    std::uint64_t value = 0; // another reader may have been faster: then there is no call
    if (of(base).object.try_read(value) != std::errc{}) return G_SOURCE_CONTINUE;
    return reinterpret_cast<glib_callback>(reinterpret_cast<void (*)()>(callback))(value, data);
}
inline void finalize(GSource* base) { of(base).object.~eventfd(); }

inline GSourceFuncs functions = {&prepare, &check, &dispatch, &finalize, nullptr, nullptr};

} // namespace glib_source

// A source that is ready while the object's count is above zero, and keeps the object alive. The caller owns the
// reference, as with g_source_new. Throws as eventfd::fd(doorbell::level).
[[nodiscard]] inline GSource* glib_source_new(eventfd& object) {
    const int fd = object.fd(doorbell::level);
    GSource* const base = g_source_new(&glib_source::functions, sizeof(glib_source::source));
    new (&glib_source::of(base).object) eventfd(object.duplicate());
    g_source_add_unix_fd(base, fd, G_IO_IN);
    return base;
}

// As g_source_set_callback, with the callback's real type.
inline void glib_source_set_callback(GSource* source, glib_callback callback, gpointer data,
                                     GDestroyNotify destroyed = nullptr) {
    g_source_set_callback(source, reinterpret_cast<GSourceFunc>(reinterpret_cast<void (*)()>(callback)), data,
                          destroyed);
}

} // namespace efd
