/* SPDX-License-Identifier: MIT */
/* dprintf writes eight bytes to an eventfd, by libc's own write. Must happen: a write beyond 2^64-2 says EAGAIN. */
#include "judge.h"
int main(void) {
    judge_within(20, "a call does not return");
    int fd = promoted_eventfd(EFD_NONBLOCK);
    add(fd, 1);
    if (dprintf(fd, "%c%c%c%c%c%c%c%c", 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) != 8) not_tried("dprintf");
    ssize_t done = add(fd, 1000);
    if (done != -1 || errno != EAGAIN) fault("a write beyond the bound returns %ld", (long)done);
    right("EAGAIN");
}
