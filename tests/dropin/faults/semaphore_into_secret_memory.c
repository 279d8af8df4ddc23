/* SPDX-License-Identifier: MIT */
/* A semaphore eventfd is read into memory of memfd_secret(2). Must happen: read returns 8, the unit is there.
 * Under the drop-in: EFAULT, the unit is gone: process_vm_writev does not reach what read(2) does (also device memory:
 * VM_IO, VM_PFNMAP). */
#include "judge.h"
int main(void) {
    judge_within(20, "a call does not return");
    int secret = (int)syscall(447, 0);
    if (secret < 0 || ftruncate(secret, 4096)) not_tried("memfd_secret: %s", strerror(errno));
    uint64_t* to = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, secret, 0);
    if (to == MAP_FAILED) not_tried("mmap");
    *to = 0;
    int fd = promoted_eventfd(EFD_SEMAPHORE | EFD_NONBLOCK);
    for (int i = 0; i < 4; i++) add(fd, 1);
    for (int i = 0; i < 4; i++) {
        ssize_t done = read(fd, to, 8);
        if (done != 8 || *to != 1) fault("read %d returns %ld (%s)", i, (long)done, strerror(errno));
        *to = 0;
    }
    right("four units");
}
