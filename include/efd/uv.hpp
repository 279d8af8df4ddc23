// efd/uv.hpp: an eventfd as a libuv handle.
//
// Header-only. Needs <uv.h> (libuv 1.x). One thread, the loop's, but for the object, which anybody may signal.
//
//     efd::uv_reader jobs;                                   // lives until its close callback, as any handle of libuv
//     jobs.init(loop, object);
//     jobs.start([](efd::uv_reader& reader, std::uint64_t value) { ... });
//
// Invariant: units are taken in the loop's thread alone, immediately before the callback that gets them; so a stop or a
// close loses none.
#pragma once

#include <efd/eventfd.hpp>

#include <optional>
#include <uv.h>

namespace efd {

class uv_reader {
  public:
    using on_value = void (*)(uv_reader& reader, std::uint64_t value);
    using on_close = void (*)(uv_reader& reader);

    uv_reader() = default;
    uv_reader(const uv_reader&) = delete;
    uv_reader& operator=(const uv_reader&) = delete;

    void* data = nullptr; // the user's

    // As uv_poll_init: 0 or a negative UV_ number, UV_EEXIST if this loop watches the object already. Keeps the object
    // alive. Throws as eventfd::fd(doorbell::level).
    int init(uv_loop_t* loop, eventfd& object) {
        object_ = object.duplicate();
        const int failed = uv_poll_init(loop, &handle_, object.fd(doorbell::level));
        if (failed != 0) object_.reset();
        handle_.data = this;
        return failed;
    }
    // From now on `what` is called, once for each turn of the loop in which there is something: with all of it, or with
    // one in semaphore mode. It may start, stop and close.
    int start(on_value what) {
        on_value_ = what;
        return uv_poll_start(&handle_, UV_READABLE, &ready);
    }
    // No callback after this; what is not taken yet stays in the object.
    int stop() { return uv_poll_stop(&handle_); }
    // As uv_close: `what`, if any, is called in a later turn of the loop; then this may be destroyed, or used again.
    void close(on_close what = nullptr) {
        on_close_ = what;
        uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) {
            auto& self = *static_cast<uv_reader*>(handle->data);
            self.object_.reset();
            if (self.on_close_ != nullptr) self.on_close_(self);
        });
    }
    // For uv_ref, uv_unref, uv_is_active; its data belongs to this class.
    [[nodiscard]] uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&handle_); }

  private:
    static void ready(uv_poll_t* handle, int, int) {
        auto& self = *static_cast<uv_reader*>(handle->data);
        std::uint64_t value = 0; // another reader may have been faster: then there is no call
        if (self.object_->try_read(value) == std::errc{}) self.on_value_(self, value);
    }

    uv_poll_t handle_{};
    std::optional<eventfd> object_;
    on_value on_value_ = nullptr;
    on_close on_close_ = nullptr;
};

} // namespace efd
