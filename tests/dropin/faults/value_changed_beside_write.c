/* SPDX-License-Identifier: MIT */
/* One thread toggles a value between 0 and 1 while another writes it to an eventfd; then a unit is written for certain.
 *
 * Must happen: after that write the eventfd is readable. Whether the racing write added 0 or 1 does not matter.
 * Once: the drop-in and the kernel may see different values in the racing write. Where the kernel adds 0 and the
 * drop-in noted that there are units, the next write is cached and no poll reports it. About once in a million rounds.
 */
#include "judge.h"

static _Atomic uint64_t value = 1;

static void* toggle(void* unused) {
    for (;;) {
        atomic_store_explicit(&value, 0, memory_order_relaxed);
        atomic_store_explicit(&value, 1, memory_order_relaxed);
    }
    return unused;
}

int main(void) {
    judge_within(120, "a non-blocking call does not return");
    int fd = promoted_eventfd(EFD_NONBLOCK);
    long rounds = 0;
    pthread_t thread;

    if (write(fd, (void*)&value, sizeof value) != sizeof value) not_tried("write: %s", strerror(errno));
    pthread_create(&thread, NULL, toggle, NULL);
    for (double until = now() + seconds_to_try(15); now() < until; rounds++) {
        while (take(fd) > 0) continue;
        if (write(fd, (void*)&value, sizeof value) < 0) continue;
        add(fd, 1);
        if (!is_readable(fd)) fault("after a write of 1 the eventfd is not readable; round %ld", rounds);
    }
    right("readable after each of %ld writes", rounds);
}
