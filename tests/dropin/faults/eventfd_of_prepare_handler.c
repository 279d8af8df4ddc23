/* SPDX-License-Identifier: MIT */
/* A fork handler that was registered before the drop-in's makes an eventfd and writes it; the child handler reads it
 * (handlers of a library that starts early do so; here: preinit). Must happen: the child reads all five units. */
#include "judge.h"
static int fd = -1, armed;
static uint64_t got;
static void prepare(void) {
    if (!armed) return;
    fd = promoted_eventfd(EFD_NONBLOCK);
    for (int i = 0; i < 5; i++) add(fd, 1);
}
static void in_child(void) {
    if (armed) got = take(fd);
}
static void early(void) { pthread_atfork(prepare, NULL, in_child); }
__attribute__((section(".preinit_array"), used)) static void (*at_start)(void) = early;
int main(void) {
    judge_within(10, "hangs");
    int status;
    armed = 1;
    pid_t child = fork();
    if (child == 0) _exit((int)got);
    waitpid(child, &status, 0);
    if (WEXITSTATUS(status) != 5) fault("the child read %d of five units", WEXITSTATUS(status));
    right("five");
}
