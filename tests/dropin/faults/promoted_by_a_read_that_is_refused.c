/* SPDX-License-Identifier: MIT */
/* A read of four bytes is refused (EINVAL) and takes nothing. Must happen: a write beyond 2^64-2 says EAGAIN.
 * Under the drop-in the refused read promotes the eventfd, whose count no one has looked at. */
#include "judge.h"
int main(void) {
    judge_within(20, "a call does not return");
    int fd = eventfd(0, EFD_NONBLOCK);
    uint32_t half;
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < 2; i++) add(fd, 1);
        take(fd);
    } /* some evidence */
    for (int i = 0; i < 16; i++) add(fd, 1);
    add(fd, UINT64_MAX - 1 - 16 - 10);
    if (read(fd, &half, 4) != -1 || errno != EINVAL) fault("a read of four bytes is not refused");
    if (add(fd, 1) != 8 || add(fd, 1) != 8) fault("there is room for one");
    ssize_t done = add(fd, 1000);
    if (done != -1 || errno != EAGAIN) fault("a write of 1000 to a count of 2^64-10 returns %ld", (long)done);
    right("EAGAIN");
}
