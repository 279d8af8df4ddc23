/* SPDX-License-Identifier: MIT */
/* The same count by libc's inner name __open (GLIBC_2.2.5). */
#include "judge.h"
extern int __open(const char*, int, ...);
int main(void) {
    judge_within(10, "hangs");
    char name[64];
    int fd = promoted_eventfd(EFD_NONBLOCK);
    for (int i = 0; i < 5; i++) add(fd, 1);
    snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
    int info = __open(name, O_RDONLY);
    judge_shown_count(info, name, 5);
}
