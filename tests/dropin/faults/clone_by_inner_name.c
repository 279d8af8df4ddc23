/* SPDX-License-Identifier: MIT */
/* A child made by libc's __clone, with its own memory and descriptors, reads the eventfd. Must happen: all units. */
#include "judge.h"
extern int __clone(int (*)(void*), void*, int, void*, ...);
static int fd;
static int child(void* unused) {
    (void)unused;
    uint64_t n = take(fd);
    return (int)n;
}
int main(void) {
    judge_within(10, "hangs");
    static char stack[65536];
    int status;
    fd = promoted_eventfd(EFD_NONBLOCK);
    for (int i = 0; i < 5; i++) add(fd, 1);
    pid_t pid = __clone(child, stack + sizeof stack, SIGCHLD, NULL);
    waitpid(pid, &status, 0);
    if (WEXITSTATUS(status) != 5) fault("the child read %d of 5", WEXITSTATUS(status));
    right("5");
}
