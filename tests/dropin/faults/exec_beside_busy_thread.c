/* SPDX-License-Identifier: MIT */
/* A child with a busy thread becomes another program by exec; the parent shares an eventfd with it, close-on-exec.
 *
 * Must happen: the parent's non-blocking read returns at once.
 * Once: the thread ended in exec while the drop-in flushed units. The process still lives, as another program, and
 * the parent's read waits until that one ends.
 */
#include "judge.h"

static int fd;

static _Noreturn void become_sleep(int round) {
    pthread_t thread;
    pthread_create(&thread, NULL, busy, &fd);
    usleep((useconds_t)(1000 + rand() % 500 + round % 100)); /* delay: to meet it at some moment of its work */
    execl("/bin/sleep", "sleep", "60", (char*)NULL);
    _exit(127);
}

static void await_sleep(pid_t child) {
    char path[64], name[16] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", child);
    while (strncmp(name, "sleep", 5) != 0) {
        int comm = open(path, O_RDONLY | O_CLOEXEC);
        if (comm < 0 || read(comm, name, sizeof name) < 0) not_tried("%s cannot be read", path);
        close(comm);
        usleep(200); /* pace: between looks at /proc */
    }
}

int main(void) {
    judge_within(120, "a non-blocking read does not return");
    double until = now() + seconds_to_try(12);

    for (int round = 0; now() < until; round++) {
        fd = promoted_eventfd(EFD_NONBLOCK | EFD_CLOEXEC);
        pid_t child = fork();
        if (child == 0) become_sleep(round);
        await_sleep(child);
        take(fd);
        int waited = waitpid(child, NULL, WNOHANG) != 0;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        close(fd);
        if (waited) fault("a non-blocking read returned when the other program had ended; round %d", round);
    }
    right("every read returned at once");
}
