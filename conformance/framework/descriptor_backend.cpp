// SPDX-License-Identifier: MIT
// conformance/framework/descriptor_backend.cpp: the descriptors of efd_eventfd behind the object interface, through
// efd_fd_* only.
//
// Owns one number for each object. Any thread may call. Signals, and where a sleeper sleeps, are asked of the object
// behind the number, from efd_fd_ctx. poll is poll(2) of the number, as a program sees it, plus the POLLERR of
// efd_poll, which the bell cannot show (K-050, a declared difference).
#include "conformance/framework/numbered_object.hpp"
#include "conformance/framework/task.hpp"

#include <efd/efd.h>

#include <cerrno>
#include <poll.h>

namespace efd::claims {
namespace {

struct put {
    void operator()(efd_t* given) const { ::efd_put(given); }
};
using reference = std::unique_ptr<efd_t, put>;

using library_calls = calls_of<common::library_face>;

class descriptor_object final : public numbered_object {
  public:
    descriptor_object(int fd, int flags) : numbered_object(library_calls::all(), fd, flags) {}

    int read_some(std::uint64_t& value, std::uint64_t most) override {
        return ::efd_read_some(context().get(), &value, most) == 0 ? 0 : errno;
    }
    int signal() override { return ::efd_signal(context().get()) == 0 ? 0 : errno; }
    unsigned poll() override {
        return numbered_object::poll() | (static_cast<unsigned>(::efd_poll(context().get())) & POLLERR);
    }
    bool has_sleeper(pid_t tid) override { return asleep_inside(tid, context().get()); }

  private:
    reference context() const { return reference(::efd_fd_ctx(number())); }
};

class descriptor final : public backend {
  public:
    std::string_view name() const override { return "descriptor"; }
    bool offers(needs what) const override {
        return what == needs::object || what == needs::id || what == needs::number || what == needs::watched;
    }
    int flags_for(needs what) const override { return what == needs::watched ? EFD_EVERY : 0; }
    int own_flags() const override { return EFD_EVERY | EFD_SHARED; }
    const number_calls& calls() const override { return library_calls::all(); }
    // As in the kernel, the initial value has 32 bits (K-005).
    std::unique_ptr<object> make(std::uint64_t initval, int flags, int& error) override {
        const int fd = ::efd_eventfd(static_cast<unsigned>(initval), flags);
        error = fd < 0 ? errno : 0;
        return fd < 0 ? nullptr : std::make_unique<descriptor_object>(fd, flags);
    }
};

} // namespace

std::unique_ptr<backend> descriptor_backend() { return std::make_unique<descriptor>(); }

} // namespace efd::claims
