/* SPDX-License-Identifier: MIT */
/* A program limits its address space to 12 MiB, makes an eventfd and allocates 6 MiB.
 *
 * Must happen: both succeed, as its own memory is far below the limit.
 * Once: the drop-in's region of some 5 MiB counts as address space of the program: no memory.
 */
#include "judge.h"

int main(void) {
    judge_within(120, "the program does not end");
    struct rlimit twelve_mib = {12 << 20, 12 << 20};

    setrlimit(RLIMIT_AS, &twelve_mib);
    if (eventfd(0, 0) < 0) fault("eventfd: %s", strerror(errno));
    if (malloc(6 << 20) == NULL) fault("6 MiB of 12 MiB of address space cannot be had");
    right("6 MiB of 12 MiB were had");
}
