/* SPDX-License-Identifier: MIT */
/* The first thread has ended. A promoted eventfd is added with EPOLLET; the epoll_event is in static memory.
 * Must happen: ten writes, ten edges. Under the drop-in the request cannot be looked at (ESRCH), the eventfd stays
 * promoted: one edge. */
#include "judge.h"
static pthread_t first;
static struct epoll_event asked[4096];
static void* rest(void* unused) {
    (void)unused;
    pthread_join(first, NULL);
    int fd = promoted_eventfd(EFD_NONBLOCK), epoll = epoll_create1(0), edges = 0;
    asked[2000].events = EPOLLIN | EPOLLET;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &asked[2000]) != 0) not_tried("epoll_ctl");
    for (int i = 0; i < 10; i++) {
        struct epoll_event event;
        add(fd, 1);
        edges += epoll_wait(epoll, &event, 1, 0) == 1;
    }
    if (edges != 10) fault("%d edges for 10 writes", edges);
    right("10 edges");
}
int main(void) {
    judge_within(20, "a call does not return");
    pthread_t thread;
    first = pthread_self();
    pthread_create(&thread, NULL, rest, NULL);
    pthread_exit(NULL);
}
