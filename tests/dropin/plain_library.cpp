// SPDX-License-Identifier: MIT
// tests/dropin/plain_library.cpp: a library with which plain_names is linked: it has names of libc, as one that watches
// files does, and other names of libc and of libaio with meanings of their own. It knows of no efd.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

struct iovec;

namespace {

// libc's definition of the name; the caller's call is printed.
template <class Function>
Function* passed(const char* name) {
    (void)!::write(1, name, __builtin_strlen(name));
    (void)!::write(1, " passes by\n", 11);
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

} // namespace

#define NEXT(name) passed<decltype(name)>(#name)
#define NEXT_KEPT(name)                                                                                                \
    static decltype(name)* kept = nullptr;                                                                             \
    if (kept == nullptr) kept = reinterpret_cast<decltype(name)*>(::dlsym(RTLD_NEXT, #name));                          \
    return kept

extern "C" {

// As sanitizers and tracers have them: they ask for the next one when they are first called.
int strcmp(const char* one, const char* other) noexcept { NEXT_KEPT(strcmp)(one, other); }
int strncmp(const char* one, const char* other, std::size_t n) noexcept { NEXT_KEPT(strncmp)(one, other, n); }
char* strrchr(const char* text, int c) noexcept { NEXT_KEPT(strrchr)(text, c); }
[[gnu::constructor]] static void ask_early() {
    const char* const volatile text = "/";
    if (strcmp(text, text) != 0 || strncmp(text, text, 1) != 0 || strrchr(text, '/') == nullptr) std::abort();
}

int open(const char* path, int flags, ...) { return NEXT(open)(path, flags, 0U); }
int openat(int directory, const char* path, int flags, ...) { return NEXT(openat)(directory, path, flags, 0U); }
FILE* fopen(const char* path, const char* mode) { return NEXT(fopen)(path, mode); }
FILE* freopen(const char* path, const char* mode, FILE* file) { return NEXT(freopen)(path, mode, file); }
int fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void* const more = va_arg(rest, void*);
    va_end(rest);
    return NEXT(fcntl)(fd, command, more);
}
ssize_t sendfile64(int out, int in, off_t* at, std::size_t length) { return NEXT(sendfile64)(out, in, at, length); }
ssize_t preadv64v2(int fd, const iovec* places, int number, off_t offset, int flags) {
    return NEXT(preadv64v2)(fd, places, number, offset, flags);
}
ssize_t pwritev64v2(int fd, const iovec* places, int number, off_t offset, int flags) {
    return NEXT(pwritev64v2)(fd, places, number, offset, flags);
}

// No pipes, no namespaces.
extern const char tee[] = "its own tee";
double unshare(double whole) { return whole / 2; }

// No AIO context.
const char* io_setup(const char* name) { return name; }
const char* io_queue_init(int, int, int, int, int, const char* sixth) { return sixth; }

} // extern "C"
