/* SPDX-License-Identifier: MIT */
/* The same count by libc's inner name __open (GLIBC_2.2.5). */
#include "judge.h"
extern int __open(const char*, int, ...);
int main(void) {
    judge_within(10, "hangs");
    char name[64], text[512] = "";
    int fd = promoted_eventfd(EFD_NONBLOCK);
    for (int i = 0; i < 5; i++) add(fd, 1);
    snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
    int info = __open(name, O_RDONLY);
    if (info < 0 || read(info, text, sizeof text - 1) <= 0) not_tried("%s", name);
    unsigned long count = 0;
    char* at = strstr(text, "eventfd-count:");
    if (at == NULL || sscanf(at, "eventfd-count: %lx", &count) != 1) not_tried("no count");
    if (count != 5) fault("the count is 5, %s shows %lu", name, count);
    right("5");
}
