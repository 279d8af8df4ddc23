/* SPDX-License-Identifier: MIT */
/* As spawn_beside_thread_that_makes_eventfds, with _Fork(), for which there is no second look in the parent. */
#include "judge.h"
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
int main(void) {
    struct rlimit most = {4096, 4096};
    judge_within(20, "a call does not return");
    setrlimit(RLIMIT_NOFILE, &most);
    int bad = 0, rounds = 0;
    for (double until = now() + seconds_to_try(15); now() < until; rounds++) {
        pthread_t t;
        int to_child[2], status;
        if (pipe2(to_child, O_CLOEXEC)) not_tried("pipe");
        stop = last = 0;
        pthread_create(&t, NULL, makes, rounds & 1 ? "" : NULL);
        while (last < 3) continue;
        pid_t child = _Fork();
        if (child == 0) {
            int fd, wrong = 0;
            close(to_child[1]);
            while (read(to_child[0], &fd, sizeof fd) == sizeof fd)
                if (fcntl(fd, F_GETFD) >= 0) wrong += take(fd) != 3;
            _exit(wrong > 100 ? 100 : wrong);
        }
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
    }
    if (bad) fault("%d eventfds lacked units in %d children", bad, rounds);
    right("%d children", rounds);
}
