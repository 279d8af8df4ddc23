/* SPDX-License-Identifier: MIT */
/* A thread is cancelled in a blocking read; its cleanup handler forks, as one that starts another program to tidy up
 * does.
 *
 * Must happen: the child runs and ends with the status that it was given.
 * Once: the frame of the cancelled read is still linked when fork's child handler looks at it: SIGSEGV in the child.
 */
#include "judge.h"

static int fd;
static int child_status;

static __attribute__((noinline)) void use_the_stack(void) {
    volatile uint64_t locals[512];
    for (int i = 0; i < 512; i++) locals[i] = 0x4141414141414141u;
    (void)locals[0];
}

static void clean_up(void* unused) {
    (void)unused;
    use_the_stack();
    pid_t child = fork();
    if (child == 0) _exit(7);
    waitpid(child, &child_status, 0);
}

static void* reader(void* unused) {
    pthread_cleanup_push(clean_up, unused);
    take(fd);
    pthread_cleanup_pop(0);
    return NULL;
}

int main(void) {
    judge_within(120, "the cancelled thread does not end");
    pthread_t thread;
    fd = promoted_eventfd(0);
    pthread_create(&thread, NULL, reader, NULL);
    usleep(20000); /* delay: until it sleeps in its read */
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    if (WIFSIGNALED(child_status)) fault("the child was ended by signal %d", WTERMSIG(child_status));
    if (WEXITSTATUS(child_status) != 7) fault("the child ended with %d, not 7", WEXITSTATUS(child_status));
    right("the child ran");
}
