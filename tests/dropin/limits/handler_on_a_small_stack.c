/* SPDX-License-Identifier: MIT */
/* A handler on an alternate stack of sysconf(_SC_MINSIGSTKSZ) + 2048 bytes, which ends where nothing is mapped, calls
 * open(), which is allowed there. Must happen: it opens the file. Linked with -z now, so that libc's open needs 168
 * bytes; the drop-in's rule takes 3.7 KB at its first call, as its own calls of libc are bound lazily (the resolver
 * saves all vector registers), later 600. */
#include "dropin/faults/judge.h"
#include <sys/auxv.h>
static int fd, opened = -1;
static void handler(int unused) {
    (void)unused;
    opened = open("/dev/null", O_RDONLY);
}
int main(void) {
    judge_within(10, "hangs");
    size_t size = (size_t)sysconf(_SC_MINSIGSTKSZ) + 2048;
    char *area = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *stack;
    size_t whole = (size + 4095) & ~4095UL;
    mprotect(area + 16384, whole, PROT_READ | PROT_WRITE);
    stack = area + 16384;
    stack_t own = {.ss_sp = stack, .ss_size = size};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    fd = promoted_eventfd(EFD_NONBLOCK);
    if (sigaltstack(&own, NULL) || sigaction(SIGUSR1, &action, NULL)) not_tried("sigaltstack");
    raise(SIGUSR1);
    if (opened < 0) fault("not opened");
    right("opened on a stack of %zu bytes", size);
}
