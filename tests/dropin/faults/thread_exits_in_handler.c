/* SPDX-License-Identifier: MIT */
/* Threads write; each is soon ended by a handler that calls pthread_exit. Another thread reads without blocking.
 *
 * Must happen: the reader goes on, and each writer ends.
 * Once: a writer that ends while the drop-in hands its units back leaves the mark behind; its process is alive, so
 * all other threads wait for it for ever.
 */
#include "judge.h"

static int fd;
static atomic_ulong reads;
static atomic_int has_started;

static void on_signal(int signal_number) {
    (void)signal_number;
    pthread_exit(NULL);
}

static void* reader(void* unused) {
    for (;;) {
        take(fd);
        atomic_fetch_add(&reads, 1);
    }
    return unused;
}

static void* writer(void* unused) {
    atomic_store(&has_started, 1);
    for (;;) flush_by_writes(fd);
    return unused;
}

static void run_one_writer(void) {
    struct timespec by;
    pthread_t thread;

    atomic_store(&has_started, 0);
    pthread_create(&thread, NULL, writer, NULL);
    while (!atomic_load(&has_started)) sched_yield();
    usleep((useconds_t)(rand() % 300)); /* delay: to meet it at some moment of its work */
    pthread_kill(thread, SIGUSR1);
    clock_gettime(CLOCK_REALTIME, &by);
    by.tv_sec += 60;
    if (pthread_timedjoin_np(thread, NULL, &by) != 0) fault("a writer has not ended for 60 s");
}

int main(void) {
    judge_within(120, "no thread goes on");
    pthread_t thread;
    unsigned long reads_before = 0;
    double last_read = now(), until = now() + seconds_to_try(8);

    fd = promoted_eventfd(EFD_NONBLOCK);
    signal(SIGUSR1, on_signal);
    pthread_create(&thread, NULL, reader, NULL);
    while (now() < until) {
        run_one_writer();
        if (atomic_load(&reads) != reads_before) last_read = now();
        reads_before = atomic_load(&reads);
        if (now() - last_read > 60) fault("a non-blocking read has not returned for 60 s");
    }
    right("reader and writers went on all the time");
}
