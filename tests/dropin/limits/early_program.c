/* SPDX-License-Identifier: MIT */
/* tests/dropin/limits/early_program.c: prints what the library chose. */
#include <stdio.h>

int call_chosen(void);

int main(void) {
    printf("%d\n", call_chosen());
    return 0;
}
