/* SPDX-License-Identifier: MIT */
/* A program changes its directory to /proc/self/fdinfo and opens "./N". Must happen: it shows the whole count. */
#include "judge.h"
int main(void) {
    judge_within(10, "hangs");
    char name[32];
    int fd = promoted_eventfd(EFD_NONBLOCK);
    for (int i = 0; i < 5; i++) add(fd, 1);
    if (chdir("/proc/self/fdinfo")) not_tried("no /proc");
    snprintf(name, sizeof name, "./%d", fd);
    int info = open(name, O_RDONLY);
    judge_shown_count(info, name, 5);
}
