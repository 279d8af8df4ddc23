/* SPDX-License-Identifier: MIT */
/* A thread makes eventfds, and writes three units to each; another thread executes the program anew. The eventfds are
 * inherited. Must happen: each whose three writes had returned has three units. The tally is in shared memory. */
#include "judge.h"
struct shared {
    atomic_int full[4000];
};
static struct shared* shared;
static void* makes(void* unused) {
    (void)unused;
    for (;;) {
        int fd = promoted_eventfd(EFD_NONBLOCK);
        if (fd >= 4000)
            for (;;) pause();
        for (int i = 0; i < 3; i++) add(fd, 1);
        shared->full[fd] = 1;
    }
    return NULL;
}
static void* makes_fast(void* unused) /* where an eventfd is promoted from the start */
{
    (void)unused;
    for (;;) {
        int fd = eventfd(0, EFD_NONBLOCK);
        if (fd < 0 || fd >= 4000)
            for (;;) pause();
        for (int i = 0; i < 3; i++) add(fd, 1);
        shared->full[fd] = 1;
    }
    return NULL;
}
int main(int argc, char** argv) {
    struct rlimit most = {4096, 4096};
    if (argc == 3) {
        int map = atoi(argv[2]), lost = 0, all = 0;
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
        for (int i = 0; i < 4000; i++)
            if (shared->full[i]) {
                all++;
                lost += take(i) != 3;
            }
        _exit(lost > 100 ? 100 : lost);
    }
    judge_within(20, "a call does not return");
    setrlimit(RLIMIT_NOFILE, &most);
    int lost = 0, rounds = 0;
    for (double until = now() + seconds_to_try(12); now() < until; rounds++) {
        int map = memfd_create("shared", 0), status;
        char number[16];
        if (ftruncate(map, sizeof *shared)) not_tried("memfd");
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
        snprintf(number, sizeof number, "%d", map);
        pid_t child = fork();
        if (child == 0) {
            pthread_t t;
            struct timespec some = {0, 3000000 + rounds % 10 * 100000};
            pthread_create(&t, NULL, rounds & 1 ? makes : makes_fast, NULL);
            nanosleep(&some, NULL); /* delay: to the next exec */
            execl("/proc/self/exe", argv[0], "after", number, NULL);
            _exit(0);
        }
        waitpid(child, &status, 0);
        if (WIFEXITED(status)) lost += WEXITSTATUS(status);
        munmap(shared, sizeof *shared);
        close(map);
    }
    if (lost) fault("%d eventfds lost units in %d execs", lost, rounds);
    right("%d execs", rounds);
}
