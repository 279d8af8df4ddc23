// SPDX-License-Identifier: MIT
// conformance/framework/library_backend.cpp: objects of libefd behind the object interface, through C calls only.
//
// Owns one reference for each object. Any thread may call. has_sleeper looks for a thread in a futex wait inside the
// object. Those with EFD_SHARED are asked by the tests alone.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/task.hpp"

#include <efd/efd.h>

#include <cerrno>

namespace efd::claims {
namespace {

class library_object final : public object {
  public:
    explicit library_object(efd_t* owned) : efd_(owned) {}
    ~library_object() override { ::efd_put(efd_); }
    library_object& operator=(library_object&&) = delete; // neither copied nor moved

    int read(std::uint64_t& value) override { return outcome_of(::efd_read(efd_, &value)); }
    int read_some(std::uint64_t& value, std::uint64_t most) override {
        return outcome_of(::efd_read_some(efd_, &value, most));
    }
    int write(std::uint64_t value) override { return outcome_of(::efd_write(efd_, value)); }
    int signal() override { return outcome_of(::efd_signal(efd_)); }
    unsigned poll() override { return static_cast<unsigned>(::efd_poll(efd_)); }
    std::uint64_t count() override { return ::efd_count(efd_); }
    int id() override { return ::efd_id(efd_); }
    bool semaphore() override { return (::efd_flags(efd_) & EFD_SEMAPHORE) != 0; }
    int set_nonblock(bool on) override { return outcome_of(::efd_set_nonblock(efd_, on ? 1 : 0)); }
    bool nonblock() override { return (::efd_flags(efd_) & EFD_NONBLOCK) != 0; }
    bool has_sleeper(pid_t tid) override { return asleep_inside(tid, efd_); }

  private:
    static int outcome_of(int result) { return result == 0 ? 0 : errno; }

    efd_t* efd_;
};

std::unique_ptr<object> make_object(std::uint64_t initval, int flags, int& error) {
    efd_t* const made = ::efd_create(initval, flags);
    error = made == nullptr ? errno : 0;
    return made == nullptr ? nullptr : std::make_unique<library_object>(made);
}

class library final : public backend {
  public:
    std::string_view name() const override { return "library"; }
    bool offers(needs what) const override {
        return what == needs::object || what == needs::id || what == needs::in_process;
    }
    int own_flags() const override { return EFD_SHARED; }
    std::unique_ptr<object> make(std::uint64_t initval, int flags, int& error) override {
        return make_object(initval, flags, error);
    }
};

class shared final : public backend {
  public:
    std::string_view name() const override { return "shared"; }
    bool offers(needs what) const override { return what == needs::object || what == needs::id; }
    bool gives_smallest_id() const override { return false; } // it is the slot in the arena
    int own_flags() const override { return EFD_SHARED; }
    std::unique_ptr<object> make(std::uint64_t initval, int flags, int& error) override {
        return make_object(initval, flags | EFD_SHARED, error);
    }
};

} // namespace

std::unique_ptr<backend> library_backend() { return std::make_unique<library>(); }
std::unique_ptr<backend> shared_backend() { return std::make_unique<shared>(); }

} // namespace efd::claims
