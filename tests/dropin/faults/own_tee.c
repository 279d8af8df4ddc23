/* SPDX-License-Identifier: MIT */
/* The library of library_with_own_tee.c. Its functions, with eight arguments, are not those of the kernel. */
int tee(int a, int b, int c, int d, int e, int f, int g, int h);
int pidfd_getfd(int a, int b, int c, int d, int e, int f, int g, int h);
int tee(int a, int b, int c, int d, int e, int f, int g, int h) {
    return a == 1 && b == 2 && c == 3 && d == 4 && e == 5 && f == 6 && g == 7 && h == 8;
}
int pidfd_getfd(int a, int b, int c, int d, int e, int f, int g, int h) { return tee(a, b, c, d, e, f, g, h); }
