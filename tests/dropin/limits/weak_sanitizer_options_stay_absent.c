/* SPDX-License-Identifier: MIT */
/* A program asks by a weak symbol whether AddressSanitizer's options are defined. Must happen: they are not. */
#include "dropin/faults/judge.h"
extern const char* __asan_default_options(void) __attribute__((weak));
int main(void) {
    judge_within(10, "hangs");
    if (__asan_default_options) fault("__asan_default_options is there");
    right("absent");
}
