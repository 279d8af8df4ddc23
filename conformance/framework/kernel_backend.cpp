// SPDX-License-Identifier: MIT
// conformance/framework/kernel_backend.cpp: the oracle: eventfds of the running kernel behind the object interface.
//
// Owns one descriptor for each object, and one AIO context for each process that signals. Count, id and semaphore mode
// come from fdinfo. signal() completes a small asynchronous read, for which the kernel signals the eventfd (K-132): the
// only way to eventfd_signal() that needs no device. Any thread may call.
#include "conformance/framework/descriptor_calls.hpp"
#include "conformance/framework/numbered_object.hpp"
#include "conformance/framework/task.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <mutex>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::claims {
namespace {

// Completes reads of a one-byte file, each of which signals an eventfd.
class completion_source {
  public:
    // 0, or the errno with which the kernel refused.
    int complete_one(int signalled) {
        const std::lock_guard lock(mutex_);
        if (const int error = prepare(); error != 0) return error;
        char byte = 0;
        iocb request{};
        request.aio_lio_opcode = IOCB_CMD_PREAD;
        request.aio_fildes = static_cast<std::uint32_t>(file_);
        request.aio_buf = reinterpret_cast<std::uintptr_t>(&byte);
        request.aio_nbytes = 1;
        request.aio_flags = IOCB_FLAG_RESFD;
        request.aio_resfd = static_cast<std::uint32_t>(signalled);
        iocb* requests[] = {&request};
        if (::syscall(SYS_io_submit, context_, 1L, requests) != 1) return errno;
        io_event done{};
        while (::syscall(SYS_io_getevents, context_, 1L, 1L, &done, nullptr) != 1)
            if (errno != EINTR) return errno;
        return done.res == 1 ? 0 : EIO;
    }

  private:
    int prepare() {
        if (owner_ == ::getpid()) return 0; // a context belongs to one process
        if (::syscall(SYS_io_setup, 4U, &(context_ = 0)) != 0) return ENOSYS;
        file_ = ::memfd_create("completion", MFD_CLOEXEC);
        if (file_ < 0 || ::pwrite(file_, "x", 1, 0) != 1) return ENOSYS;
        owner_ = ::getpid();
        return 0;
    }

    std::mutex mutex_;
    aio_context_t context_ = 0;
    int file_ = -1;
    pid_t owner_ = -1;
};

completion_source& completions() {
    static completion_source source;
    return source;
}

class kernel_calls final : public number_calls {
  public:
    answer read(int fd, void* to, std::size_t length) const override {
        return of_call(::syscall(SYS_read, fd, to, length));
    }
    answer readv(int fd, const iovec* parts, int count) const override {
        return of_call(::syscall(SYS_readv, fd, parts, long{count}));
    }
    answer write(int fd, const void* from, std::size_t length) const override {
        return of_call(::syscall(SYS_write, fd, from, length));
    }
    answer writev(int fd, const iovec* parts, int count) const override {
        return of_call(::syscall(SYS_writev, fd, parts, long{count}));
    }
    answer close(int fd) const override { return of_call(::close(fd)); }
    answer dup(int fd) const override { return of_call(::dup(fd)); }
    answer fcntl(int fd, int command, long argument) const override { return of_call(::fcntl(fd, command, argument)); }
    answer ioctl(int fd, unsigned long request, void* argument) const override {
        return of_call(::ioctl(fd, request, argument));
    }
    std::string fdinfo(int fd) const override { return fdinfo_of(fd); }
};

const number_calls& system_calls() {
    static const kernel_calls calls;
    return calls;
}

class kernel_object final : public numbered_object {
  public:
    kernel_object(int fd, int flags) : numbered_object(system_calls(), fd, flags) {}

    // Through libc's names, as programs call them.
    int read(std::uint64_t& value) override { return outcome_of(of_call(::read(number(), &value, sizeof value))); }
    int write(std::uint64_t value) override { return outcome_of(of_call(::write(number(), &value, sizeof value))); }
    int signal() override { return completions().complete_one(number()); }
    int descriptor() const override { return number(); }
    bool has_sleeper(pid_t tid) override {
        return asleep_in(tid, {SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_preadv2, SYS_pwritev2}, number());
    }
};

class kernel final : public backend {
  public:
    std::string_view name() const override { return "kernel"; }
    bool offers(needs what) const override { return what != needs::in_process; }
    const number_calls& calls() const override { return system_calls(); }
    // The kernel's initial value has 32 bits (K-005).
    std::unique_ptr<object> make(std::uint64_t initval, int flags, int& error) override {
        const auto fd = static_cast<int>(::syscall(SYS_eventfd2, initval, flags));
        error = fd < 0 ? errno : 0;
        return fd < 0 ? nullptr : std::make_unique<kernel_object>(fd, flags);
    }
};

} // namespace

std::unique_ptr<backend> kernel_backend() { return std::make_unique<kernel>(); }

} // namespace efd::claims
