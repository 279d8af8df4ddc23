/* SPDX-License-Identifier: MIT */
/* Two coroutines of one thread, switched by a signal's handler (swapcontext), read one eventfd. Must happen: who reads
 * at last gets all three units. Under the drop-in the end of one coroutine's read hides that the other is still in one
 * (in_read): promotion. */
#include "judge.h"
#include <ucontext.h>
static ucontext_t a, b;
static int fd, in_a = 1;
static pthread_t worker;
static void switches(int unused) {
    (void)unused;
    if (in_a) {
        in_a = 0;
        swapcontext(&a, &b);
    } else {
        in_a = 1;
        swapcontext(&b, &a);
    }
}
static void second(void) {
    uint64_t units = 0;
    if (read(fd, &units, 8) != 8) fault("read: %s", strerror(errno));
    int shown = is_readable(fd);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    uint64_t later = take(fd);
    if (units != 3 || later)
        fault("of three units the read got %lu; poll then said %d, the next read got %lu", (unsigned long)units, shown,
              (unsigned long)later);
    right("the read got three");
}
static void* helps(void* unused) {
    struct timespec some = {0, 100000000};
    (void)unused;
    nanosleep(&some, NULL); /* delay: the read sleeps by then */
    pthread_kill(worker, SIGUSR1);
    nanosleep(&some, NULL); /* delay: the read sleeps by then */
    pthread_kill(worker, SIGUSR1);
    nanosleep(&some, NULL); /* delay: the read sleeps by then */
    add(fd, 1);
    return NULL;
}
int main(void) {
    judge_within(10, "a read does not return");
    static char stack[262144];
    pthread_t t;
    struct sigaction action = {.sa_handler = switches, .sa_flags = SA_RESTART | SA_NODEFER};
    sigaction(SIGUSR1, &action, NULL);
    fd = eventfd(0, 0);
    worker = pthread_self();
    getcontext(&b);
    b.uc_stack.ss_sp = stack;
    b.uc_stack.ss_size = sizeof stack;
    makecontext(&b, second, 0);
    pthread_create(&t, NULL, helps, NULL);
    if (take(fd) != 1) fault("the first read");
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 4; i++) add(fd, 1);
        while (is_readable(fd)) take(fd);
    }
    for (int i = 0; i < 3; i++) add(fd, 1);
    in_a = 0;
    swapcontext(&a, &b);
}
