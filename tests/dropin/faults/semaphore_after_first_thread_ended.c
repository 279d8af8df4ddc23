/* SPDX-License-Identifier: MIT */
/* The first thread of a process ends by pthread_exit; another reads a semaphore eventfd into static memory, one unit
 * each. Must happen: each read returns 8 and one unit.
 * Once: EFAULT, and the unit was gone (process_vm_writev of getpid() is ESRCH once the thread group's leader has ended,
 * and was taken for EFAULT). */
#include "judge.h"
static uint64_t got[4096]; /* not on any stack, pages not seen before */
static void* rest(void* unused) {
    (void)unused;
    await_end_of_first_thread();
    int fd = promoted_eventfd(EFD_SEMAPHORE | EFD_NONBLOCK);
    int right_reads = 0, wrong = 0, error = 0;
    for (int i = 0; i < 100; i++) add(fd, 1);
    for (int i = 0; i < 100; i++) {
        uint64_t* to = &got[(i * 37) % 4096];
        *to = 0;
        ssize_t done = read(fd, to, 8);
        if (done == 8 && *to == 1)
            right_reads++;
        else {
            wrong++;
            error = done < 0 ? errno : 0;
        }
    }
    if (wrong)
        fault("%d of 100 reads of a semaphore with 100 units failed (%s); the units are %s", wrong, strerror(error),
              is_readable(fd) ? "there" : "gone");
    right("%d reads, one unit each", right_reads);
}
int main(void) {
    judge_within(20, "a call does not return");
    end_first_thread(rest);
}
