/* SPDX-License-Identifier: MIT */
/* A program changes its directory to /proc/self/fdinfo and opens "./N". Must happen: it shows the whole count. */
#include "judge.h"
int main(void) {
    judge_within(10, "hangs");
    char name[32], text[512] = "";
    int fd = promoted_eventfd(EFD_NONBLOCK);
    for (int i = 0; i < 5; i++) add(fd, 1);
    if (chdir("/proc/self/fdinfo")) not_tried("no /proc");
    snprintf(name, sizeof name, "./%d", fd);
    int info = open(name, O_RDONLY);
    if (info < 0 || read(info, text, sizeof text - 1) <= 0) not_tried("%s", name);
    unsigned long count = 0;
    char* at = strstr(text, "eventfd-count:");
    if (at == NULL || sscanf(at, "eventfd-count: %lx", &count) != 1) not_tried("no count");
    if (count != 5) fault("the count is 5, %s shows %lu", name, count);
    right("5");
}
