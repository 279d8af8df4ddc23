/* SPDX-License-Identifier: MIT */
/* A program's library has functions of its own that are called tee and pidfd_getfd, as Linux-only calls of the kernel
 * are, with eight arguments. Names beyond those of POSIX are a program's to use.
 *
 * Must happen: the library's functions get their eight arguments.
 * Once: the preloaded library had tee before it, and passed four on; the others were what lay in the registers. Today
 * it has pidfd_getfd.
 */
#include <stdio.h>

int tee(int, int, int, int, int, int, int, int);
int pidfd_getfd(int, int, int, int, int, int, int, int);

int main(void) {
    int all_came = tee(1, 2, 3, 4, 5, 6, 7, 8) && pidfd_getfd(1, 2, 3, 4, 5, 6, 7, 8);
    puts(all_came ? "right: all arguments came" : "fault: the library's function got other arguments than were given");
    return all_came ? 0 : 1;
}
