/* SPDX-License-Identifier: MIT */
/* bench/quick_calls.c: read and write that do nothing, below the drop-in in a process that is preloaded with both.
 *
 * An interposed call adds a few instructions. A system call varies by more than that, so they can be measured only over
 * calls that do nothing. For the bench's own probe only: a program with this library reads and writes nothing.
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
