/* SPDX-License-Identifier: MIT */
/* bench/quick_calls.c: read and write that do nothing, below the drop-in in a process that is preloaded with both.
 *
 * What an interposed call adds is a few instructions; beside a system call, which varies by more than that, no clock
 * sees them. Beside these it does. Only for the bench's own probe: whoever is loaded with it reads and writes nothing.
 */
#include <sys/types.h>

ssize_t read(int fd, void* buffer, size_t length) {
    (void)fd;
    (void)buffer;
    (void)length;
    return 0;
}

ssize_t write(int fd, const void* buffer, size_t length) {
    (void)fd;
    (void)buffer;
    return (ssize_t)length;
}
