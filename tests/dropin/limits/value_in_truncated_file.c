/* SPDX-License-Identifier: MIT */
/* A value lies in a mapped file that is truncated after a first write from there. Must happen: EFAULT. (docs/dropin.md
 * admits SIGSEGV for a page "that was unmapped, or made unreadable"; here it is SIGBUS, and the page is still mapped.)
 */
#include "dropin/faults/judge.h"
int main(void) {
    judge_within(10, "hangs");
    int file = memfd_create("x", 0), fd = promoted_eventfd(EFD_NONBLOCK);
    if (ftruncate(file, 4096)) not_tried("memfd");
    uint64_t* v = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    *v = 1;
    for (int i = 0; i < 3; i++)
        if (write(fd, v, 8) != 8) fault("write");
    if (ftruncate(file, 0)) not_tried("memfd");
    if (write(fd, v, 8) != -1 || errno != EFAULT) fault("not EFAULT");
    right("EFAULT");
}
