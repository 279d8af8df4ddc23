/* SPDX-License-Identifier: MIT */
/* A child made by posix_spawn inherits an epoll, and puts it into an epoll of its own, for edges. Then the parent adds
 * an eventfd to the inherited one (level) and writes ten times. Must happen: ten edges. (A fork would have been
 * noticed.) */
#include "judge.h"
#include <spawn.h>
extern char** environ;
int main(int argc, char** argv) {
    if (argc == 3) {
        int inner = atoi(argv[1]), out = atoi(argv[2]), outer = epoll_create1(0), edges = 0;
        struct epoll_event event = {.events = EPOLLIN | EPOLLET};
        if (epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event)) _exit(99);
        if (write(out, "r", 1) != 1) _exit(99);
        while (epoll_wait(outer, &event, 1, 1000) == 1) edges++;
        _exit(edges);
    }
    judge_within(20, "a call does not return");
    int inner = epoll_create1(0), ready[2];
    char a[16], b[16], c, *arguments[] = {argv[0], a, b, NULL};
    pid_t child;
    if (pipe(ready)) not_tried("pipe");
    snprintf(a, 16, "%d", inner);
    snprintf(b, 16, "%d", ready[1]);
    if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ)) not_tried("spawn");
    if (read(ready[0], &c, 1) != 1) not_tried("child");
    int fd = promoted_eventfd(EFD_NONBLOCK);
    judge_edges_of_child(fd, inner, child);
}
