/* SPDX-License-Identifier: MIT */
/* An epoll goes to a child by SCM_RIGHTS while the process has no eventfd; the child puts it into its own for edges.
 * Then the parent adds an eventfd to it (level) and writes ten times. Must happen: the child sees ten edges. */
#include "judge.h"
#include <sys/socket.h>
int main(void) {
    judge_within(10, "hangs");
    int pair[2], ready[2];
    char byte = 'x';
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } c = {.align = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
    struct iovec v = {&byte, 1};
    struct msghdr h = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c.room};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || pipe(ready)) not_tried("socketpair");
    pid_t child = fork();
    if (child == 0) {
        int inner, edges = 0, outer = epoll_create1(0);
        struct epoll_event event = {.events = EPOLLIN | EPOLLET};
        if (recvmsg(pair[1], &h, 0) != 1) _exit(99);
        memcpy(&inner, CMSG_DATA(&c.align), sizeof inner);
        if (epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event) || write(ready[1], "r", 1) != 1) _exit(99);
        while (epoll_wait(outer, &event, 1, 1000) == 1) edges++;
        _exit(edges);
    }
    int inner = epoll_create1(0);
    struct msghdr plain = {.msg_iov = &v, .msg_iovlen = 1};
    int other[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, other) || sendmsg(other[0], &plain, 0) != 1)
        not_tried("sendmsg"); /* the first call's rule runs */
    memcpy(CMSG_DATA(&c.align), &inner, sizeof inner);
    if (sendmsg(pair[0], &h, 0) != 1 || read(ready[0], &byte, 1) != 1) not_tried("sendmsg");
    int fd = promoted_eventfd(EFD_NONBLOCK);
    judge_edges_of_child(fd, inner, child);
}
