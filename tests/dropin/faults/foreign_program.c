/* SPDX-License-Identifier: MIT */
/* A program that the drop-in cannot serve: built with another C library (musl), and for 32 bits. It makes an eventfd
 * and uses it.
 *
 * Must happen: it runs as it is, and nothing is on standard error that it did not write.
 * Once: with musl it does not start at all (the loader lacks the preloaded library's own needs); of 32 bits it runs,
 * but the loader complains of the preloaded library on standard error each time it or a child of it is started.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

int main(void) {
    int fd = eventfd(0, EFD_NONBLOCK);
    uint64_t written = 3, taken = 0;
    int well = write(fd, &written, sizeof written) == sizeof written &&
               read(fd, &taken, sizeof taken) == sizeof taken && taken == 3;
    puts(well ? "right: took 3" : "fault: 3 units were written, others were read");
    return well ? 0 : 1;
}
