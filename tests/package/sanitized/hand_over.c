/* SPDX-License-Identifier: MIT */
/* tests/package/sanitized/hand_over.c: threads pass plain memory to each other by efd, in every way of the C interface.
 * Built with -fsanitize=thread against a libefd without it: no report. With -DRACE one access is unordered and must be
 * reported. Exit status 0: no report; ThreadSanitizer exits with 66 after one. */
#include <efd/efd.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>

enum { turns = 200 };

static efd_t *forth, *back, *other;
static efd_wait_set_t *set, *both;
static int fd, handed_over;
static efd_wait_queue_entry entry;
static efd_cancel_t* cancel;

static int called(efd_wait_queue_entry* of, unsigned key) {
    (void)of;
    if (key & POLLIN) ++handed_over;
    return 0;
}

static void read_one(efd_t* from) {
    uint64_t n;
    while (efd_read(from, &n) != 0) {
    }
}
static void try_until_there(efd_t* from) {
    uint64_t n;
    while (efd_try_read(from, &n) != 0) {
    }
}
static void read_number(int from) {
    uint64_t n;
    while (efd_fd_read(from, &n, sizeof n) != sizeof n) {
    }
}
static void wait_for_any(efd_wait_set_t* of) {
    efd_wait_set_event got;
    while (efd_wait_set_wait_any(of, &got, EFD_FOREVER) != 0) {
    }
}
static void wait_for_all(efd_wait_set_t* of) {
    efd_wait_set_event got[2];
    while (efd_wait_set_wait_all(of, got, 2, EFD_FOREVER) != 2) {
    }
}
static void look_until_there(efd_t* at) {
    while (efd_count(at) == 0) {
    }
    try_until_there(at);
}

/* One turn in each way: what happens before the write is visible after the read. */
static void* partner(void* unused) {
    const uint64_t one = 1;
    int i;
    for (i = 0; i < turns; ++i) {
        read_one(forth);
        ++handed_over;
        efd_write(back, 1);
        try_until_there(forth);
        ++handed_over;
        efd_signal(back);
        wait_for_any(set);
        ++handed_over;
        efd_write(back, 100);
        wait_for_all(both);
        ++handed_over;
        efd_signal_deferred(back);
        look_until_there(forth);
        ++handed_over;
        efd_fd_write(fd, &one, sizeof one);
    }
    return unused;
}

static void* cancelled(void* unused) {
    uint64_t n;
    efd_wait_options until = EFD_WAIT_OPTIONS_INIT;
    until.cancel = cancel;
    efd_read_with(other, &n, &until);
    ++handed_over;
    return unused;
}

int main(void) {
    pthread_t thread;
    int i;
    forth = efd_create(0, 0);
    back = efd_create(0, 0);
    other = efd_create(0, 0);
    set = efd_wait_set_create();
    both = efd_wait_set_create();
    fd = efd_eventfd(0, 0);
    cancel = efd_cancel_create();
    efd_wait_set_add(set, other, 1);
    efd_wait_set_add(both, forth, 1);
    efd_wait_set_add(both, other, 2);
    pthread_create(&thread, NULL, partner, NULL);
    for (i = 0; i < turns; ++i) {
        ++handed_over;
        efd_write(forth, 1);
#ifdef RACE
        ++handed_over;
#endif
        read_one(back);
        ++handed_over;
        efd_signal(forth);
        read_one(back);
        ++handed_over;
        efd_write(other, 1);
        read_one(back);
        ++handed_over;
        efd_write(other, 1);
        efd_write(forth, 1);
        read_one(back);
        ++handed_over;
        efd_write(forth, 1);
        read_number(fd);
    }
    pthread_join(thread, NULL);

    /* A callback runs in whatever thread signals. */
    entry.callback = called;
    entry.mask = POLLIN;
    efd_wait_queue_add(other, &entry, NULL);
    ++handed_over;
    pthread_create(&thread, NULL, cancelled, NULL);
    efd_cancel_request(cancel);
    pthread_join(thread, NULL);
    efd_signal(other);
    efd_wait_queue_remove(other, &entry);
    ++handed_over;
    printf("%d hand-overs\n", handed_over);
    return 0;
}
