// SPDX-License-Identifier: MIT
// conformance/framework/aio.hpp: asynchronous I/O of the kernel (io_setup and the calls after it), whose completions
// signal an eventfd.
//
// Owns one AIO context, given up with the claim's process. A request names its operation and, if it has one, the
// descriptor that its completion signals. Any thread; waiting is bounded. Invariant: refused() distinguishes a machine
// that refuses AIO from a claim that differs.
#pragma once

#include "conformance/framework/sleeper.hpp"

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <initializer_list>
#include <vector>

#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::claims {

// One request; it must stay where it is until its completion.
class aio_request {
  public:
    aio_request(unsigned operation, int fd, void* data, std::uint64_t length) {
        block_.aio_lio_opcode = static_cast<std::uint16_t>(operation);
        block_.aio_fildes = static_cast<std::uint32_t>(fd);
        block_.aio_buf = reinterpret_cast<std::uintptr_t>(data);
        block_.aio_nbytes = length;
    }
    // A poll of fd; its result is the mask that was found.
    static aio_request poll(int fd, unsigned events) {
        aio_request request(IOCB_CMD_POLL, fd, nullptr, 0);
        request.block_.aio_buf = events;
        return request;
    }
    aio_request& signalling(int eventfd) {
        block_.aio_flags = IOCB_FLAG_RESFD;
        block_.aio_resfd = static_cast<std::uint32_t>(eventfd);
        return *this;
    }
    iocb* block() { return &block_; }

  private:
    iocb block_{};
};

class aio {
  public:
    aio() {
        if (::syscall(SYS_io_setup, 32U, &context_) != 0) refused_ = errno;
    }
    int refused() const { return refused_; }

    // Zero if every request was taken, else the errno of the first.
    int submit(std::initializer_list<aio_request*> requests) {
        std::vector<iocb*> blocks;
        for (aio_request* one : requests) blocks.push_back(one->block());
        const long taken = ::syscall(SYS_io_submit, context_, static_cast<long>(blocks.size()), blocks.data());
        return taken == -1 ? errno : taken == static_cast<long>(blocks.size()) ? 0 : EIO;
    }
    int submit(aio_request& request) { return submit({&request}); }

    // Waits for a completion and gives its result; false if none came within the bound.
    bool completed(std::int64_t& result) {
        auto bound = step_bound_as<timespec>();
        io_event event{};
        if (::syscall(SYS_io_getevents, context_, 1L, 1L, &event, &bound) != 1) return false;
        result = event.res;
        return true;
    }
    // Whether there is no completion yet.
    bool pending() {
        timespec at_once{0, 0};
        io_event event{};
        return ::syscall(SYS_io_getevents, context_, 0L, 1L, &event, &at_once) == 0;
    }

  private:
    aio_context_t context_ = 0;
    int refused_ = 0;
};

// A small file in memory: reading one byte of it completes at once.
inline int one_byte_file() {
    const int file = ::memfd_create("completion", MFD_CLOEXEC);
    return file >= 0 && ::pwrite(file, "x", 1, 0) == 1 ? file : -1;
}

} // namespace efd::claims
