/* SPDX-License-Identifier: MIT */
/* A process whose first thread has ended is stopped by SIGSTOP; another reads the eventfd that they share, without
 * blocking.
 *
 * Must happen: the read returns at once.
 * Once: /proc/PID/stat tells of the first thread, a zombie, and not that the others are stopped; where one was stopped
 * while the drop-in flushed its units, the read takes until SIGCONT.
 */
#include "judge.h"

enum { rounds = 40 };
static int fd;

static pid_t start_leaderless(void) {
    pthread_t thread;
    pid_t child = fork();
    if (child != 0) return child;
    pthread_create(&thread, NULL, busy, &fd);
    pthread_exit(NULL);
}

int main(void) {
    judge_within(120, "a non-blocking read does not return");
    atomic_int* is_continued = shared_word();
    double until = now() + seconds_to_try(10);

    for (int round = 0; round < rounds && now() < until; round++) {
        fd = promoted_eventfd(EFD_NONBLOCK);
        pid_t stopped = start_leaderless();
        usleep((useconds_t)(3000 + rand() % 1000)); /* delay: to meet it at some moment of its work */
        kill(stopped, SIGSTOP);
        usleep(1000); /* delay: until it is stopped */
        pid_t continuer = fork();
        if (continuer == 0) {
            sleep(60); /* delay: the read returns before, or never would */
            atomic_store(is_continued, 1);
            kill(stopped, SIGCONT);
            _exit(0);
        }
        take(fd);
        int waited = atomic_load(is_continued);
        kill(continuer, SIGKILL);
        kill(stopped, SIGKILL);
        waitpid(continuer, NULL, 0);
        waitpid(stopped, NULL, 0);
        close(fd);
        if (waited) fault("a non-blocking read returned at SIGCONT; round %d", round);
    }
    right("every read returned at once");
}
