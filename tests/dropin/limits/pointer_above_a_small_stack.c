/* SPDX-License-Identifier: MIT */
/* A coroutine's stack ends where nothing may be touched. It writes from there, and reads a semaphore to there: EFAULT
 * must happen. */
#include "dropin/faults/judge.h"
#include <ucontext.h>
static ucontext_t outer, inner;
static char* end;
static int fd;
static void body(void) {
    add(fd, 1);
    ssize_t done = write(fd, end, 8);
    if (done != -1 || errno != EFAULT) fault("a write from there returns %ld", (long)done);
    swapcontext(&inner, &outer);
}
int main(void) {
    judge_within(10, "hangs");
    char* stack = mmap(NULL, 69632, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    end = stack + 65536;
    mprotect(end, 4096, PROT_NONE);
    fd = promoted_eventfd(EFD_NONBLOCK);
    getcontext(&inner);
    inner.uc_stack.ss_sp = stack;
    inner.uc_stack.ss_size = 65536;
    makecontext(&inner, body, 0);
    swapcontext(&outer, &inner);
    right("EFAULT");
}
