// SPDX-License-Identifier: MIT
// dropin/interpose/next.cpp: see next.hpp.
#include "dropin/interpose/next.hpp"

#include "dropin/rules/raw_call.hpp"
#include "dropin/table/symbols.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace efd::dropin {
namespace {

// Searches the library of the code at `caller`, and those on which it depends.
void* find_beside(const char* name, const void* caller) noexcept {
    Dl_info from{};
    if (::dladdr(caller, &from) == 0 || from.dli_fname == nullptr) return nullptr;
    void* const object = ::dlopen(from.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (object == nullptr) return nullptr;
    void* const found = real_dlsym()(object, name);
    (void)::dlclose(object);
    return found;
}

} // namespace

void* find_next(const char* name) noexcept {
    void* found = next_symbol(name);
    // The loader comes last: it may block, and it clears an error that the program has not fetched by dlerror() yet.
    if (found == nullptr) found = real_dlsym()(RTLD_NEXT, name);
    if (found != nullptr) return found;
    constexpr char what[] = "efd: the program calls a function that no library has: ";
    (void)raw_call(SYS_write, 2, what, sizeof what - 1);
    (void)raw_call(SYS_write, 2, name, std::strlen(name));
    (void)raw_call(SYS_write, 2, "\n", 1);
    std::raise(SIGABRT);
    return nullptr;
}

void* find_to_keep(const char* name, const void* caller) noexcept {
    if (void* const found = next_symbol(name); found != nullptr) return found; // never unloaded
    void* found = real_dlsym()(RTLD_NEXT, name);
    if (found == nullptr) found = find_beside(name, caller);
    if (found == nullptr) return find_next(name); // it stops the program
    Dl_info its{};
    if (::dladdr(found, &its) != 0 && its.dli_fname != nullptr)
        (void)::dlopen(its.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    return found;
}

} // namespace efd::dropin
