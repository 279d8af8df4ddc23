// claims/kernel_backend.cpp: the oracle: eventfds of the running kernel behind the object interface.
//
// Owns one descriptor for each object, and one AIO context for each process that signals. Count, id and semaphore mode
// come from fdinfo. signal() completes a small asynchronous read whose completion the kernel signals to the eventfd
// (K-132), the only way to eventfd_signal() that needs no device. Any thread may call.
#include "claims/claim.hpp"
#include "claims/numbered_object.hpp"
#include "claims/task.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <mutex>
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

class kernel_object final : public numbered_object {
  public:
    kernel_object(int fd, int flags) : numbered_object(fd, flags) {}
    ~kernel_object() override { ::close(number()); }
    kernel_object(const kernel_object&) = delete;
    kernel_object& operator=(const kernel_object&) = delete;

    int read(std::uint64_t& value) override { return outcome_of(::read(number(), &value, sizeof value)); }
    int write(std::uint64_t value) override { return outcome_of(::write(number(), &value, sizeof value)); }
    int signal() override { return completions().complete_one(number()); }
    int control(int command, int argument) override {
        const int result = ::fcntl(number(), command, argument);
        return result >= 0 ? result : -errno;
    }
    int descriptor() const override { return number(); }
    bool has_sleeper(pid_t tid) override {
        return asleep_in(tid, {SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_preadv2, SYS_pwritev2}, number());
    }

  private:
    std::string fdinfo() override {
        const std::string path = "/proc/self/fdinfo/" + std::to_string(number());
        const int info = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (info < 0) return {};
        std::string text(1024, '\0');
        const ssize_t got = ::read(info, text.data(), text.size());
        ::close(info);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
};

class kernel final : public backend {
  public:
    std::string_view name() const override { return "kernel"; }
    bool offers(needs what) const override { return what != needs::in_process; }
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
