/* SPDX-License-Identifier: MIT */
/* A child in a pid namespace of its own is killed while it works on an eventfd that its parent shares.
 *
 * Must happen: the parent's non-blocking read returns at once.
 * Once: the child has marked the eventfd with its number in its own namespace, 1, and a process with that number always
 * lives in the parent's.
 */
#include "judge.h"

enum { rounds = 300 };

/* The child's number as the parent sees it; it is adopted by the judge when its own parent has ended. */
static pid_t start_in_a_pid_namespace(int fd) {
    int to_parent[2];
    pid_t child = -1;

    if (pipe(to_parent) < 0) not_tried("pipe: %s", strerror(errno));
    pid_t between = fork();
    if (between == 0) {
        if (unshare(CLONE_NEWPID) == 0 && (child = fork()) == 0) flush_for_ever(fd);
        if (write(to_parent[1], &child, sizeof child) < 0) _exit(1);
        _exit(0);
    }
    if (read(to_parent[0], &child, sizeof child) != sizeof child) child = -1;
    close(to_parent[0]);
    close(to_parent[1]);
    waitpid(between, NULL, 0);
    return child;
}

int main(void) {
    judge_within(120, "a non-blocking read does not return after the other process was killed");
    double until = now() + seconds_to_try(10);

    for (int round = 0; round < rounds && now() < until; round++) {
        int fd = promoted_eventfd(EFD_NONBLOCK);
        pid_t child = start_in_a_pid_namespace(fd);
        if (child < 0) not_tried("there can be no pid namespace here");
        usleep((useconds_t)(1000 + rand() % 500)); /* delay: to meet it at some moment of its work */
        kill(child, SIGKILL);
        usleep(2000); /* delay: until it is dead */
        take(fd);
        close(fd);
    }
    right("every read returned");
}
