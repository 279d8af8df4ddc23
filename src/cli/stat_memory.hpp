// SPDX-License-Identifier: MIT
// cli/stat_memory.hpp: reads the memory of a thread that this process traces. What it reads is untrusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/types.h>
#include <sys/uio.h>
#include <type_traits>

namespace efd::cli {

// False: not all of it could be read.
inline bool copy_from(pid_t thread, std::uint64_t address, void* to, std::size_t length) {
    const iovec own{to, length};
    const iovec its{reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), length};
    return ::process_vm_readv(thread, &own, 1, &its, 1, 0) == static_cast<ssize_t>(length);
}

template <class T>
bool copy_from(pid_t thread, std::uint64_t address, T& to) {
    static_assert(std::is_trivially_copyable_v<T>);
    return copy_from(thread, address, &to, sizeof to);
}

} // namespace efd::cli
