/* SPDX-License-Identifier: MIT */
/* One of two processes that share an eventfd is frozen by its cgroup, as containers are paused; the other reads it
 * without blocking.
 *
 * Must happen: the read returns at once.
 * Once: a frozen process is neither gone nor stopped as /proc says it; where it was frozen while the drop-in flushed
 * units, the read takes until it is thawed.
 */
#include "judge.h"

#define GROUP "/sys/fs/cgroup/freezer/eventfd-frozen-process"
enum { rounds = 20 };

static void put(const char* file, const char* text) {
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) not_tried("%s: %s", file, strerror(errno));
    close(fd);
}

static void thaw_and_remove(void) {
    int fd = open(GROUP "/freezer.state", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "THAWED", 6) > 0) close(fd);
    for (int i = 0; rmdir(GROUP) != 0 && errno == EBUSY && i < 100; i++) usleep(10000); /* pace: between looks */
}

static void freeze(pid_t process) {
    char text[32] = "";
    snprintf(text, sizeof text, "%d", process);
    put(GROUP "/cgroup.procs", text);
    usleep((useconds_t)(500 + rand() % 500)); /* delay: to freeze it at some moment of its work */
    put(GROUP "/freezer.state", "FROZEN");
    for (int i = 0; strncmp(text, "FROZEN", 6) != 0 && i < 1000; i++) {
        int fd = open(GROUP "/freezer.state", O_RDONLY | O_CLOEXEC);
        if (read(fd, text, sizeof text) < 0) text[0] = 0;
        close(fd);
        usleep(100); /* pace: between looks */
    }
}

int main(void) {
    judge_afterwards = thaw_and_remove;
    judge_within(120, "a non-blocking read does not return");
    atomic_int* is_thawed = shared_word();
    double until = now() + seconds_to_try(10);

    if (mkdir(GROUP, 0755) != 0 && errno != EEXIST) not_tried("no freezer: %s", strerror(errno));
    for (int round = 0; round < rounds && now() < until; round++) {
        int fd = promoted_eventfd(EFD_NONBLOCK);
        pid_t worker = fork();
        if (worker == 0) flush_for_ever(fd);
        freeze(worker);
        pid_t thawer = fork();
        if (thawer == 0) {
            sleep(60); /* delay: the read returns before, or never would */
            atomic_store(is_thawed, 1);
            put(GROUP "/freezer.state", "THAWED");
            _exit(0);
        }
        take(fd);
        int waited = atomic_load(is_thawed);
        kill(thawer, SIGKILL);
        put(GROUP "/freezer.state", "THAWED");
        kill(worker, SIGKILL);
        waitpid(thawer, NULL, 0);
        waitpid(worker, NULL, 0);
        close(fd);
        if (waited) fault("a non-blocking read returned when the other was thawed; round %d", round);
    }
    right("every read returned at once");
}
