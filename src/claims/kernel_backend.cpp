// claims/kernel_backend.cpp: the oracle: eventfds of the running kernel behind the object interface.
//
// Owns one descriptor for each object, and one AIO context for each process that signals. Count, id and semaphore mode
// come from fdinfo. signal() completes a small asynchronous read whose completion the kernel signals to the eventfd
// (K-132), the only way to eventfd_signal() that needs no device. Any thread may call.
#include "claims/claim.hpp"
#include "claims/task.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::claims {
namespace {

constexpr short every_event =
    POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP;

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

// The number behind a label of fdinfo, in this base; `otherwise` if there is no such line.
std::uint64_t from_fdinfo(int fd, const std::string& label, int base, std::uint64_t otherwise) {
    const std::string path = "/proc/self/fdinfo/" + std::to_string(fd);
    const int info = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (info < 0) return otherwise;
    std::string text(1024, '\0');
    const ssize_t got = ::read(info, text.data(), text.size());
    ::close(info);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    const std::size_t at = text.find(label);
    return at == std::string::npos ? otherwise : std::strtoull(text.c_str() + at + label.size(), nullptr, base);
}

class kernel_object final : public object {
  public:
    kernel_object(int fd, int flags) : fd_(fd), flags_(flags) {}
    ~kernel_object() override { ::close(fd_); }
    kernel_object(const kernel_object&) = delete;
    kernel_object& operator=(const kernel_object&) = delete;

    int read(std::uint64_t& value) override { return outcome_of(::read(fd_, &value, sizeof value)); }
    int write(std::uint64_t value) override { return outcome_of(::write(fd_, &value, sizeof value)); }
    int signal() override { return completions().complete_one(fd_); }
    unsigned poll() override {
        pollfd asked{fd_, every_event, 0};
        return ::poll(&asked, 1, 0) >= 0 ? static_cast<unsigned short>(asked.revents) : 0;
    }
    std::uint64_t count() override { return from_fdinfo(fd_, "eventfd-count:", 16, 0); }
    int id() override { return static_cast<int>(from_fdinfo(fd_, "eventfd-id:", 10, static_cast<std::uint64_t>(-1))); }
    bool semaphore() override {
        return from_fdinfo(fd_, "eventfd-semaphore:", 10, static_cast<std::uint64_t>(flags_ & EFD_SEMAPHORE)) == 1;
    }
    int set_nonblock(bool on) override {
        const int flags = ::fcntl(fd_, F_GETFL);
        if (flags < 0) return errno;
        return ::fcntl(fd_, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0 ? 0 : errno;
    }
    bool nonblock() override { return (::fcntl(fd_, F_GETFL) & O_NONBLOCK) != 0; }
    int descriptor() const override { return fd_; }
    bool has_sleeper(pid_t tid) override {
        return asleep_in(tid, {SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_preadv2, SYS_pwritev2}, fd_);
    }

  private:
    static int outcome_of(ssize_t moved) {
        if (moved < 0) return errno;
        return moved == static_cast<ssize_t>(sizeof(std::uint64_t)) ? 0 : EIO; // no eventfd moves any other number
    }

    int fd_;
    int flags_;
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
