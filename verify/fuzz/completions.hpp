// SPDX-License-Identifier: MIT
// verify/fuzz/completions.hpp: a signal that the kernel itself gives, by the completion of asynchronous I/O.
//
// Owns one context of asynchronous I/O and a file of one byte, reading which completes inside the call. Used by one
// thread. Invariant: when signal() has returned 0 the eventfd has been signalled; completions are fetched in bulk
// before the context could be full of them.
#pragma once

#include <cerrno>
#include <cstdint>
#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::fuzz {

class completions {
  public:
    completions() = default;
    ~completions() {
        if (there()) ::syscall(SYS_io_destroy, context_);
        if (file_ >= 0) ::close(file_);
    }
    completions(const completions&) = delete;
    completions& operator=(const completions&) = delete;

    void open() {
        file_ = ::memfd_create("completion", MFD_CLOEXEC);
        if (file_ < 0 || ::pwrite(file_, "x", 1, 0) != 1) return;
        if (::syscall(SYS_io_setup, room, &context_) != 0) context_ = 0;
    }
    [[nodiscard]] bool there() const { return context_ != 0; }

    int signal(int eventfd) {
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

    void fetch() {
        io_event events[room];
        ::syscall(SYS_io_getevents, context_, static_cast<long>(unfetched_), static_cast<long>(room), events, nullptr);
        unfetched_ = 0;
    }

    aio_context_t context_ = 0;
    int file_ = -1;
    unsigned unfetched_ = 0;
};

} // namespace efd::fuzz
