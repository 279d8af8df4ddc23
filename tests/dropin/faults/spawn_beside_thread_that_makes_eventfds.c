/* SPDX-License-Identifier: MIT */
/* A thread makes eventfds; another spawns children, which inherit them. Later three units are written to each, and the
 * child reads. Must happen: the child finds three units in each that it has. */
#include "judge.h"
#include <spawn.h>
extern char** environ;
static atomic_int stop, last;
static int fds[3000];
static void* makes(void* fast) {
    for (int i = 0; !stop && i < 2900; i++) {
        int fd = fast ? eventfd(0, EFD_NONBLOCK) : promoted_eventfd(EFD_NONBLOCK);
        if (fd < 0) break;
        fds[i] = fd;
        last = i + 1;
    }
    return NULL;
}
int main(int argc, char** argv) {
    struct rlimit most = {4096, 4096};
    if (argc == 2) { /* the child: numbers come by its input */
        int fd, bad = 0;
        while (read(0, &fd, sizeof fd) == sizeof fd)
            if (fcntl(fd, F_GETFD) >= 0) {
                uint64_t had = take(fd);
                bad += had != 3;
            }
        _exit(bad > 100 ? 100 : bad);
    }
    judge_within(20, "a call does not return");
    setrlimit(RLIMIT_NOFILE, &most);
    int bad = 0, rounds = 0;
    for (double until = now() + seconds_to_try(12); now() < until; rounds++) {
        pthread_t t;
        int to_child[2], status;
        pid_t child;
        char* arguments[] = {argv[0], "child", NULL};
        posix_spawn_file_actions_t actions;
        if (pipe2(to_child, O_CLOEXEC)) not_tried("pipe");
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, to_child[0], 0);
        stop = last = 0;
        pthread_create(&t, NULL, makes, rounds & 1 ? "" : NULL);
        while (last < 3) continue;
        if (posix_spawn(&child, "/proc/self/exe", &actions, NULL, arguments, environ)) not_tried("posix_spawn");
        stop = 1;
        pthread_join(t, NULL);
        close(to_child[0]);
        for (int i = 0; i < last; i++) {
            for (int j = 0; j < 3; j++) add(fds[i], 1);
            if (write(to_child[1], &fds[i], sizeof(int)) != sizeof(int)) not_tried("pipe");
        }
        close(to_child[1]);
        waitpid(child, &status, 0);
        if (WIFEXITED(status)) bad += WEXITSTATUS(status);
        for (int i = 0; i < last; i++) close(fds[i]);
        posix_spawn_file_actions_destroy(&actions);
    }
    if (bad) fault("%d eventfds lacked units in %d children", bad, rounds);
    right("%d children", rounds);
}
