/* SPDX-License-Identifier: MIT */
/* A program asks by weak symbols whether it was linked with liburing and libaio. It was not.
 *
 * Must happen: both are null, and the program does without.
 * Once: the preloaded library has the names, so both seem to be there; calls are refused then.
 */
#include <stdio.h>

struct io_uring;
__attribute__((weak)) int io_uring_queue_init(unsigned entries, struct io_uring* ring, unsigned flags);
__attribute__((weak)) int io_setup(int events, void* context);

int main(void) {
    if (!io_uring_queue_init && !io_setup) {
        puts("right: both are absent");
        return 0;
    }
    printf("fault: not linked, yet there:%s%s\n", io_uring_queue_init ? " liburing" : "", io_setup ? " libaio" : "");
    return 1;
}
