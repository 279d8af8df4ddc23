/* SPDX-License-Identifier: MIT */
/* POSIX aio_write brings the count to 2^64-3; two writes of 1 follow, without blocking.
 *
 * Must happen: the first write reaches the bound, 2^64-2; the second says EAGAIN; a read takes 2^64-2 and leaves
 * nothing. Once: aio_write's call is made within libc, so the second write is cached beyond the bound, and a second
 * read has a unit.
 */
#include "judge.h"
#include <aio.h>

int main(void) {
    judge_within(120, "a non-blocking call does not return");
    uint64_t nearly_all = UINT64_MAX - 2, units, rest;
    int fd = promoted_eventfd(EFD_NONBLOCK);
    struct aiocb request = {.aio_fildes = fd, .aio_buf = &nearly_all, .aio_nbytes = sizeof nearly_all};
    const struct aiocb* const requests[] = {&request};

    if (aio_write(&request) != 0 || aio_suspend(requests, 1, NULL) != 0 || aio_return(&request) != sizeof nearly_all)
        not_tried("aio_write: %s", strerror(errno));
    if (add(fd, 1) != sizeof units) fault("a write of 1 beside 2^64-3: %s", strerror(errno));
    int admitted = add(fd, 1) == sizeof units;
    units = take(fd);
    rest = take(fd);
    if (admitted || units != UINT64_MAX - 1 || rest != 0)
        fault("a write at the bound was %s; 2^64-2 and nothing are due, %#lx and %lu were read",
              admitted ? "admitted" : "refused", (unsigned long)units, (unsigned long)rest);
    right("the write at the bound said EAGAIN");
}
