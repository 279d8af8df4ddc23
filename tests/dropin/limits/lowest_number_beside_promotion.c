/* SPDX-License-Identifier: MIT */
/* One thread writes and reads eventfds. The other closes number 50 and opens a file: it gets number 50, the lowest free
 * one, as nobody else in the process opens anything. Must happen: it is always 50. A process with some thousand
 * mappings, forty times. Under the drop-in a promotion opens /proc/thread-self/maps, by the lowest free number, and
 * keeps it while it reads. */
#include "dropin/faults/judge.h"
static int fds[16];
static atomic_int done, go;
static void* promotes(void* unused) {
    (void)unused;
    go = 1;
    for (int i = 0; i < 16; i++)
        for (int round = 0; round < 40; round++) {
            for (int j = 0; j < 4; j++) add(fds[i], 1);
            while (is_readable(fds[i])) take(fds[i]);
        }
    done = 1;
    return NULL;
}
static int tries(void) {
    pthread_t t;
    int other = 0;
    for (int i = 0; i < 16; i++) fds[i] = eventfd(0, EFD_NONBLOCK);
    int null = open("/dev/null", O_RDWR);
    for (int i = null; i < 60; i++)
        if (dup(null) < 0) return 0;
    pthread_create(&t, NULL, promotes, NULL);
    while (!go) continue;
    while (!done) {
        close(50);
        int got = open("/dev/null", O_RDWR);
        if (got != 50) {
            other++;
            dup2(null, 50);
            close(got);
        }
    }
    return other;
}
int main(void) {
    judge_within(18, "a call does not return");
    int bad = 0, status;
    for (int i = 0; i < 4000; i++) mmap(NULL, 4096, i & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0) _exit(tries() > 0);
        waitpid(child, &status, 0);
        bad += status != 0;
    }
    if (bad) fault("in %d of 40 processes a file did not get the number that had just been closed", bad);
    right("always the lowest number");
}
