/* SPDX-License-Identifier: MIT */
/* A loop puts an epoll into an epoll for edges while the process has no eventfd; then an eventfd goes into the inner
 * one (level). Must happen: ten writes, ten edges of the outer.
 * Once: the rule for nested edges was skipped while no eventfd existed. */
#include "judge.h"
int main(void) {
    judge_within(10, "hangs");
    int inner = epoll_create1(0), outer = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int pipes[2];
    if (pipe(pipes) || epoll_ctl(outer, EPOLL_CTL_ADD, pipes[0], &(struct epoll_event){.events = EPOLLIN}))
        not_tried("pipe"); /* the first call's rule runs */
    if (epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event)) not_tried("epoll_ctl");
    int fd = promoted_eventfd(EFD_NONBLOCK);
    event.events = EPOLLIN;
    epoll_ctl(inner, EPOLL_CTL_ADD, fd, &event);
    judge_edges_of_ten_writes(fd, outer);
}
