/* SPDX-License-Identifier: MIT */
/* A semaphore is read into a page that was made read-only since. Must happen: EFAULT. (docs/dropin.md admits "unmapped"
 * only.) */
#include "dropin/faults/judge.h"
int main(void) {
    judge_within(10, "hangs");
    int fd = promoted_eventfd(EFD_NONBLOCK | EFD_SEMAPHORE);
    uint64_t* to = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 8; i++) add(fd, 1);
    for (int i = 0; i < 3; i++)
        if (read(fd, to, 8) != 8) fault("read");
    mprotect(to, 4096, PROT_READ);
    if (read(fd, to, 8) != -1 || errno != EFAULT) fault("not EFAULT");
    right("EFAULT");
}
