/* SPDX-License-Identifier: MIT */
/* A handler sleeps in a thread that writes until another thread has read the eventfd without
 * blocking.
 *
 * Must happen: each read returns at once, whatever the handler does meanwhile.
 * Once: where the handler interrupted the drop-in while it flushed units, each waits for the other.
 */
#include "judge.h"

enum { signals = 8 };
static int fd;
static atomic_int begun, handled, may_end;

static void on_signal(int signal_number) {
    (void)signal_number;
    atomic_fetch_add(&begun, 1);
    while (atomic_load(&may_end) <= atomic_load(&handled)) usleep(100); /* pace: between looks */
    atomic_fetch_add(&handled, 1);
}

static void* writer(void* unused) {
    for (;;) flush_by_writes(fd);
    return unused;
}

int main(void) {
    judge_within(120, "a non-blocking read does not return");
    pthread_t thread;

    fd = promoted_eventfd(EFD_NONBLOCK);
    signal(SIGUSR1, on_signal);
    pthread_create(&thread, NULL, writer, NULL);
    usleep(10000); /* pace: between looks */
    for (int i = 0; i < signals; i++) {
        pthread_kill(thread, SIGUSR1);
        while (atomic_load(&begun) == i) usleep(100); /* pace: between looks */
        for (int k = 0; k < 3; k++) take(fd);
        atomic_store(&may_end, i + 1);
        while (atomic_load(&handled) == i) usleep(100); /* pace: between looks */
    }
    right("every read returned while the handler slept");
}
