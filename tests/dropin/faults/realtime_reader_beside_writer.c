/* SPDX-License-Identifier: MIT */
/* A real-time thread reads an eventfd without blocking; an ordinary thread on the same processor writes it.
 *
 * Must happen: each read returns within microseconds; no other thread has to run for it.
 * Once: where it preempted the writer while the drop-in flushed units, it spins and yields until the kernel takes
 * the processor from it (a second, or for ever with sched_rt_runtime_us = -1).
 */
#include "judge.h"

static int fd;

static void stay_on_processor_0(void) {
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    sched_setaffinity(0, sizeof first, &first);
}

static void* ordinary_writer(void* unused) {
    stay_on_processor_0();
    for (;;) flush_by_writes(fd);
    return unused;
}

int main(void) {
    judge_within(120, "a non-blocking read of a real-time thread does not return");
    struct sched_param priority = {.sched_priority = 50};
    struct timespec nearly_a_ms = {0, 997000};
    long reads = 0, slow = 0;
    double longest = 0, until;
    pthread_t thread;

    fd = promoted_eventfd(EFD_NONBLOCK);
    pthread_create(&thread, NULL, ordinary_writer, NULL);
    stay_on_processor_0();
    if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) not_tried("SCHED_FIFO: %s", strerror(errno));
    for (until = now() + seconds_to_try(5); now() < until; reads++) {
        nanosleep(&nearly_a_ms, NULL); /* pace: of the reader */
        double begun = now(), seconds;
        take(fd);
        seconds = now() - begun;
        if (seconds > longest) longest = seconds;
        if (seconds > 0.5) slow++;
    }
    if (slow > 0) fault("%ld of %ld non-blocking reads took more than 0.5 s, the longest %.1f s", slow, reads, longest);
    right("the longest of %ld reads took %.2f ms", reads, longest * 1e3);
}
