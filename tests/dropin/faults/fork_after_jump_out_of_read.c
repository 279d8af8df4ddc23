/* SPDX-License-Identifier: MIT */
/* A read with a timeout, made by siglongjmp out of the handler of SIGALRM; later the program forks.
 *
 * Must happen: read is async-signal-safe, so the jump is allowed; the child has its parent's memory, unchanged.
 * Once: fork's child handler of the drop-in goes on with the frame of the read that was left. What lies there by then
 * is taken for a pointer, and something of the child's is changed or the child gets SIGSEGV.
 */
#include "judge.h"

static sigjmp_buf timed_out;
static uint64_t precious = 1000;

static void on_alarm(int signal_number) {
    (void)signal_number;
    siglongjmp(timed_out, 1);
}

static void read_with_timeout(int fd) {
    struct itimerval in_20_ms = {.it_value = {0, 20000}};
    if (sigsetjmp(timed_out, 1)) return;
    setitimer(ITIMER_REAL, &in_20_ms, NULL);
    take(fd);
}

/* Ordinary locals, where the frame of the read was: addresses of the program's own data, and zeros. */
static __attribute__((noinline)) void use_the_stack(int parity) {
    uint64_t* volatile locals[512];
    for (int i = 0; i < 512; i++) locals[i] = i % 2 == parity ? &precious : NULL;
    (void)locals[0];
}

static void fork_and_look(void) {
    int status;
    pid_t child = fork();
    if (child == 0) _exit(precious == 1000 ? 0 : 1);
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) fault("the child was ended by signal %d", WTERMSIG(status));
    if (status != 0) fault("a variable of the child has changed by itself");
}

int main(void) {
    judge_within(120, "the read with a timeout, or the fork, does not return");
    int fd = eventfd(0, 0);
    signal(SIGALRM, on_alarm);
    for (int parity = 0; parity < 2; parity++) {
        read_with_timeout(fd);
        use_the_stack(parity);
        fork_and_look();
    }
    right("two children had their parent's memory");
}
