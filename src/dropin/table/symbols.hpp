// SPDX-License-Identifier: MIT
// dropin/table/symbols.hpp: what the dynamic symbol tables say, read as they lie in memory.
//
// No lock of the loader is taken, nothing allocated, and neither errno nor dlerror() changes: who loads a library holds
// that lock while its constructors run, and may wait in one for the thread that asks. Only objects that were loaded
// with the program are looked into for a name: these are never unloaded. No text function of libc is called: who wraps
// one asks us for the next. Any thread, from before the first constructor on; also in signal handlers.
#pragma once

#include <cstddef>

namespace efd::dropin {

// The definition of a name, in its default version, that comes behind ours, or that of a C library before us; null:
// none of those objects has it, or this cannot be told without the loader.
[[nodiscard]] void* next_symbol(const char* name) noexcept;

// What a program is to get that has looked up a name and found this: our definition of it, where the found is the C
// library's and nobody between has another; else what it has found.
[[nodiscard]] void* ours_instead_of(void* found, const char* name) noexcept;

// The loader's own look-ups, past our names for them. Never null.
using dlsym_call = void*(void* handle, const char* name);
using dlvsym_call = void*(void* handle, const char* name, const char* version);
[[nodiscard]] dlsym_call* real_dlsym() noexcept;
[[nodiscard]] dlvsym_call* real_dlvsym() noexcept;

// Where the code at an address is.
struct code_place {
    const char* object; // path; empty: the program itself
    const char* symbol; // null: behind no name that others see
    std::size_t offset; // from the symbol, or from the object's beginning
};
// False: in no object.
[[nodiscard]] bool find_place(const void* address, code_place& found) noexcept;

} // namespace efd::dropin
