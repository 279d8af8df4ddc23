// SPDX-License-Identifier: MIT
// verify/fuzz/library_subjects.cpp: the two faces of the library, each with handles and observers of its own.
//
// Owns the objects. An observer is a wait queue entry that notes that its callback ran; it reports what poll says when
// it is asked, as with an edge-triggered epoll. Threads as in subject.hpp. Every call goes to the public face and
// nothing else.
#include "fuzz/subject.hpp"

#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <cerrno>
#include <chrono>
#include <poll.h>

namespace efd::fuzz {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::chrono::hours long_time{24};

int number_of(std::errc error) { return static_cast<int>(error); }

class cpp_face final : public subject {
  public:
    ~cpp_face() override {
        for (unsigned object = 0; object < most_objects; ++object)
            if (watched_.at(object)) unwatch(0, object);
    }
    std::string_view name() const override { return "efd (C++)"; }

    int create(unsigned handle, std::uint64_t initval, unsigned flags) override {
        try {
            handles_.at(handle).emplace(initval, static_cast<efd::flags>(flags));
        } catch (const std::system_error& error) {
            return error.code().value();
        }
        return 0;
    }
    void duplicate(unsigned from, unsigned to) override { handles_.at(to).emplace(at(from).duplicate()); }
    void close(unsigned handle) override { handles_.at(handle).reset(); }

    answer read(unsigned handle, manner how) override {
        answer got;
        got.error = number_of(read_into(at(handle), got.value, how));
        return got;
    }
    answer read_some(unsigned handle, std::uint64_t most) override {
        answer got;
        got.error = number_of(at(handle).read_some(got.value, most));
        return got;
    }
    int write(unsigned handle, std::uint64_t value, manner how) override {
        switch (how) {
        case manner::as_flagged: return number_of(at(handle).write(value));
        case manner::never: return number_of(at(handle).try_write(value));
        case manner::expired: return number_of(at(handle).write_until(value, clock::time_point{}));
        case manner::patient: return number_of(at(handle).write_for(value, long_time));
        }
        return EINVAL;
    }
    int signal(unsigned handle, bool deferred) override {
        if (!deferred) return at(handle).signal() ? 0 : EDEADLK;
        at(handle).signal_deferred();
        return 0;
    }
    void set_nonblock(unsigned handle, bool on) override { at(handle).set_nonblock(on); }
    bool nonblock(unsigned handle) override { return at(handle).nonblock(); }
    unsigned poll(unsigned handle) override { return at(handle).poll(); }
    std::uint64_t count(unsigned handle) override { return at(handle).count(); }

    unsigned watch(unsigned handle, unsigned object, unsigned mask) override {
        observer& one = observers_.at(object);
        one = observer{};
        one.entry.callback = on_wake;
        one.entry.mask = mask;
        std::uint32_t ready = 0;
        watched_.at(object).emplace(at(handle).duplicate());
        const std::errc error = watched_.at(object)->add_wait_queue(one.entry, ready);
        return error == std::errc{} ? ready & (mask | POLLERR) : static_cast<unsigned>(number_of(error)) << 8;
    }
    void unwatch(unsigned /*handle*/, unsigned object) override {
        watched_.at(object)->remove_wait_queue(observers_.at(object).entry);
        watched_.at(object).reset();
    }
    unsigned event(unsigned handle, unsigned object) override {
        observer& one = observers_.at(object);
        if (!std::exchange(one.called, false)) return 0;
        return at(handle).poll() & (one.entry.mask | POLLERR);
    }
    answer unwatch_and_read(unsigned /*handle*/, unsigned object) override {
        answer got;
        got.error = number_of(watched_.at(object)->remove_wait_queue_and_read(observers_.at(object).entry, got.value));
        if (got.error != 0) got.value = 0;
        watched_.at(object).reset();
        return got;
    }

  private:
    struct observer {
        core::wait_queue_entry entry; // first: its callback finds the observer from it
        bool called = false;
    };
    static int on_wake(core::wait_queue_entry& entry, std::uint32_t /*key*/) {
        reinterpret_cast<observer*>(&entry)->called = true;
        return 0;
    }
    static std::errc read_into(eventfd& from, std::uint64_t& value, manner how) {
        switch (how) {
        case manner::as_flagged: return from.read(value);
        case manner::never: return from.try_read(value);
        case manner::expired: return from.read_until(value, clock::time_point{});
        case manner::patient: return from.read_for(value, long_time);
        }
        return std::errc::invalid_argument;
    }
    eventfd& at(unsigned handle) { return *handles_.at(handle); }

    std::array<std::optional<eventfd>, most_handles> handles_;
    std::array<std::optional<eventfd>, most_objects> watched_;
    std::array<observer, most_objects> observers_{};
};

class c_face final : public subject {
  public:
    ~c_face() override {
        for (efd_t* one : handles_) efd_put(one);
    }
    std::string_view name() const override { return "efd (C)"; }

    int create(unsigned handle, std::uint64_t initval, unsigned flags) override {
        handles_.at(handle) = efd_create(initval, static_cast<int>(flags));
        return handles_.at(handle) == nullptr ? errno : 0;
    }
    void duplicate(unsigned from, unsigned to) override { handles_.at(to) = efd_get(handles_.at(from)); }
    void close(unsigned handle) override { efd_put(std::exchange(handles_.at(handle), nullptr)); }

    answer read(unsigned handle, manner how) override {
        answer got;
        got.error = error_of(read_into(handles_.at(handle), &got.value, how));
        return got;
    }
    answer read_some(unsigned handle, std::uint64_t most) override {
        answer got;
        got.error = error_of(efd_read_some(handles_.at(handle), &got.value, most));
        return got;
    }
    int write(unsigned handle, std::uint64_t value, manner how) override {
        efd_t* const to = handles_.at(handle);
        switch (how) {
        case manner::as_flagged: return error_of(efd_write(to, value));
        case manner::never: return error_of(efd_try_write(to, value));
        case manner::expired: return error_of(efd_write_until(to, value, 1));
        case manner::patient: return error_of(efd_write_for(to, value, long_ns));
        }
        return EINVAL;
    }
    int signal(unsigned handle, bool deferred) override {
        efd_t* const to = handles_.at(handle);
        return error_of(deferred ? efd_signal_deferred(to) : efd_signal(to));
    }
    void set_nonblock(unsigned handle, bool on) override { efd_set_nonblock(handles_.at(handle), on ? 1 : 0); }
    bool nonblock(unsigned handle) override { return (efd_flags(handles_.at(handle)) & EFD_NONBLOCK) != 0; }
    unsigned poll(unsigned handle) override { return static_cast<unsigned>(efd_poll(handles_.at(handle))); }
    std::uint64_t count(unsigned handle) override { return efd_count(handles_.at(handle)); }

    unsigned watch(unsigned handle, unsigned object, unsigned mask) override {
        efd_wait_queue_entry& one = entries_.at(object);
        one = efd_wait_queue_entry{};
        one.callback = [](efd_wait_queue_entry* entry, unsigned /*key*/) {
            *static_cast<bool*>(entry->context) = true;
            return 0;
        };
        one.mask = mask;
        one.context = &called_.at(object);
        called_.at(object) = false;
        unsigned ready = 0;
        const int error = error_of(efd_wait_queue_add(handles_.at(handle), &one, &ready));
        return error == 0 ? ready & (mask | POLLERR) : static_cast<unsigned>(error) << 8;
    }
    void unwatch(unsigned handle, unsigned object) override {
        efd_wait_queue_remove(handles_.at(handle), &entries_.at(object));
    }
    unsigned event(unsigned handle, unsigned object) override {
        if (!std::exchange(called_.at(object), false)) return 0;
        return poll(handle) & (entries_.at(object).mask | POLLERR);
    }
    answer unwatch_and_read(unsigned handle, unsigned object) override {
        answer got;
        got.error = error_of(efd_wait_queue_remove_and_read(handles_.at(handle), &entries_.at(object), &got.value));
        if (got.error != 0) got.value = 0;
        return got;
    }

  private:
    static constexpr std::uint64_t long_ns = 86'400'000'000'000;

    static int error_of(int result) { return result == 0 ? 0 : errno; }
    static int read_into(efd_t* from, std::uint64_t* value, manner how) {
        switch (how) {
        case manner::as_flagged: return efd_read(from, value);
        case manner::never: return efd_try_read(from, value);
        case manner::expired: return efd_read_until(from, value, 1);
        case manner::patient: return efd_read_for(from, value, long_ns);
        }
        return -1;
    }

    std::array<efd_t*, most_handles> handles_{};
    std::array<efd_wait_queue_entry, most_objects> entries_{};
    std::array<bool, most_objects> called_{};
};

} // namespace

std::unique_ptr<subject> cpp_subject() { return std::make_unique<cpp_face>(); }
std::unique_ptr<subject> c_subject() { return std::make_unique<c_face>(); }

} // namespace efd::fuzz
