/* SPDX-License-Identifier: MIT */
/* The value of a write lies in memory of memfd_secret(2). Must happen: a write beyond 2^64-2 says EAGAIN. */
#include "judge.h"
int main(void) {
    judge_within(20, "a call does not return");
    int secret = (int)syscall(447, 0);
    if (secret < 0 || ftruncate(secret, 4096)) not_tried("memfd_secret: %s", strerror(errno));
    uint64_t* from = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, secret, 0);
    if (from == MAP_FAILED) not_tried("mmap");
    int fd = promoted_eventfd(EFD_NONBLOCK);
    add(fd, 1);
    *from = UINT64_MAX - 20;
    if (write(fd, from, 8) != 8) fault("%s", strerror(errno));
    ssize_t done = add(fd, 1000);
    if (done != -1 || errno != EAGAIN) fault("a write beyond the bound returns %ld", (long)done);
    right("EAGAIN");
}
