/* SPDX-License-Identifier: MIT */
/* examples/hello.c: the program of the README: a worker signals, main sleeps until there is something to read.
 *
 * Promises: no unit is lost. A program with signal handlers without SA_RESTART reads again after EINTR. */
#include <efd/efd.h>
#include <pthread.h>
#include <stdio.h>

static void* work(void* done) {
    int item;
    for (item = 0; item < 3; ++item) efd_signal(done);
    return NULL;
}

int main(void) {
    efd_t* done = efd_create(0, 0);
    pthread_t worker;
    uint64_t n, finished = 0;
    if (done == NULL || pthread_create(&worker, NULL, work, done) != 0) return 1;
    while (finished < 3 && efd_read(done, &n) == 0) finished += n; /* sleeps at zero, takes all there is */
    printf("%lu items finished\n", (unsigned long)finished);
    pthread_join(worker, NULL);
    efd_put(done);
    return finished == 3 ? 0 : 1;
}
