/* SPDX-License-Identifier: MIT */
/* A forked child is killed while it works on an eventfd; its parent has no free descriptor, and reads before it waits
 * for it.
 *
 * Must happen: the parent's non-blocking read returns at once.
 * Once: whether the child is a zombie is asked of /proc, which cannot be opened then; its number is still taken, so the
 * parent waits for it for ever.
 */
#include "judge.h"

int main(void) {
    judge_within(120, "a non-blocking read does not return after the child was killed");
    struct rlimit as_it_was;
    long rounds = 0;

    getrlimit(RLIMIT_NOFILE, &as_it_was);
    for (double until = now() + seconds_to_try(10); now() < until; rounds++) {
        int fd = promoted_eventfd(EFD_NONBLOCK);
        struct rlimit up_to_the_eventfd = {(rlim_t)fd + 1, as_it_was.rlim_max};
        setrlimit(RLIMIT_NOFILE, &up_to_the_eventfd);
        while (fcntl(0, F_DUPFD, 0) >= 0) continue;
        pid_t child = fork();
        if (child == 0) flush_for_ever(fd);
        usleep((useconds_t)(1000 + rand() % 500)); /* delay: to meet it at some moment of its work */
        kill(child, SIGKILL);
        usleep(2000); /* delay: until it is dead */
        take(fd);
        waitpid(child, NULL, 0);
        close(fd);
        setrlimit(RLIMIT_NOFILE, &as_it_was);
    }
    right("every read of %ld rounds returned", rounds);
}
