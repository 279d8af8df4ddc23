/* SPDX-License-Identifier: MIT */
/* The first thread has ended; an eventfd goes to another process by SCM_RIGHTS, the message is in static memory.
 * Must happen: the other process reads all units that are written afterwards. */
#include "judge.h"
#include <sys/socket.h>
static struct {
    char pad[8192];
    struct msghdr message;
    struct iovec vector;
    char byte;
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    char more[8192];
} m;
static void* rest(void* unused) {
    (void)unused;
    int pair[2], back[2];
    uint64_t seen = 0;
    await_end_of_first_thread();
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) || pipe(back)) not_tried("socketpair");
    if (fork() == 0) {
        char byte;
        union {
            char room[CMSG_SPACE(sizeof(int))];
            struct cmsghdr align;
        } c;
        struct iovec v = {&byte, 1};
        struct msghdr h = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c};
        int fd;
        if (recvmsg(pair[1], &h, 0) != 1) _exit(1);
        memcpy(&fd, CMSG_DATA(&c.align), sizeof fd);
        if (recv(pair[1], &byte, 1, 0) != 1) _exit(1);
        seen = take(fd);
        if (write(back[1], &seen, 8) != 8) _exit(1);
        _exit(0);
    }
    int fd = promoted_eventfd(EFD_NONBLOCK);
    m.vector = (struct iovec){&m.byte, 1};
    m.message = (struct msghdr){
        .msg_iov = &m.vector, .msg_iovlen = 1, .msg_control = &m.control, .msg_controllen = sizeof m.control.room};
    m.control.align =
        (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(&m.control.align), &fd, sizeof fd);
    if (sendmsg(pair[0], &m.message, 0) != 1) not_tried("sendmsg: %s", strerror(errno));
    for (int i = 0; i < 5; i++) add(fd, 1);
    if (send(pair[0], "x", 1, 0) != 1 || read(back[0], &seen, 8) != 8) not_tried("the other process");
    if (seen != 5)
        fault("five units were written, the other process read %lu; poll says %d", (unsigned long)seen,
              is_readable(fd));
    right("the other process read five");
}
int main(void) {
    judge_within(20, "a call does not return");
    end_first_thread(rest);
}
