/* SPDX-License-Identifier: MIT */
// tests/dropin/programs/libevent_load.c: a thread activates an event of libevent's loop, waits until it was noticed,
// and does so N times; knows nothing of efd.
#include <dirent.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

static long wanted;
static long noticed;
static sem_t next;
static struct event_base* base;
static struct event* wakeup;

static void look(evutil_socket_t fd, short what, void* data) {
    (void)fd;
    (void)what;
    (void)data;
    if (++noticed == wanted) event_base_loopbreak(base);
    sem_post(&next);
}

static void* give(void* data) {
    for (long i = 0; i < wanted; ++i) {
        event_active(wakeup, EV_READ, 0);
        sem_wait(&next);
    }
    return data;
}

static int descriptors(void) {
    int number = 0;
    DIR* all = opendir("/proc/self/fd");
    while (readdir(all) != NULL) ++number;
    closedir(all);
    return number;
}

int main(int argc, char** argv) {
    wanted = argc > 1 ? atol(argv[1]) : 20000;
    sem_init(&next, 0, 0);
    evthread_use_pthreads();
    base = event_base_new();
    wakeup = event_new(base, -1, EV_PERSIST, look, NULL);
    const struct timeval for_long = {1000, 0};
    event_add(wakeup, &for_long);
    pthread_t giver;
    if (pthread_create(&giver, NULL, give, NULL) != 0) return 1;
    event_base_dispatch(base);
    pthread_join(giver, NULL);
    event_free(wakeup);
    event_base_free(base);
    printf("%ld noticed, %d descriptors\n", noticed, descriptors());
    return 0;
}
