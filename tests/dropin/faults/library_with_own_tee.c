/* SPDX-License-Identifier: MIT */
/* A program's library has a function of its own that is called tee, as the kernel's Linux-only call is, with eight
 * arguments. Names beyond those of POSIX are a program's to use.
 *
 * Must happen: the library's function gets its eight arguments.
 * Once: the preloaded library has the name before it, and passes four on; the others are what lies in the registers.
 */
#include <stdio.h>

int tee(int, int, int, int, int, int, int, int);

int main(void) {
    int all_came = tee(1, 2, 3, 4, 5, 6, 7, 8);
    puts(all_came ? "right: all arguments came" : "fault: the library's tee() got other arguments than were given");
    return all_came ? 0 : 1;
}
