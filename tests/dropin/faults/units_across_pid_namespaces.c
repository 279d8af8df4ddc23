/* SPDX-License-Identifier: MIT */
/* Processes in two pid namespaces write and read one eventfd, on busy processors; at the end the units are counted.
 *
 * Must happen: as many units are read as were written.
 * Once: the two take each other for dead or gone by their numbers, and both hand the same units back: some are read
 * twice.
 */
#include "judge.h"

enum { workers = 3, burners = 3, seconds_of_load = 8 };
static struct {
    _Atomic uint64_t written, taken;
    atomic_int over;
}* shared;
static int fd;

static _Noreturn void work(void) {
    uint64_t written = 0, taken = 0, units;
    struct iovec into = {&units, sizeof units};
    while (!atomic_load(&shared->over)) {
        for (int i = 0; i < 3; i++) written += add(fd, 1) == sizeof units;
        if (readv(fd, &into, 1) == sizeof units) taken += units;
        taken += take(fd);
    }
    atomic_fetch_add(&shared->written, written);
    atomic_fetch_add(&shared->taken, taken);
    _exit(0);
}

static _Noreturn void work_in_a_pid_namespace(void) {
    if (unshare(CLONE_NEWPID) != 0) _exit(1);
    if (fork() == 0) { /* the namespace's first; it ends last */
        for (int i = 0; i < workers; i++)
            if (fork() == 0) work();
        while (wait(NULL) > 0) continue;
        _exit(0);
    }
    while (wait(NULL) > 0) continue;
    _exit(0);
}

int main(void) {
    judge_within(120, "a process does not go on");
    pid_t load[burners];
    int status = 0;

    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fd = promoted_eventfd(EFD_NONBLOCK);
    pid_t in_namespace = fork();
    if (in_namespace == 0) work_in_a_pid_namespace();
    for (int i = 0; i < workers; i++)
        if (fork() == 0) work();
    for (int i = 0; i < burners; i++)
        if ((load[i] = fork()) == 0)
            for (;;) continue;
    usleep((useconds_t)(seconds_to_try(seconds_of_load) * 1e6)); /* delay: the load */
    atomic_store(&shared->over, 1);
    for (int i = 0; i < burners; i++) kill(load[i], SIGKILL);
    waitpid(in_namespace, &status, 0);
    if (status != 0) not_tried("there can be no pid namespace here");
    while (wait(NULL) > 0) continue;

    for (uint64_t units; (units = take(fd)) > 0;) shared->taken += units;
    if (shared->taken != shared->written)
        fault("%lu units written, %+ld read", (unsigned long)shared->written, (long)(shared->taken - shared->written));
    right("all of %lu units were read, once", (unsigned long)shared->written);
}
