/* SPDX-License-Identifier: MIT */
/* A child made by syscall(SYS_clone3), SYS_fork or _Fork is killed while it works on an eventfd that its parent shares.
 *
 * Must happen: the parent's non-blocking read returns at once.
 * Once: no handler of fork's runs in such a child, so the drop-in there takes its parent's number for its own; the
 * parent waits for itself for ever.
 */
#include "judge.h"
#include <linux/sched.h>

enum { rounds = 300 };

static pid_t raw_fork(int how) {
    struct clone_args new_process = {.exit_signal = SIGCHLD};
    if (how == 0) return (pid_t)syscall(SYS_clone3, &new_process, sizeof new_process);
    if (how == 1) return (pid_t)syscall(SYS_fork);
    return _Fork();
}

int main(void) {
    judge_within(120, "a non-blocking read does not return after the child was killed");
    double until = now() + seconds_to_try(10);

    for (int round = 0; round < rounds && now() < until; round++) {
        int fd = promoted_eventfd(EFD_NONBLOCK);
        pid_t child = raw_fork(round % 3);
        if (child == 0) flush_for_ever(fd);
        if (child < 0) not_tried("no raw fork: %s", strerror(errno));
        usleep((useconds_t)(1000 + rand() % 500)); /* delay: to meet it at some moment of its work */
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        take(fd);
        close(fd);
    }
    right("every read returned");
}
