/* SPDX-License-Identifier: MIT */
/* An epoll is shared by fork; the child watches it for edges in an epoll of its own. The parent makes an eventfd later,
 * adds it to the shared epoll, and writes ten times.
 *
 * Must happen: the child sees an edge for each write.
 * Once: that there are nested edges is noted in the child's memory alone; the parent's eventfd is promoted, its units
 * are cached, and the child sees the first edge only.
 */
#include "judge.h"

enum { writes = 10 };

static _Noreturn void count_edges(int inner, int to_parent) {
    int edges = 0, outer = epoll_create1(0);
    struct epoll_event for_edges = {.events = EPOLLIN | EPOLLET}, event;
    epoll_ctl(outer, EPOLL_CTL_ADD, inner, &for_edges);
    if (write(to_parent, "r", 1) != 1) _exit(255);
    while (epoll_wait(outer, &event, 1, 1000) == 1) {
        epoll_wait(inner, &event, 1, 0);
        edges++;
        if (write(to_parent, "e", 1) != 1) _exit(255);
    }
    _exit(edges);
}

int main(void) {
    judge_within(120, "a call does not return");
    int inner = epoll_create1(0), from_child[2], status;
    struct epoll_event for_level = {.events = EPOLLIN};
    char byte;

    if (pipe(from_child) != 0) not_tried("pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) count_edges(inner, from_child[1]);
    if (read(from_child[0], &byte, 1) != 1) not_tried("the child does not watch");
    int fd = promoted_eventfd(EFD_NONBLOCK);
    epoll_ctl(inner, EPOLL_CTL_ADD, fd, &for_level);
    for (int i = 0; i < writes; i++) {
        struct pollfd answer = {.fd = from_child[0], .events = POLLIN};
        add(fd, 1);
        if (poll(&answer, 1, 500) > 0 && read(from_child[0], &byte, 1) != 1) break;
    }
    waitpid(child, &status, 0);
    if (WEXITSTATUS(status) != writes) fault("%d writes, the child saw %d edges", writes, WEXITSTATUS(status));
    right("the child saw %d edges", writes);
}
