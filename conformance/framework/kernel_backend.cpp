// SPDX-License-Identifier: MIT
// conformance/framework/kernel_backend.cpp: the oracle: eventfds of the running kernel behind the object interface.
//
// Owns one descriptor for each object, and one AIO context for each process that signals. Count, id and semaphore mode
// come from fdinfo. signal() completes a small asynchronous read, for which the kernel signals the eventfd (K-132): the
// only way to eventfd_signal() that needs no device. Any thread may call.
#include "common/completions.hpp"
#include "conformance/framework/numbered_object.hpp"
#include "conformance/framework/task.hpp"

#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::claims {
namespace {

using system_calls = calls_of<common::kernel_face>;

class kernel_object final : public numbered_object {
  public:
    kernel_object(int fd, int flags) : numbered_object(system_calls::all(), fd, flags) {}

    // Through libc's names, as programs call them.
    int read(std::uint64_t& value) override { return outcome_of(of_call(::read(number(), &value, sizeof value))); }
    int write(std::uint64_t value) override { return outcome_of(of_call(::write(number(), &value, sizeof value))); }
    int signal() override { return common::completions::of_process().signal(number()); }
    int descriptor() const override { return number(); }
    bool has_sleeper(pid_t tid) override {
        return asleep_in(tid, {SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_preadv2, SYS_pwritev2}, number());
    }
};

class kernel final : public backend {
  public:
    std::string_view name() const override { return "kernel"; }
    bool offers(needs what) const override { return what != needs::in_process; }
    const number_calls& calls() const override { return system_calls::all(); }
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
