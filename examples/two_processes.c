/* SPDX-License-Identifier: MIT */
/* examples/two_processes.c: examples/two_processes.cpp in C, which says what it shows and promises.
 *
 *     two_processes_c                        the driver: starts the others, kills consumers, prints one line
 *     two_processes_c producer|consumer NAME */
#define _GNU_SOURCE /* environ */
#include <efd/efd.h>

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { items = 20000, batches = 4 };
enum object { made, done, jobs, more, told, objects };
static const char* const names[objects] = {"made", "done", "jobs", "more", "told"};

static void fail(const char* what) {
    fprintf(stderr, "two_processes: %s: %s\n", what, efd_arena_refusal());
    exit(1);
}

static void add_one(efd_t* to) {
    if (efd_write(to, 1) != 0) abort();
}

static uint64_t take(efd_t* from) {
    uint64_t value = 0;
    while (efd_read(from, &value) != 0) continue;
    return value;
}

static void produce(efd_t** all) {
    int i;
    while (efd_count(all[made]) < items) {
        take(all[more]);
        for (i = 0; i < items / batches; ++i) {
            add_one(all[made]); /* first the item, */
            add_one(all[jobs]); /* then the wake */
        }
    }
}

/* Stands for the work on an item, some microseconds, so that a consumer is killed in the midst of it. */
static void handle(uint64_t item) {
    volatile uint64_t result = item;
    int step;
    for (step = 0; step < 1000; ++step) result = result * 5 + 1;
}

static void consume(efd_t** all) {
    while (efd_count(all[done]) < items) {
        if (efd_count(all[done]) == efd_count(all[made])) {
            take(all[jobs]);
        } else {
            handle(efd_count(all[done])); /* first the work, */
            add_one(all[done]);           /* then its count */
            add_one(all[told]);
        }
    }
}

static pid_t start(const char* role, const char* name) {
    char program[] = "/proc/self/exe";
    char* words[4];
    pid_t started = -1;
    words[0] = program, words[1] = (char*)role, words[2] = (char*)name, words[3] = NULL;
    if (posix_spawn(&started, program, NULL, NULL, words, environ) != 0) abort();
    return started;
}

static int status_of(pid_t process) {
    int status = 0;
    if (waitpid(process, &status, 0) != process) abort();
    return status;
}

static int drive(void) {
    char name[48];
    efd_t* all[objects];
    efd_arena_t* arena;
    pid_t producer, consumer;
    int i, batch, killed = 0, ended;
    sprintf(name, "two-processes-%ld", (long)getpid());
    if ((arena = efd_arena_create(name, NULL)) == NULL) fail(name);
    for (i = 0; i < objects; ++i)
        if ((all[i] = efd_arena_make(arena, names[i], 0, i == more ? EFD_SEMAPHORE : 0)) == NULL) abort();
    producer = start("producer", name);
    consumer = start("consumer", name);
    for (batch = 1; batch < batches; ++batch) {
        uint64_t got = 0;
        add_one(all[more]);
        while (got < items / batches / 2) got += take(all[told]);
        kill(consumer, SIGKILL);
        if (WIFSIGNALED(status_of(consumer))) ++killed;
        consumer = start("consumer", name);
    }
    add_one(all[more]);
    ended = status_of(producer) == 0 && status_of(consumer) == 0;
    printf("%lu items made, %lu done, %d consumers killed\n", (unsigned long)efd_count(all[made]),
           (unsigned long)efd_count(all[done]), killed);
    ended = ended && efd_count(all[done]) == items && killed == 3;
    for (i = 0; i < objects; ++i) efd_put(all[i]);
    efd_arena_close(arena);
    return ended ? 0 : 1;
}

int main(int number, char** words) {
    efd_t* all[objects];
    efd_arena_t* arena;
    int i;
    if (number < 3) return drive();
    if ((arena = efd_arena_open(words[2], NULL)) == NULL) fail(words[2]);
    for (i = 0; i < objects; ++i)
        if ((all[i] = efd_arena_find(arena, names[i])) == NULL) abort();
    if (strcmp(words[1], "producer") == 0)
        produce(all);
    else
        consume(all);
    for (i = 0; i < objects; ++i) efd_put(all[i]);
    efd_arena_close(arena);
    return 0;
}
