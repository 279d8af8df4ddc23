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

namespace {

// A kernel or a filter without the call cannot check the address; then the program's address is trusted.
bool may_not_be_asked(long result) noexcept { return result == -ENOSYS || result == -EPERM; }

} // namespace

bool look_at(void* to, const void* from, std::size_t length) noexcept {
    const std::uintptr_t at = address_of(from);
    const bool is_on_own_stack = is_on_stack(at) && is_on_stack(at + length);
    if (!is_on_own_stack && !(trusts_pages && readable_pages.has(at, length))) {
        const iovec remote{const_cast<void*>(from), length};
        const iovec into{to, length};
        const long got = raw_call(SYS_process_vm_readv, raw_call(SYS_getpid), &into, 1L, &remote, 1L, 0L);
        if (!may_not_be_asked(got)) {
            if (got == static_cast<long>(length)) note_readable(from);
            return got == static_cast<long>(length);
        }
    }
    std::memcpy(to, from, length);
    return true;
}

bool store_value(void* to, std::uint64_t n) noexcept {
    if (!is_on_stack(address_of(to)) && !(trusts_pages && writable_pages.has(address_of(to)))) {
        const iovec from{&n, sizeof n};
        const iovec remote{to, sizeof n};
        const long put = raw_call(SYS_process_vm_writev, raw_call(SYS_getpid), &from, 1L, &remote, 1L, 0L);
        if (!may_not_be_asked(put)) {
            if (put == static_cast<long>(sizeof n) && trusts_pages) writable_pages.note(address_of(to));
            return put == static_cast<long>(sizeof n);
        }
    }
    std::memcpy(to, &n, sizeof n);
    return true;
}

} // namespace efd::dropin
