// SPDX-License-Identifier: MIT
// adapters/libevent.hpp: an eventfd as an event of libevent.
//
// Header-only. Needs <event2/event.h> (libevent 2.x). Any thread may signal the object; everything else is done in the
// loop's thread, or by the rules of evthread_use_pthreads.
//
//     efd::libevent_reader jobs(base, object, [](std::uint64_t value, void* data) { ... }, data);
//     jobs.add();
//
// Invariant: units are taken by the event alone, immediately before the callback that gets them; so deleting the event
// loses none.
#pragma once

#include <efd/eventfd.hpp>

#include <event2/event.h>
#include <new>

namespace efd::EFD_ABI {

/// One reader of an object, as an event.
class libevent_reader {
  public:
    /// Gets all units, or one in semaphore mode, once for each turn of the loop in which there is something. It may
    /// remove and destroy the reader.
    using on_value = void (*)(std::uint64_t value, void* data);

    /// Keeps the object alive. Throws as eventfd::fd(doorbell::level), and std::bad_alloc.
    libevent_reader(event_base* base, const eventfd& object, on_value what, void* data)
        : object_(object.duplicate()), on_value_(what), data_(data) {
        const int fd = object.fd(doorbell::level);
        event_ = static_cast<event*>(::operator new(event_get_struct_event_size()));
        (void)event_assign(event_, base, fd, EV_READ | EV_PERSIST, &ready, this); // fails for other flags alone
    }
    ~libevent_reader() {
        (void)event_del(event_);
        ::operator delete(event_);
    }
    libevent_reader(const libevent_reader&) = delete;
    libevent_reader& operator=(const libevent_reader&) = delete;

    /// As event_add and event_del: 0, or -1, also for an add without a callback. What is not taken yet stays in the
    /// object. More than one reader of an object may be added to one base.
    int add() noexcept { return on_value_ != nullptr ? event_add(event_, nullptr) : -1; }
    /// As event_del.
    int remove() noexcept { return event_del(event_); }
    /// For event_priority_set, event_pending.
    [[nodiscard]] event* handle() noexcept { return event_; }

  private:
    static void ready(evutil_socket_t, short, void* self) {
        auto& reader = *static_cast<libevent_reader*>(self);
        std::uint64_t value = 0; // another reader may have been faster: then there is no call
        if (reader.object_.try_read(value) == std::errc{}) reader.on_value_(value, reader.data_); // last touch
    }

    eventfd object_;
    on_value on_value_;
    void* data_;
    event* event_ = nullptr;
};

} // namespace efd::EFD_ABI
