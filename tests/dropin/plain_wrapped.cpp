// SPDX-License-Identifier: MIT
// tests/dropin/plain_wrapped.cpp: a program that knows of no efd, as plain_program is one: a library with which it is
// linked, plain_wrapper, has its reads and writes.
#include "plain_parts.hpp"

#include <cstring>

extern "C" int plain_wrapper_reads;
extern "C" int plain_wrapper_writes;

namespace {

// Of an eventfd not each call comes to the library, of a pipe each does.
void wrapped() {
    const int fd = busy();
    int ends[2] = {-1, -1};
    if (::pipe(ends) != 0) std::abort();
    const int reads = plain_wrapper_reads;
    const int writes = plain_wrapper_writes;
    char bytes[4] = {};
    const ssize_t written = ::write(ends[1], "1234", 4);
    const ssize_t got = ::read(ends[0], bytes, sizeof bytes);
    std::printf("pipe: %zd %zd\n", written, got);
    std::printf("wrapped: %d %d\n", plain_wrapper_reads - reads, plain_wrapper_writes - writes);
    tell_take(fd);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    if (std::strcmp(argv[1], "list") == 0)
        std::printf("wrapped\n");
    else
        wrapped();
    return 0;
}
