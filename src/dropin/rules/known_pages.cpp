// SPDX-License-Identifier: MIT
// dropin/rules/known_pages.cpp: see known_pages.hpp.
#include "dropin/rules/known_pages.hpp"

#include <cerrno>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace efd::dropin {

constinit known_pages readable_pages;
constinit known_pages writable_pages;
constinit bool trusts_pages = true;
constinit base::atomic<bool> may_ask_kernel{true};

namespace {

// A copy to or from the program's memory by the kernel, which checks the address; notes its page. Returns the bytes, or
// a negative errno.
long copy_checked(long call, void* own, void* programs, std::size_t length, known_pages& pages) noexcept {
    const iovec local{own, length};
    const iovec remote{programs, length};
    if (!may_ask_kernel.load(base::relaxed)) return -EFAULT;
    // By the thread's id: that of the process has no memory once the first thread has ended.
    const long moved = raw_call(call, raw_call(SYS_gettid), &local, 1L, &remote, 1L, 0L);
    if (moved == static_cast<long>(length) && trusts_pages) pages.note(address_of(programs));
    return moved;
}
// A kernel or a filter without the call cannot check the address; then the program's address is trusted.
bool is_checked(long result) noexcept { return result != -ENOSYS && result != -EPERM; }

} // namespace

bool look_at(void* to, const void* from, std::size_t length) noexcept {
    const std::uintptr_t at = address_of(from);
    const bool is_on_own_stack = is_on_stack(at) && is_on_stack(at + length);
    if (!is_on_own_stack && !(trusts_pages && readable_pages.has(at, length))) {
        const long got = copy_checked(SYS_process_vm_readv, to, const_cast<void*>(from), length, readable_pages);
        if (is_checked(got)) return got == static_cast<long>(length);
    }
    std::memcpy(to, from, length);
    return true;
}

bool store_value(void* to, std::uint64_t n) noexcept {
    if (!is_on_stack(address_of(to)) && !(trusts_pages && writable_pages.has(address_of(to)))) {
        const long put = copy_checked(SYS_process_vm_writev, &n, to, sizeof n, writable_pages);
        if (is_checked(put)) return put == static_cast<long>(sizeof n);
    }
    std::memcpy(to, &n, sizeof n);
    return true;
}

} // namespace efd::dropin
