/* SPDX-License-Identifier: MIT */
/* tests/cli/observed_program.c: objects with a known past, for observe_test.py; waits for the end of standard input.
 *   observed_program [observe | outlived]
 *     observe    it opts in by the call, after its first object is made
 *     outlived   the first thread has ended, another does all of this; it has an eventfd of 4 in an epoll, too
 */
#include <efd/arena.h>
#include <efd/observe.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

enum { enough = 1000, signals = 5 };

static int take_until_enough(void* efd) {
    uint64_t n = 0;
    while (n < enough)
        if (efd_read(efd, &n) != 0) return 1;
    return 0;
}

__attribute__((noinline)) static efd_t* make_queue(void) {
    efd_t* const made = efd_create(0, 0);
    __asm__ volatile("" ::: "memory"); /* no tail call: the return address is in this function */
    return made;
}

__attribute__((noinline)) static efd_t* look_up(efd_arena_t* arena, uint64_t id) {
    efd_t* const found = efd_arena_at(arena, id);
    __asm__ volatile("" ::: "memory");
    return found;
}

/* A child with its parent's objects; it asks the arena for one by its id. */
static int fork_child(efd_t* permits, efd_arena_t* arena, efd_t* named) {
    const uint64_t id = efd_arena_id(arena, named);
    const pid_t child = fork();
    char byte;
    if (child == 0) {
        efd_signal(permits);
        if (look_up(arena, id) == NULL) _exit(1);
        printf("child %d\n", (int)getpid());
        fflush(stdout);
        while (read(STDIN_FILENO, &byte, 1) > 0) {
        }
        _exit(0);
    }
    return child < 0 ? -1 : 0;
}

static int run(const char* word) {
    efd_t* const early = efd_create(0, 0);
    efd_t *queue, *permits, *named;
    efd_arena_t* const arena = efd_arena_create(NULL, NULL);
    uint64_t n = 0;
    char byte;
    int i;
    thrd_t reader;
    if (strcmp(word, "observe") == 0 && efd_observe(1) != 0) return 1;
    queue = make_queue();
    permits = efd_create(7, EFD_SEMAPHORE);
    named = arena == NULL ? NULL : efd_arena_make(arena, "frames", 3, 0);
    if (early == NULL || queue == NULL || permits == NULL || named == NULL) return 1;
    if (thrd_create(&reader, take_until_enough, queue) != thrd_success) return 1;
    for (i = 0; i < signals; ++i) efd_signal(queue);
    if (efd_read(permits, &n) != 0 || fork_child(permits, arena, named) != 0) return 1;
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    if (efd_write(queue, enough) != 0) return 1;
    thrd_join(reader, NULL);
    wait(NULL);
    return 0;
}

/* Ends the process, too: the first thread has no exit status left to give. */
static int run_when_alone(void* first) {
    struct epoll_event wanted = {EPOLLIN, {NULL}};
    const int number = eventfd(4, EFD_CLOEXEC);
    const int loop = epoll_create1(EPOLL_CLOEXEC);
    if (pthread_join(*(pthread_t*)first, NULL) != 0) exit(1);
    if (number < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, number, &wanted) != 0) exit(1);
    exit(run("outlived"));
}

int main(int argc, char** argv) {
    static pthread_t first;
    thrd_t other;
    if (argc < 2 || strcmp(argv[1], "outlived") != 0) return run(argc < 2 ? "" : argv[1]);
    first = pthread_self();
    if (thrd_create(&other, run_when_alone, &first) != thrd_success) return 1;
    pthread_exit(NULL);
}
