/* SPDX-License-Identifier: MIT */
/* A process that shares an eventfd crashes in one thread while another is at work, and dumps its core.
 *
 * Must happen: the survivor's non-blocking read returns at once.
 * Once: while the core is written the process is neither gone nor stopped; the read takes until the file is complete.
 */
#include "judge.h"

enum { rounds = 3, core_mib = 100 };
static int fd;
static char* volatile memory; /* volatile: it must exist, though it is never read */

static _Noreturn void crash(void) {
    struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    size_t size = (size_t)core_mib << 20;
    pthread_t thread;

    setrlimit(RLIMIT_CORE, &unlimited);
    memory = malloc(size);
    if (memory == NULL) _exit(1);
    memset(memory, 1, size);
    pthread_create(&thread, NULL, busy, &fd);
    usleep((useconds_t)(3000 + rand() % 1000)); /* delay: to meet it at some moment of its work */
    raise(SIGSEGV);
    _exit(1);
}

/* Waits until the process dumps core (1) or has ended (0); or, once, whether it dumps. */
static int dumps_core(pid_t process, int looks) {
    char path[64], status[2048];
    snprintf(path, sizeof path, "/proc/%d/status", process);
    for (int i = 0; i < looks; i++) {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = read(file, status, sizeof status - 1);
        close(file);
        status[length > 0 ? length : 0] = 0;
        if (strstr(status, "CoreDumping:\t1")) return 1;
        if (strstr(status, "State:\tZ")) return 0;
        usleep(300); /* pace: between looks at /proc */
    }
    return 0;
}

static char folder[] = "/tmp/core_dump_of_writer.XXXXXX";
static void remove_cores(void) {
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) perror(folder);
}

int main(void) {
    int dumps = 0, beside = 0;
    char core_with_number[32];

    if (mkdtemp(folder) == NULL || chdir(folder) != 0) not_tried("%s: %s", folder, strerror(errno));
    judge_afterwards = remove_cores;
    judge_within(120, "a non-blocking read does not return");
    for (int round = 0; round < rounds; round++) {
        fd = promoted_eventfd(EFD_NONBLOCK);
        pid_t child = fork();
        if (child == 0) crash();
        int is_dumping = dumps_core(child, 20000);
        take(fd);
        dumps += is_dumping;
        beside += is_dumping && dumps_core(child, 1);
        waitpid(child, NULL, 0);
        close(fd);
        snprintf(core_with_number, sizeof core_with_number, "core.%d", child);
        unlink(core_with_number);
        unlink("core");
    }
    if (dumps == 0) not_tried("no core was dumped");
    if (beside == 0) fault("of %d reads beside the writing of a core none returned before its end", dumps);
    right("%d of %d reads returned while a core was written", beside, dumps);
}
