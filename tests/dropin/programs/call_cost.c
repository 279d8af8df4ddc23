// tests/dropin/programs/call_cost.c: what one call costs, in ns; knows nothing of efd.
//   call_cost pipe      write and read of one byte on a pipe, for both together
//   call_cost eventfd   write on an eventfd that holds units already, with nobody asleep, and a read now and then
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { calls = 2000000, between_reads = 1024 };

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int over_pipe(void) {
    int ends[2];
    char byte = 'x';
    if (pipe(ends) != 0) return 1;
    const double begun = now_ns();
    for (int i = 0; i < calls; ++i)
        if (write(ends[1], &byte, 1) != 1 || read(ends[0], &byte, 1) != 1) return 1;
    printf("%.2f\n", (now_ns() - begun) / calls);
    return 0;
}

static int over_eventfd(void) {
    const int fd = eventfd(0, EFD_NONBLOCK);
    uint64_t one = 1;
    uint64_t all = 0;
    uint64_t total = 0;
    double begun = 0;
    for (int i = -16 * between_reads; i < calls; ++i) { // what is before zero is evidence
        if (i == 0) begun = now_ns();
        if (write(fd, &one, sizeof one) != sizeof one) return 1;
        if (i % between_reads == between_reads - 1) {
            if (read(fd, &all, sizeof all) != sizeof all) return 1;
            total += all;
        }
    }
    const double each = (now_ns() - begun) / calls;
    if (read(fd, &all, sizeof all) == sizeof all) total += all;
    printf("%.2f\n", each);
    return total == (uint64_t)calls + 16 * between_reads ? 0 : 1;
}

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "pipe") == 0) return over_pipe();
    if (argc == 2 && strcmp(argv[1], "eventfd") == 0) return over_eventfd();
    return 2;
}
