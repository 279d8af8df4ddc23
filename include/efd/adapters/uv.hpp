// SPDX-License-Identifier: MIT
// adapters/uv.hpp: an eventfd as a libuv handle.
//
// Header-only. Needs <uv.h> (libuv 1.x). One thread, the loop's, but for the object, which any thread may signal.
//
//     efd::uv_reader jobs;                                   // lives until its close callback, as any handle of libuv
//     jobs.init(loop, object);
//     jobs.start([](efd::uv_reader& reader, std::uint64_t value) { ... });
//
// Invariant: units are taken in the loop's thread alone, immediately before the callback that gets them; so a stop or a
// close loses none.
#pragma once

#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <uv.h>

namespace efd::EFD_ABI {

/// One reader of an object, as a handle.
class uv_reader {
  public:
    using on_value = void (*)(uv_reader& reader, std::uint64_t value); ///< Gets what was taken.
    using on_error = void (*)(uv_reader& reader, int status);          ///< Gets the status of libuv.
    using on_close = void (*)(uv_reader& reader);                      ///< The reader may be destroyed, or used again.

    uv_reader() = default;
    uv_reader(const uv_reader&) = delete;
    uv_reader& operator=(const uv_reader&) = delete;

    void* data = nullptr; ///< The user's.

    /// As uv_poll_init: 0 or a negative UV_ number; UV_EBUSY if it is in use already. Keeps the object alive. libuv
    /// takes a descriptor once for each loop: where the loop watches the object already, this reader watches it by the
    /// descriptor of a wait_set. Throws as eventfd::fd(doorbell::level), wait_set::add and wait_set::fd, and
    /// std::bad_alloc; it is as before then.
    int init(uv_loop_t* loop, const eventfd& object) {
        if (object_.has_value()) return UV_EBUSY;
        const int fd = object.fd(doorbell::level);
        first_of_loop own(loop, fd);
        int failed = own.is_first() ? uv_poll_init(loop, &handle_, fd) : UV_EEXIST;
        if (failed == UV_EEXIST) {
            wait_set set;
            set.add(object, 0);
            failed = uv_poll_init(loop, &handle_, set.fd());
            set_ = std::move(set);
        }
        if (failed != 0) return set_.reset(), failed;
        object_ = object.duplicate();
        first_ = std::move(own);
        handle_.data = this;
        return 0;
    }
    /// From now on `what` is called, once for each turn of the loop in which there is something: with all of it, or
    /// with one in semaphore mode. It may start, stop and close. If libuv says that the descriptor cannot be polled any
    /// more, `failed`, if any, is called with the status, once, and nothing is called after it. UV_EINVAL: no callback,
    /// no init, or a close before.
    int start(on_value what, on_error failed = nullptr) {
        if (what == nullptr || !open()) return UV_EINVAL;
        on_value_ = what;
        on_error_ = failed;
        return uv_poll_start(&handle_, UV_READABLE, &ready);
    }
    /// No callback after this; what is not taken yet stays in the object. UV_EINVAL as start.
    int stop() { return open() ? uv_poll_stop(&handle_) : UV_EINVAL; }
    /// As uv_close: `what`, if any, is called in a later turn of the loop; then this may be destroyed, or used again.
    /// Nothing happens if it is closed already, or was not made by init.
    void close(on_close what = nullptr) {
        if (!open()) return;
        on_close_ = what;
        uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) {
            auto& self = *static_cast<uv_reader*>(handle->data);
            self.first_ = {};
            self.set_.reset();
            self.object_.reset();
            if (self.on_close_ != nullptr) self.on_close_(self);
        });
    }
    /// For uv_ref, uv_unref, uv_is_active; its data belongs to this class.
    [[nodiscard]] uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&handle_); }

  private:
    // The place of the one reader in a loop that watches an object by the object's own descriptor.
    class first_of_loop {
      public:
        first_of_loop() = default;
        first_of_loop(uv_loop_t* loop, int fd) {
            const std::scoped_lock lock(mutex);
            const auto [place, is_new] = all().emplace(loop, fd);
            if (is_new) place_ = place;
        }
        ~first_of_loop() { give_back(); }
        first_of_loop(first_of_loop&& other) noexcept : place_(std::exchange(other.place_, std::nullopt)) {}
        first_of_loop& operator=(first_of_loop&& other) noexcept {
            give_back();
            place_ = std::exchange(other.place_, std::nullopt);
            return *this;
        }
        [[nodiscard]] bool is_first() const noexcept { return place_.has_value(); }

      private:
        using places = std::set<std::pair<uv_loop_t*, int>>;
        void give_back() noexcept {
            if (!place_.has_value()) return;
            const std::scoped_lock lock(mutex);
            all().erase(*std::exchange(place_, std::nullopt));
        }
        static places& all() { // never destroyed: a reader may be later
            static auto& made = *new places;
            return made;
        }
        static inline std::mutex mutex;
        std::optional<places::iterator> place_;
    };

    [[nodiscard]] bool open() { return object_.has_value() && uv_is_closing(handle()) == 0; }
    // Another reader may have been faster: then there is nothing. From a set it is taken by the set, which else would
    // go on to say that there is something.
    [[nodiscard]] bool take(std::uint64_t& value) {
        if (!set_.has_value()) return object_->try_read(value) == std::errc{};
        set_event event{};
        if (set_->try_any(event) != std::errc{}) return false;
        value = event.value;
        return true;
    }
    static void ready(uv_poll_t* handle, int status, int) {
        auto& self = *static_cast<uv_reader*>(handle->data);
        if (status < 0) {
            (void)uv_poll_stop(handle);
            if (self.on_error_ != nullptr) self.on_error_(self, status);
            return;
        }
        std::uint64_t value = 0;
        if (self.take(value)) self.on_value_(self, value);
    }

    uv_poll_t handle_{};
    std::optional<eventfd> object_;
    on_value on_value_ = nullptr;
    on_error on_error_ = nullptr;
    on_close on_close_ = nullptr;
    first_of_loop first_;
    std::optional<wait_set> set_;
};

} // namespace efd::EFD_ABI
