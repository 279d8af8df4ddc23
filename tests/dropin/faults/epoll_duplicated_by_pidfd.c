/* SPDX-License-Identifier: MIT */
/* A process gets a second number for its own epoll by pidfd_getfd, and puts it into another epoll for edges. Then an
 * eventfd goes into the first (level). Must happen: ten writes, ten edges. */
#include "judge.h"
int main(void) {
    judge_within(10, "hangs");
    int inner = epoll_create1(0), outer = epoll_create1(0);
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0),
        second = self < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, self, inner, 0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (second < 0) not_tried("pidfd_getfd: %s", strerror(errno));
    int fd = promoted_eventfd(EFD_NONBLOCK);
    if (epoll_ctl(outer, EPOLL_CTL_ADD, second, &event)) not_tried("epoll_ctl");
    event.events = EPOLLIN;
    epoll_ctl(inner, EPOLL_CTL_ADD, fd, &event);
    judge_edges_of_ten_writes(fd, outer);
}
