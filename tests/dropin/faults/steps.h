/* SPDX-License-Identifier: MIT */
/* A tracer that lets a program make a given number of instructions after its mark(), delivers SIGUSR1, and, once the
 * program has slept for a while, SIGUSR2. Owns the program, and returns once it has ended. */
#include "judge.h"

#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/user.h>

enum { ended_before = 254, sleeps_on = 255 };

static inline void mark(void) { raise(SIGTRAP); }

static inline int how_it_ended(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

static inline bool is_asleep(pid_t pid) {
    char name[64], text[512] = {0};
    snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
    FILE* file = fopen(name, "re");
    if (file == NULL) return false;
    const size_t got = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    const char* end = got > 0 ? strrchr(text, ')') : NULL;
    return end != NULL && end[2] == 'S';
}

/* Whether the program stops, or ends, before it is seen asleep so many times, in turn. */
static inline bool stops_before(pid_t pid, int* status, int looks) {
    const struct timespec pace = {0, 100000};
    for (int asleep = 0, n = 0; asleep < looks; n++) {
        if (waitpid(pid, status, WNOHANG) == pid) return true;
        if (n < 2000) continue;
        asleep = is_asleep(pid) ? asleep + 1 : 0;
        nanosleep(&pace, NULL); /* pace: between looks */
    }
    return false;
}

static inline int end_stepped(pid_t pid, int result) {
    int status;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return result;
}

/* Lets it go on with SIGUSR1, and with SIGUSR2 while it sleeps. */
static inline int finish_stepped(pid_t pid) {
    int status;
    ptrace(PTRACE_CONT, pid, 0, SIGUSR1);
    for (bool is_second_sent = false;;) {
        if (!stops_before(pid, &status, is_second_sent ? 30000 : 60)) {
            if (is_second_sent) return end_stepped(pid, sleeps_on);
            kill(pid, SIGUSR2);
            is_second_sent = true;
            continue;
        }
        if (!WIFSTOPPED(status)) return how_it_ended(status);
        ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status));
    }
}

/* The exit status of a program that runs `body`, with SIGUSR1 after k instructions from its mark on. */
static inline int run_stepped(void (*body)(void), int k) {
    int status;
    const pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        body();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);
    do { /* up to the mark */
        ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status));
        waitpid(pid, &status, 0);
        if (!WIFSTOPPED(status)) return how_it_ended(status);
    } while (WSTOPSIG(status) != SIGTRAP);
    for (int i = 0; i < k; i++) {
        ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
        if (!stops_before(pid, &status, 20)) return end_stepped(pid, ended_before); /* it sleeps */
        if (!WIFSTOPPED(status)) return how_it_ended(status);
    }
    return finish_stepped(pid);
}
