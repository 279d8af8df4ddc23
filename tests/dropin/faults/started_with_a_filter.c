/* SPDX-License-Identifier: MIT */
/* A process is started with a filter that lets pass everything but getpid (EACCES... or death). docs/dropin.md lists
 * the calls that such a filter must let pass: preadv2, madvise, prlimit64, process_vm_readv, process_vm_writev. Must
 * happen: it runs. */
#include "judge.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#ifndef REFUSED
#define REFUSED SYS_getpid
#endif
int main(int argc, char** argv) {
    if (argc == 2) {
        static uint64_t value[4096];
        int fd = promoted_eventfd(EFD_NONBLOCK | EFD_SEMAPHORE);
        for (int i = 0; i < 8; i++) add(fd, 1);
        if (read(fd, &value[2000], 8) != 8) _exit(1);
        add(fd, 1);
        close(dup(fd));
        _exit(0);
    }
    judge_within(10, "hangs");
    int status;
    if (fork() == 0) {
        struct sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REFUSED, 0, 1),
                                       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                                       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
        struct sock_fprog program = {4, filter};
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(2);
        execl("/proc/self/exe", argv[0], "inner", NULL);
        _exit(2);
    }
    wait(&status);
    if (WIFSIGNALED(status)) fault("ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status)) fault("status %d", WEXITSTATUS(status));
    right("ran");
}
