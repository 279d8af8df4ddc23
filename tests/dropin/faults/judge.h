/* SPDX-License-Identifier: MIT */
/* judge.h: what the programs of this folder share: the verdict, the bound in time, and eventfds that are promoted.
 *
 * judge_within() splits the program in two. The child goes on and is the program; the parent watches over it, and where
 * it hangs says so, ends it with everything that it started, and exits with FAULT. Nothing is left behind either way.
 * A program that is ended by a signal has a fault too.
 */
#ifndef JUDGE_H
#define JUDGE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RIGHT = 0, FAULT = 1, NOT_TRIED = 2 };

#define right(...) verdict(RIGHT, "right: " __VA_ARGS__)
#define fault(...) verdict(FAULT, "fault: " __VA_ARGS__)
#define not_tried(...) verdict(NOT_TRIED, "not tried: " __VA_ARGS__)

__attribute__((format(printf, 2, 3))) static inline _Noreturn void verdict(int code, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
    _exit(code);
}

static inline double now(void) /* seconds */
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* What the watching parent does when the program has ended, where there is more to clean up than processes. */
__attribute__((unused)) static void (*judge_afterwards)(void);

/* Ends what the program left behind: such as left its process group have become children of the watching parent. */
static inline void end_what_is_left(void) {
    for (;;) {
        int child;
        struct timespec tenth = {0, 100000000};
        FILE* children = fopen("/proc/thread-self/children", "re");
        while (children && fscanf(children, "%d", &child) == 1) kill(child, SIGKILL);
        if (children) fclose(children);
        while ((child = waitpid(-1, NULL, WNOHANG)) > 0) continue;
        if (child < 0) return;   /* there are none */
        nanosleep(&tenth, NULL); /* pace: between looks */
    }
}

/* How long to try: as long as the fault needs to be met, or FAULT_SECONDS. */
static inline double seconds_to_try(double usual) {
    const char* set = getenv("FAULT_SECONDS");
    return set != NULL ? strtod(set, NULL) : usual;
}

static inline void judge_within(int seconds, const char* if_it_hangs) {
    int status = 0;
    pid_t ended, program;
    sigset_t child_ended, before;
    double until = now() + seconds;

    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, &before);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    program = fork();
    if (program == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigprocmask(SIG_SETMASK, &before, NULL);
        return;
    }
    setpgid(program, program);
    while ((ended = waitpid(program, &status, WNOHANG)) == 0 && now() < until) {
        struct timespec tenth = {0, 100000000};
        sigtimedwait(&child_ended, NULL, &tenth);
    }
    kill(-program, SIGKILL);
    if (judge_afterwards) judge_afterwards();
    end_what_is_left();
    if (ended == 0) fault("%s", if_it_hangs);
    if (WIFSIGNALED(status)) fault("the program was ended by signal %d", WTERMSIG(status));
    _exit(WEXITSTATUS(status));
}

/* A word that this process and its children share. */
__attribute__((unused)) static atomic_int* shared_word(void) {
    void* at = mmap(NULL, sizeof(atomic_int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) not_tried("mmap: %s", strerror(errno));
    return at;
}

static inline ssize_t add(int fd, uint64_t units) { return write(fd, &units, sizeof units); }

static inline uint64_t take(int fd) /* 0: there was nothing, or an error */
{
    uint64_t units = 0;
    return read(fd, &units, sizeof units) == sizeof units ? units : 0;
}

static inline int is_readable(int fd) {
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    return poll(&watched, 1, 0) > 0;
}

/* An eventfd with the evidence upon which every profile caches its units: it is read, and written while it has
 * some.
 */
static inline int promoted_eventfd(unsigned flags) {
    int fd = eventfd(0, (int)flags);
    if (fd < 0) not_tried("eventfd: %s", strerror(errno));
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 4; i++) add(fd, 1);
        while (is_readable(fd)) take(fd);
    }
    return fd;
}

/* Goes on with `rest`, which does not return, in another thread, once the first thread has ended. */
static pthread_t first_thread;
static inline void await_end_of_first_thread(void) { pthread_join(first_thread, NULL); }
__attribute__((unused)) static _Noreturn void end_first_thread(void* (*rest)(void*)) {
    pthread_t thread;
    first_thread = pthread_self();
    pthread_create(&thread, NULL, rest, NULL);
    pthread_exit(NULL);
}

/* Ten writes must be ten edges of an epoll in which the eventfd is, at some depth. */
__attribute__((unused)) static _Noreturn void judge_edges_of_ten_writes(int fd, int epoll) {
    int edges = 0;
    for (int i = 0; i < 10; i++) {
        struct epoll_event event;
        add(fd, 1);
        edges += epoll_wait(epoll, &event, 1, 0) == 1;
    }
    if (edges != 10) fault("%d edges for ten writes", edges);
    right("ten");
}

/* The same where a child watches, and its exit status is the number of edges; 99: it could not. */
__attribute__((unused)) static _Noreturn void judge_edges_of_child(int fd, int shared_epoll, pid_t child) {
    struct epoll_event for_level = {.events = EPOLLIN};
    const struct timespec between = {0, 30000000};
    int status;
    epoll_ctl(shared_epoll, EPOLL_CTL_ADD, fd, &for_level);
    for (int i = 0; i < 10; i++) {
        add(fd, 1);
        nanosleep(&between, NULL); /* delay: an edge that comes late is seen, too */
    }
    waitpid(child, &status, 0);
    if (WEXITSTATUS(status) == 99) not_tried("child");
    if (WEXITSTATUS(status) != 10) fault("the child saw %d edges for ten writes", WEXITSTATUS(status));
    right("ten");
}

/* What an open file of fdinfo shows must be the count. */
__attribute__((unused)) static _Noreturn void judge_shown_count(int info, const char* name, unsigned long wanted) {
    char text[512] = "";
    if (info < 0 || read(info, text, sizeof text - 1) <= 0) not_tried("%s", name);
    unsigned long count = 0;
    const char* at = strstr(text, "eventfd-count:");
    if (at == NULL || sscanf(at, "eventfd-count: %lx", &count) != 1) not_tried("no count");
    if (count != wanted) fault("the count is %lu, %s shows %lu", wanted, name, count);
    right("%lu", wanted);
}

/* Caches units and reads by readv, which is the kernel's alone: what is cached must be flushed before, each time. */
static inline _Noreturn void flush_for_ever(int nonblocking_fd) {
    for (;;) {
        uint64_t units;
        struct iovec into = {&units, sizeof units};
        for (int i = 0; i < 3; i++) add(nonblocking_fd, 1);
        if (readv(nonblocking_fd, &into, 1) < 0) continue;
    }
}

/* The same by a write that does not fit beside what is cached. */
static inline void flush_by_writes(int nonblocking_fd) {
    add(nonblocking_fd, 1);
    add(nonblocking_fd, 1);
    add(nonblocking_fd, 70000);
}

/* The body of a thread. */
static inline void* busy(void* nonblocking_fd) { flush_for_ever(*(int*)nonblocking_fd); }

#endif
