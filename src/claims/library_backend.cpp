// claims/library_backend.cpp: objects of libefd behind the object interface, through its C face alone.
//
// Owns one reference for each object. Any thread may call. has_sleeper looks for a thread in a futex wait on an address
// inside the object, which is one cache line (core/context.hpp).
#include "claims/claim.hpp"
#include "claims/task.hpp"

#include <efd/efd.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif

namespace efd::claims {
namespace {

constexpr std::uint64_t object_size = 64;

// The futex address of a futex_waitv entry that lies on the sleeper's stack; 0 if it cannot be read any more.
std::uint64_t address_in_waitv(std::uint64_t entry) {
    std::uint64_t address = 0;
    const iovec here{&address, sizeof address};
    const iovec there{reinterpret_cast<void*>(entry + sizeof(std::uint64_t)), sizeof address};
    const ssize_t got = ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0);
    return got == static_cast<ssize_t>(sizeof address) ? address : 0;
}

class library_object final : public object {
  public:
    explicit library_object(efd_t* owned) : efd_(owned) {}
    ~library_object() override { ::efd_put(efd_); }
    library_object(const library_object&) = delete;
    library_object& operator=(const library_object&) = delete;

    int read(std::uint64_t& value) override { return outcome_of(::efd_read(efd_, &value)); }
    int write(std::uint64_t value) override { return outcome_of(::efd_write(efd_, value)); }
    int signal() override { return outcome_of(::efd_signal(efd_)); }
    unsigned poll() override { return static_cast<unsigned>(::efd_poll(efd_)); }
    std::uint64_t count() override { return ::efd_count(efd_); }
    int id() override { return ::efd_id(efd_); }
    bool semaphore() override { return (::efd_flags(efd_) & EFD_SEMAPHORE) != 0; }
    int set_nonblock(bool on) override { return outcome_of(::efd_set_nonblock(efd_, on ? 1 : 0)); }
    bool nonblock() override { return (::efd_flags(efd_) & EFD_NONBLOCK) != 0; }
    bool has_sleeper(pid_t tid) override {
        const task_state seen = look_at_task(tid);
        if (!seen.asleep || !seen.call_known) return seen.asleep;
        if (seen.call == SYS_futex) return contains(seen.args[0]);
        return seen.call == SYS_futex_waitv && contains(address_in_waitv(seen.args[0]));
    }

  private:
    static int outcome_of(int result) { return result == 0 ? 0 : errno; }
    bool contains(std::uint64_t address) const {
        return address - reinterpret_cast<std::uintptr_t>(efd_) < object_size;
    }

    efd_t* efd_;
};

class library final : public backend {
  public:
    std::string_view name() const override { return "library"; }
    bool offers(needs what) const override { return what != needs::descriptor; }
    std::unique_ptr<object> make(std::uint64_t initval, int flags, int& error) override {
        efd_t* const made = ::efd_create(initval, flags);
        error = made == nullptr ? errno : 0;
        return made == nullptr ? nullptr : std::make_unique<library_object>(made);
    }
};

} // namespace

std::unique_ptr<backend> library_backend() { return std::make_unique<library>(); }

} // namespace efd::claims
