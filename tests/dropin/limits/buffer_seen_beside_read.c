/* SPDX-License-Identifier: MIT */
/* A thread reads an eventfd into a variable that another thread watches. Must happen: the variable goes from 0 to 3 at
 * once. Under the drop-in the kernel's part (1) is seen first, then the sum; a watcher that takes it meanwhile changes
 * the sum. */
#include "dropin/faults/judge.h"
static _Atomic uint64_t box, seen, taken;
static atomic_long round_now;
static void* watches(void* unused) {
    (void)unused;
    for (long mine = 1;; mine++) {
        uint64_t value;
        while (round_now < mine) continue;
        while ((value = box) == 0) continue;
        seen = value;
        taken = (uint64_t)mine;
    }
    return NULL;
}
int main(void) {
    judge_within(18, "a call does not return");
    pthread_t t;
    long rounds = 0, partly = 0;
    int fd = promoted_eventfd(EFD_NONBLOCK);
    pthread_create(&t, NULL, watches, NULL);
    for (double until = now() + seconds_to_try(5); now() < until;) {
        rounds++;
        box = 0;
        add(fd, 1);
        add(fd, 2);
        round_now = rounds;
        if (read(fd, (void*)&box, 8) != 8) fault("read: %s", strerror(errno));
        while (taken < (uint64_t)rounds) continue;
        partly += seen != 3;
    }
    if (partly)
        fault("in %ld of %ld rounds another value than 3 was seen, last %lu", partly, rounds, (unsigned long)seen);
    right("3 in each of %ld rounds", rounds);
}
