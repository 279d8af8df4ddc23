/* SPDX-License-Identifier: MIT */
/* A timer's handler jumps out of non-blocking writes again and again; another thread reads without blocking.
 *
 * Must happen: write is async-signal-safe, so the jump is allowed, and a non-blocking read never waits.
 * Once: the jump leaves the drop-in while it hands units back. The mark that says so stays, its owner is alive, and
 * every later read and write of the eventfd waits for ever.
 */
#include "judge.h"

static sigjmp_buf jumped;
static volatile sig_atomic_t is_armed;
static int fd;
static atomic_ulong reads;

static void on_alarm(int signal_number) {
    (void)signal_number;
    if (is_armed) siglongjmp(jumped, 1);
}

static void* reader(void* unused) {
    for (;;) {
        take(fd);
        atomic_fetch_add(&reads, 1);
    }
    return unused;
}

static void write_until_the_jump(void) {
    if (sigsetjmp(jumped, 1) == 0) {
        is_armed = 1;
        for (int i = 0; i < 2000; i++) flush_by_writes(fd);
    }
    is_armed = 0;
}

int main(void) {
    judge_within(120, "a non-blocking write does not return after a jump out of an earlier one");
    struct sigaction jump = {.sa_handler = on_alarm, .sa_flags = SA_NODEFER};
    struct itimerval each_100_us = {{0, 100}, {0, 100}};
    sigset_t alarm_alone;
    pthread_t thread;

    fd = promoted_eventfd(EFD_NONBLOCK);
    sigemptyset(&alarm_alone);
    sigaddset(&alarm_alone, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_alone, NULL); /* not in the reader */
    pthread_create(&thread, NULL, reader, NULL);
    pthread_sigmask(SIG_UNBLOCK, &alarm_alone, NULL);
    sigaction(SIGALRM, &jump, NULL);
    setitimer(ITIMER_REAL, &each_100_us, NULL);

    unsigned long reads_before = 0;
    double last_read = now(), until = now() + seconds_to_try(8);
    while (now() < until) {
        write_until_the_jump();
        if (atomic_load(&reads) != reads_before) last_read = now();
        reads_before = atomic_load(&reads);
        if (now() - last_read > 60) fault("a non-blocking read has not returned for 60 s");
    }
    right("the reader went on all the time");
}
