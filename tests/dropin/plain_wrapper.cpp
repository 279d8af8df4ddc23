// SPDX-License-Identifier: MIT
// tests/dropin/plain_wrapper.cpp: a library with which plain_wrapped is linked: it counts reads and writes, and reaches
// libc's by their other names. Its names are in a table of the old kind alone. It knows of no efd.
#include <dlfcn.h>
#include <sys/types.h>

extern "C" { // NOLINTBEGIN: names of libc
ssize_t __read(int fd, void* buffer, size_t length);

int plain_wrapper_reads = 0;
int plain_wrapper_writes = 0;

ssize_t read(int fd, void* buffer, size_t length) {
    ++plain_wrapper_reads;
    return __read(fd, buffer, length);
}
ssize_t write(int fd, const void* buffer, size_t length) {
    using call = ssize_t(int, const void*, size_t);
    static auto* const next = reinterpret_cast<call*>(::dlsym(::dlopen("libc.so.6", RTLD_LAZY), "__write"));
    ++plain_wrapper_writes;
    return next(fd, buffer, length);
}
} // NOLINTEND
