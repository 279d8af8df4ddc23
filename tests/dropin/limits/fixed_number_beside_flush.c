/* SPDX-License-Identifier: MIT */
/* One thread makes eventfds, writes them and duplicates them. Another uses one fixed number, 768, for its file: dup2,
 * write, close. Must happen: what it writes to 768 is in its file, nothing else is, and close(768) succeeds. Under the
 * drop-in a flush uses the free number 768 for a moment, and then writes to it and closes it. */
#include "dropin/faults/judge.h"
static void* flushes(void* unused) {
    (void)unused;
    for (;;) {
        int fd = promoted_eventfd(EFD_NONBLOCK);
        add(fd, 1);
        add(fd, 0x4141);
        close(dup(fd)); /* the kernel's from now on: flushed */
        close(fd);
    }
    return NULL;
}
int main(void) {
    judge_within(18, "a call does not return");
    char path[] = "/tmp/fixed_number.XXXXXX";
    pthread_t t;
    int file = mkstemp(path), lost = 0, foreign = 0;
    long rounds = 0;
    const char* what = "";
    unlink(path);
    pthread_create(&t, NULL, flushes, NULL);
    for (double until = now() + seconds_to_try(8); now() < until; rounds++) {
        struct stat s;
        if (ftruncate(file, 0) || lseek(file, 0, SEEK_SET) < 0) not_tried("file");
        if (dup2(file, 768) != 768) {
            lost++;
            what = "dup2";
            continue;
        }
        if (write(768, "0123", 4) != 4) lost++, what = strerror(errno);
        if (close(768) != 0) lost++, what = strerror(errno);
        if (fstat(file, &s) == 0 && s.st_size > 4) foreign++;
    }
    if (lost || foreign)
        fault("in %ld rounds: %d calls on the number failed (%s), %d times bytes of nobody were in the file", rounds,
              lost, what, foreign);
    right("%ld rounds", rounds);
}
