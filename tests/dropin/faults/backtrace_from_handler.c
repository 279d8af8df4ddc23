/* SPDX-License-Identifier: MIT */
/* A profiler's handler takes a backtrace while the thread calls syscall(), dup2() and ioctl(). Must happen: it always
 * reaches main. */
#include "judge.h"
#include <execinfo.h>
static atomic_long taken, cut;
static pthread_t worker;
static char *main_begin, *main_end;
__attribute__((noinline)) static void work(double until) {
    while (now() < until)
        for (int i = 0; i < 1000; i++) {
            syscall(SYS_getppid);
            dup2(-1, -1);
        }
    __asm__ volatile("");
}
static void profile(int unused) {
    void* at[64];
    int n = backtrace(at, 64), found = 0;
    (void)unused;
    for (int i = 0; i < n; i++) found |= (char*)at[i] >= main_begin && (char*)at[i] < main_end;
    taken++;
    cut += !found;
}
static void* kills(void* unused) {
    (void)unused;
    for (;;) {
        long seen = taken;
        pthread_kill(worker, SIGUSR1);
        while (taken == seen) continue;
        for (volatile int i = 0; i < rand() % 300; i++) continue;
    }
    return NULL;
}
int main(void) {
    judge_within(15, "hangs");
    void* warm[4];
    pthread_t t;
    main_begin = (char*)(uintptr_t)main;
    main_end = main_begin + 2000;
    backtrace(warm, 4);
    worker = pthread_self();
    signal(SIGUSR1, profile);
    pthread_create(&t, NULL, kills, NULL);
    work(now() + seconds_to_try(6));
    signal(SIGUSR1, SIG_IGN);
    if (cut) fault("%ld of %ld backtraces end before main", cut, taken);
    right("%ld backtraces", taken);
}
