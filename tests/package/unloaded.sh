#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that loads and unloads libefd.so again and again, or a plugin that needs it, does not grow: the library
# keeps its tables, so it stays loaded (-z nodelete).
#   unloaded.sh WORK LIBRARY CC
set -eu
work="$1" library="$2" cc="$3"
rm -rf "$work"
mkdir -p "$work"
cat >"$work/program.c" <<'PROGRAM'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

static long pages(void) {
    long all = 0;
    FILE* statm = fopen("/proc/self/statm", "r");
    if (statm == NULL || fscanf(statm, "%ld", &all) != 1) return -1;
    fclose(statm);
    return all;
}
static void round_of(const char* library) {
    void* efd = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    void* (*create)(unsigned long long, int) = (void* (*)(unsigned long long, int))dlsym(efd, "efd_create");
    void (*put)(void*) = (void (*)(void*))dlsym(efd, "efd_put");
    put(create(0, 0));
    dlclose(efd);
}
int main(int argc, char** argv) {
    long before;
    int i;
    round_of(argv[argc - 1]);
    before = pages();
    for (i = 0; i < 50; ++i) round_of(argv[argc - 1]);
    printf("%ld pages more after 50 rounds\n", pages() - before);
    return before < 0 || pages() - before >= 50;
}
PROGRAM
"$cc" -o "$work/program" "$work/program.c" -ldl
"$work/program" "$library"
