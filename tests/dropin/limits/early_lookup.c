/* SPDX-License-Identifier: MIT */
/* tests/dropin/limits/early_lookup.c: a library whose IFUNC resolver calls dlsym while the loader relocates it. */
#define _GNU_SOURCE
#include <dlfcn.h>

static int five(void) { return 5; }
static int (*choose(void))(void) { return dlsym(RTLD_NEXT, "read") != 0 ? five : 0; }
int chosen(void) __attribute__((ifunc("choose")));

int call_chosen(void);
int call_chosen(void) { return chosen(); }
