// SPDX-License-Identifier: MIT
// dropin/table/symbols.hpp: look-ups in the dynamic symbol tables, as they are in memory.
//
// A look-up takes no lock of the loader, allocates nothing, and changes neither errno nor dlerror(). A thread that
// loads a library holds the loader's lock while constructors run, and a constructor may wait for the thread that looks
// up. Only objects that were loaded with the program are searched, because these are never unloaded. No text function
// of libc is called, because a library that wraps one calls the drop-in for the next definition. Any thread, from
// before the first constructor on; also in signal handlers.
#pragma once

#include <cstddef>

namespace efd::dropin {

// The next definition of a name after the drop-in's, in its default version, or that of a C library before the drop-in.
// Null: none of those objects has it, or only the loader can find it.
[[nodiscard]] void* next_symbol(const char* name) noexcept;

// What a look-up that found `found` returns to the program: the drop-in's definition, if `found` is the next one;
// otherwise `found`.
[[nodiscard]] void* ours_instead_of(void* found, const char* name) noexcept;

// The loader's own look-up functions, not the drop-in's. Never null.
using dlsym_call = void*(void* handle, const char* name);
using dlvsym_call = void*(void* handle, const char* name, const char* version);
[[nodiscard]] dlsym_call* real_dlsym() noexcept;
[[nodiscard]] dlvsym_call* real_dlvsym() noexcept;

// The place of the code at an address.
struct code_place {
    const char* object; // its name without the path; empty: the program itself
    const char* symbol; // null: no exported symbol contains the code
    std::size_t offset; // from the symbol, or from the object's beginning
};
// False: no object contains it.
[[nodiscard]] bool find_place(const void* address, code_place& found) noexcept;

} // namespace efd::dropin
