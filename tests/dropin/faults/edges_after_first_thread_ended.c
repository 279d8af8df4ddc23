/* SPDX-License-Identifier: MIT */
/* The first thread has ended. A promoted eventfd is added with EPOLLET; the epoll_event is in static memory.
 * Must happen: ten writes, ten edges.
 * Once: the request could not be looked at (ESRCH), and the eventfd stayed promoted: one edge. */
#include "judge.h"
static struct epoll_event asked[4096];
static void* rest(void* unused) {
    (void)unused;
    await_end_of_first_thread();
    int fd = promoted_eventfd(EFD_NONBLOCK), epoll = epoll_create1(0);
    asked[2000].events = EPOLLIN | EPOLLET;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &asked[2000]) != 0) not_tried("epoll_ctl");
    judge_edges_of_ten_writes(fd, epoll);
}
int main(void) {
    judge_within(20, "a call does not return");
    end_first_thread(rest);
}
