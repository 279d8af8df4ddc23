// SPDX-License-Identifier: MIT
// verify/fuzz/kernel_subject.cpp: the real eventfd.
//
// Owns descriptors, one epoll instance for all observers and one context of asynchronous I/O, by whose completions the
// kernel itself signals: the one way from user space to 2^64-1. What eventfd has no call for is put together from calls
// that have the same effect while no other thread interferes: an attempt to write on a blocking descriptor turns
// O_NONBLOCK on for that moment. Plain reads, writes and signals may be made from any thread, the rest by the driver
// alone.
#include "fuzz/subject.hpp"

#include "common/completions.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace efd::fuzz {
namespace {

constexpr unsigned strange_event = 1U << 31;

class kernel_object_table final : public subject {
  public:
    explicit kernel_object_table(bool with_aio) : epoll_(::epoll_create1(EPOLL_CLOEXEC)), with_aio_(with_aio) {
        descriptors_.fill(-1);
        observers_.fill(-1);
    }
    ~kernel_object_table() override {
        for (const int one : observers_)
            if (one >= 0) ::close(one);
        for (const int one : descriptors_)
            if (one >= 0) ::close(one);
        ::close(epoll_);
    }

    std::string_view name() const override { return "kernel"; }

    // The kernel takes 32 bits of initial value; more are written, which says EINVAL for the same one value.
    int create(unsigned handle, std::uint64_t initval, unsigned flags) override {
        const bool wide = initval > UINT32_MAX;
        const int made = ::eventfd(wide ? 0 : static_cast<unsigned>(initval), static_cast<int>(flags));
        if (made < 0) return errno;
        if (wide && ::write(made, &initval, sizeof initval) < 0) {
            const int error = errno;
            ::close(made);
            return error;
        }
        descriptors_.at(handle) = made;
        semaphore_.at(handle) = (flags & EFD_SEMAPHORE) != 0;
        flags_.at(handle) = std::make_shared<int>(::fcntl(made, F_GETFL));
        return 0;
    }
    void duplicate(unsigned from, unsigned to) override {
        descriptors_.at(to) = ::fcntl(descriptors_.at(from), F_DUPFD_CLOEXEC, 0);
        flags_.at(to) = flags_.at(from);
        semaphore_.at(to) = semaphore_.at(from);
    }
    void close(unsigned handle) override {
        ::close(descriptors_.at(handle));
        descriptors_.at(handle) = -1;
    }

    answer read(unsigned handle, manner how) override {
        answer got;
        const int from = descriptors_.at(handle);
        if (how == manner::as_flagged || how == manner::patient) {
            if (::read(from, &got.value, sizeof got.value) < 0) got = {errno, 0};
            return got;
        }
        const iovec place{&got.value, sizeof got.value};
        if (::preadv2(from, &place, 1, -1, RWF_NOWAIT) < 0) got = {late(how, errno), 0};
        return got;
    }
    answer read_some(unsigned handle, std::uint64_t most) override {
        if (most == 0) return {EINVAL, 0};
        answer got = read(handle, manner::as_flagged);
        if (got.error != 0 || got.value == most) return got;
        if (semaphore_.at(handle)) {
            while (got.value < most && read(handle, manner::never).error == 0) ++got.value;
        } else if (got.value > most) {
            write_to(descriptors_.at(handle), got.value - most);
            got.value = most;
        }
        return got;
    }
    int write(unsigned handle, std::uint64_t value, manner how) override {
        const int to = descriptors_.at(handle);
        if (how == manner::as_flagged || how == manner::patient) return write_to(to, value);
        const int flags = *flags_.at(handle);
        if ((flags & O_NONBLOCK) != 0) return late(how, write_to(to, value));
        ::fcntl(to, F_SETFL, flags | O_NONBLOCK);
        const int error = write_to(to, value);
        ::fcntl(to, F_SETFL, flags);
        return late(how, error);
    }
    int signal(unsigned handle, bool /*deferred*/) override {
        const int to = descriptors_.at(handle);
        if (!signals_at_the_bound()) return write_to(to, 1);
        return completions_.signal(to);
    }
    // Asked for when it is needed: a process that had a context takes long to end.
    bool signals_at_the_bound() override {
        with_aio_ = with_aio_ && completions_.open();
        return with_aio_;
    }

    void set_nonblock(unsigned handle, bool on) override {
        int& flags = *flags_.at(handle);
        flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        ::fcntl(descriptors_.at(handle), F_SETFL, flags);
    }
    bool nonblock(unsigned handle) override { return (::fcntl(descriptors_.at(handle), F_GETFL) & O_NONBLOCK) != 0; }
    unsigned poll(unsigned handle) override {
        pollfd one{descriptors_.at(handle), POLLIN | POLLOUT | POLLERR, 0};
        ::poll(&one, 1, 0);
        return static_cast<unsigned>(one.revents);
    }
    bool count_is_cheap() const override { return false; }
    std::uint64_t count(unsigned handle) override;

    unsigned watch(unsigned handle, unsigned object, unsigned mask) override {
        const int own = ::fcntl(descriptors_.at(handle), F_DUPFD_CLOEXEC, 0);
        observers_.at(object) = own;
        epoll_event wanted{mask | EPOLLET, {}};
        wanted.data.u32 = object;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, own, &wanted);
        return event(handle, object);
    }
    void unwatch(unsigned /*handle*/, unsigned object) override {
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, observers_.at(object), nullptr);
        ::close(observers_.at(object));
        observers_.at(object) = -1;
    }
    unsigned event(unsigned /*handle*/, unsigned object) override {
        epoll_event reported[most_objects];
        unsigned events = 0;
        const int number = ::epoll_wait(epoll_, reported, most_objects, 0);
        for (int i = 0; i < number; ++i) events |= reported[i].data.u32 == object ? reported[i].events : strange_event;
        return events;
    }
    answer unwatch_and_read(unsigned handle, unsigned object) override {
        unwatch(handle, object);
        return read(handle, manner::never);
    }

  private:
    static int write_to(int descriptor, std::uint64_t value) {
        return ::write(descriptor, &value, sizeof value) < 0 ? errno : 0;
    }
    // A call with a deadline reports that it has passed.
    static int late(manner how, int error) { return how == manner::expired && error == EAGAIN ? ETIMEDOUT : error; }

    std::array<int, most_handles> descriptors_{};
    std::array<bool, most_handles> semaphore_{};
    std::array<std::shared_ptr<int>, most_handles> flags_; // of the description, as last set: asking is a call
    std::array<int, most_objects> observers_{};
    int epoll_;
    bool with_aio_; // as far as it was tried
    common::completions completions_;
};

std::uint64_t kernel_object_table::count(unsigned handle) {
    const std::string path = "/proc/self/fdinfo/" + std::to_string(descriptors_.at(handle));
    std::FILE* const file = std::fopen(path.c_str(), "r");
    if (file == nullptr) return 0;
    char line[256];
    unsigned long long count = 0;
    while (std::fgets(line, sizeof line, file) != nullptr)
        if (std::sscanf(line, "eventfd-count: %llx", &count) == 1) break;
    std::fclose(file);
    return count;
}

} // namespace

std::unique_ptr<subject> kernel_subject(bool with_aio) { return std::make_unique<kernel_object_table>(with_aio); }

} // namespace efd::fuzz
