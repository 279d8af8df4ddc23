/* SPDX-License-Identifier: MIT */
/* The plugin of plugin_bound_deeply.c: waits for an eventfd of the program's, as a library does, and reads it. */
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

long plugin_take(int fd);
long plugin_take(int fd) {
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    uint64_t units = 0;
    if (poll(&watched, 1, 200) < 1) return 0;
    return read(fd, &units, sizeof units) == sizeof units ? (long)units : -1;
}
