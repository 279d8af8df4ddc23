/* SPDX-License-Identifier: MIT */
/* A filter lets only sendmsg, write, exit_group and rt_sigreturn pass. The process has never made an eventfd. It calls
 * syscall(SYS_sendmsg) with a message in static memory. Must happen: the message is sent. */
#include "judge.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/socket.h>
static struct msghdr message;
static struct iovec vector;
static char text[8] = "text";
int main(void) {
    judge_within(20, "a call does not return");
    int pair[2];
    struct sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 4, 0),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 1, 0),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)) not_tried("socketpair");
    setvbuf(stdout, NULL, _IONBF, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    vector = (struct iovec){text, 4};
    message = (struct msghdr){.msg_iov = &vector, .msg_iovlen = 1};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) not_tried("seccomp: %s", strerror(errno));
    if (syscall(SYS_sendmsg, pair[0], &message, 0) != 4) fault("not sent");
    right("sent");
}
