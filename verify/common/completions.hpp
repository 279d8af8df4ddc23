// SPDX-License-Identifier: MIT
// verify/common/completions.hpp: a signal that the kernel itself gives, by the completion of asynchronous I/O.
//
// The only way to eventfd_signal() that needs no device. Owns one context of asynchronous I/O, which belongs to the
// process that makes the first signal, and a file of one byte, reading which completes inside the call. Any thread.
// Invariant: when signal() has returned 0 the eventfd has been signalled; completions are fetched in bulk before the
// context could be full of them.
#pragma once

#include <cerrno>
#include <cstdint>
#include <linux/aio_abi.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::common {

class completions {
  public:
    completions() = default;
    ~completions() {
        if (owner_ == ::getpid()) ::syscall(SYS_io_destroy, context_);
        if (file_ >= 0) ::close(file_);
    }
    completions& operator=(completions&&) = delete; // neither copied nor moved

    static completions& of_process() {
        static completions one;
        return one;
    }

    // Whether this machine allows it. A process that has a context takes long to end, so the first call makes it.
    bool open() {
        const std::lock_guard lock(mutex_);
        return prepare();
    }
    // 0, or the errno with which the kernel refused; ENOSYS if it has none.
    int signal(int eventfd) {
        const std::lock_guard lock(mutex_);
        if (!prepare()) return ENOSYS;
        char byte = 0;
        iocb request{};
        request.aio_lio_opcode = IOCB_CMD_PREAD;
        request.aio_fildes = static_cast<std::uint32_t>(file_);
        request.aio_buf = reinterpret_cast<std::uintptr_t>(&byte);
        request.aio_nbytes = 1;
        request.aio_flags = IOCB_FLAG_RESFD;
        request.aio_resfd = static_cast<std::uint32_t>(eventfd);
        iocb* requests[1] = {&request};
        if (::syscall(SYS_io_submit, context_, 1L, requests) != 1) return errno;
        if (++unfetched_ == room / 2) fetch();
        return 0;
    }

  private:
    static constexpr unsigned room = 256;

    bool prepare() {
        if (owner_ == ::getpid()) return true;
        context_ = 0;
        unfetched_ = 0;
        if (::syscall(SYS_io_setup, room, &context_) != 0) return false;
        if (file_ < 0) file_ = ::memfd_create("completion", MFD_CLOEXEC);
        if (file_ < 0 || ::pwrite(file_, "x", 1, 0) != 1) return false;
        owner_ = ::getpid();
        return true;
    }
    void fetch() {
        io_event events[room];
        ::syscall(SYS_io_getevents, context_, static_cast<long>(unfetched_), static_cast<long>(room), events, nullptr);
        unfetched_ = 0;
    }

    std::mutex mutex_;
    aio_context_t context_ = 0;
    pid_t owner_ = -1;
    int file_ = -1;
    unsigned unfetched_ = 0;
};

} // namespace efd::common
