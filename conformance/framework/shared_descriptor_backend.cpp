// SPDX-License-Identifier: MIT
// conformance/framework/shared_descriptor_backend.cpp: the descriptors of efd_eventfd with EFD_SHARED behind the object
// interface.
//
// Owns one number for each object. They are eventfds of the kernel, so every claim of the kernel's is asked of them: by
// efd_fd_* where it says which calls it makes, else by plain system calls on the number. Any thread may call.
#include "common/completions.hpp"
#include "conformance/framework/numbered_object.hpp"
#include "conformance/framework/task.hpp"

#include <efd/efd.h>

#include <cerrno>
#include <sys/syscall.h>

namespace efd::claims {
namespace {

using library_calls = calls_of<common::library_face>;

class shared_descriptor_object final : public numbered_object {
  public:
    shared_descriptor_object(int fd, int flags) : numbered_object(library_calls::all(), fd, flags) {}

    int signal() override { return common::completions::of_process().signal(number()); }
    int descriptor() const override { return number(); }
    bool has_sleeper(pid_t tid) override {
        return asleep_in(tid, {SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_preadv2, SYS_pwritev2}, number());
    }
};

class shared_descriptor final : public backend {
  public:
    std::string_view name() const override { return "shared_descriptor"; }
    bool offers(needs what) const override { return what != needs::in_process; }
    int own_flags() const override { return EFD_EVERY | EFD_SHARED; }
    const number_calls& calls() const override { return library_calls::all(); }
    std::unique_ptr<object> make(std::uint64_t initval, int flags, int& error) override {
        const int fd = ::efd_eventfd(static_cast<unsigned>(initval), flags | EFD_SHARED);
        error = fd < 0 ? errno : 0;
        return fd < 0 ? nullptr : std::make_unique<shared_descriptor_object>(fd, flags);
    }
};

} // namespace

std::unique_ptr<backend> shared_descriptor_backend() { return std::make_unique<shared_descriptor>(); }

} // namespace efd::claims
