/* SPDX-License-Identifier: MIT */
/* A signal comes while a thread is at the beginning of a read that will sleep; its handler reads a thousand times.
 * While the read sleeps, a second handler writes. Must happen: the read gets all three units that the second handler
 * left. A tracer delivers the first signal after each number of instructions in turn. */
#include "steps.h"
static int fd;
static void first(int unused) {
    (void)unused;
    for (int i = 0; i < 1100; i++) {
        add(fd, 1);
        take(fd);
    }
}
static void later(int unused) {
    (void)unused;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 4; i++) add(fd, 1);
        take(fd);
    }
    for (int i = 0; i < 3; i++) add(fd, 1);
}
static void body(void) {
    struct sigaction action = {.sa_handler = first, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = later;
    sigaction(SIGUSR2, &action, NULL);
    uint64_t units = 0;
    fd = promoted_eventfd(0);
    for (int i = 0; i < 100; i++) {
        add(fd, 1);
        take(fd);
    }
    mark();
    if (read(fd, &units, 8) != 8) _exit(77);
    if (units != 3) _exit(100 + (int)units + (is_readable(fd) ? 10 : 0));
    _exit(0);
}
int main(void) {
    judge_within(20, "hangs");
    int bad = 0, at = 0, code = 0, k;
    for (k = 1; k < 250; k++) {
        const int c = run_stepped(body, k);
        if (c == ended_before) break;
        if (c) bad++, at = k, code = c;
    }
    if (k < 5) not_tried("stepped through %d instructions", k);
    if (bad)
        fault("at %d of %d instructions, last %d: code %d (100 + what the read got, 110 if poll showed more)", bad, k,
              at, code);
    right("three after each of %d instructions", k);
}
