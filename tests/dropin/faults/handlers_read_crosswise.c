/* SPDX-License-Identifier: MIT */
/* Two threads each write an eventfd; a timer's handler in each reads the other's, without blocking.
 *
 * Must happen: both go on.
 * Once: each is interrupted while the drop-in hands its own units back, and waits in its handler for the other: a
 * deadlock.
 */
#include "judge.h"

enum { attempts = 5 };
static int fds[2];
static _Thread_local int read_by_handler = -1;
static atomic_ulong progress[2];

static void on_timer(int signal_number) {
    int saved = errno;
    (void)signal_number;
    if (read_by_handler >= 0) take(read_by_handler);
    errno = saved;
}

static void* writer(void* which) {
    int own = (int)(intptr_t)which;
    struct sigevent to_this_thread = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    struct itimerspec each_30_us = {{0, 30000}, {0, 30000}};
    timer_t timer;

    read_by_handler = fds[1 - own];
    to_this_thread._sigev_un._tid = gettid();
    timer_create(CLOCK_MONOTONIC, &to_this_thread, &timer);
    timer_settime(timer, 0, &each_30_us, NULL);
    for (;;) {
        flush_by_writes(fds[own]);
        atomic_fetch_add(&progress[own], 1);
    }
    return NULL;
}

/* One attempt, in a process of its own: whether both threads went on. */
static int both_go_on(void) {
    struct sigaction act = {.sa_handler = on_timer, .sa_flags = SA_RESTART};
    unsigned long before[2] = {0, 0};
    double last_progress, until = now() + seconds_to_try(2);
    pthread_t threads[2];

    for (int i = 0; i < 2; i++) fds[i] = promoted_eventfd(EFD_NONBLOCK);
    sigaction(SIGUSR1, &act, NULL);
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, writer, (void*)(intptr_t)i);
    for (last_progress = now(); now() < until || now() - last_progress > 0.5;
         usleep(100000)) { /* pace: between looks */
        for (int i = 0; i < 2; i++) {
            unsigned long current = atomic_load(&progress[i]);
            if (current != before[i]) last_progress = now();
            before[i] = current;
        }
        if (now() - last_progress > 60) return 0;
    }
    return 1;
}

int main(void) {
    judge_within(120, "the program does not go on");
    for (int attempt = 0; attempt < attempts; attempt++) {
        int status;
        pid_t process = fork();
        if (process == 0) _exit(both_go_on() ? 0 : 1);
        waitpid(process, &status, 0);
        if (status != 0) fault("neither thread has gone on for 60 s; attempt %d", attempt);
    }
    right("both went on in %d attempts", attempts);
}
