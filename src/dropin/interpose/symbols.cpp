// SPDX-License-Identifier: MIT
// dropin/interpose/symbols.cpp: dlsym and dlvsym, by which a program looks up a name in libc itself.
//
// Python's ctypes, Java's JNA, P/Invoke and LuaJIT call dlsym(libc, "read"). They get the drop-in's function, unless a
// library between the drop-in and libc defines the name. RTLD_NEXT and RTLD_DEFAULT depend on the code that calls, so
// for them the loader is jumped to, not called.
#include "dropin/table/symbols.hpp"
#include "dropin/interpose/next.hpp"

#include <dlfcn.h>

using namespace efd::dropin;

#if defined __clang__
#define EFD_JUMPS
#define EFD_JUMP [[clang::musttail]] return
#else
#define EFD_JUMPS __attribute__((optimize("O2")))
#define EFD_JUMP return
#endif

namespace {

bool depends_on_caller(const void* handle) noexcept { return handle == RTLD_DEFAULT || handle == RTLD_NEXT; }

} // namespace

EFD_INTERPOSE EFD_JUMPS void* dlsym(void* handle, const char* name) noexcept {
    auto* const real = real_dlsym();
    if (depends_on_caller(handle)) EFD_JUMP real(handle, name);
    return ours_instead_of(real(handle, name), name);
}
EFD_INTERPOSE EFD_JUMPS void* dlvsym(void* handle, const char* name, const char* version) noexcept {
    auto* const real = real_dlvsym();
    if (depends_on_caller(handle)) EFD_JUMP real(handle, name, version);
    return ours_instead_of(real(handle, name, version), name);
}
