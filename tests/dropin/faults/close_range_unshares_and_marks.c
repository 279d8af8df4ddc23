/* SPDX-License-Identifier: MIT */
/* A thread calls close_range(3, ~0U, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC): it has descriptors of its own then.
 * The number of the other thread's eventfd becomes a file's there. Must happen: what is written there goes to the file.
 */
#include "judge.h"
#include <linux/close_range.h>
static int from_thread[2], from_main[2], file_fd = -1;
static char path[] = "/tmp/close_range_unshares.XXXXXX";
static void* own(void* unused) {
    (void)unused;
    char c;
    if (close_range(3, ~0U, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) not_tried("close_range: %s", strerror(errno));
    file_fd = open(path, O_RDWR);
    if (write(from_thread[1], "r", 1) != 1 || read(from_main[0], &c, 1) != 1) not_tried("pipe");
    uint64_t record = 1; /* now the other thread has an eventfd by this number */
    for (int i = 0; i < 4; i++)
        if (write(file_fd, &record, 8) != 8) fault("a write to a file: %s", strerror(errno));
    struct stat s;
    fstat(file_fd, &s);
    if (s.st_size != 32) fault("32 bytes were written to a file, %ld are in it", (long)s.st_size);
    right("32 bytes are in the file");
}
int main(void) {
    judge_within(20, "a call does not return");
    char c;
    pthread_t t;
    int f = mkstemp(path);
    close(f);
    if (pipe(from_thread) || pipe(from_main)) not_tried("pipe");
    pthread_create(&t, NULL, own, NULL);
    if (read(from_thread[0], &c, 1) != 1) not_tried("pipe");
    int fd = promoted_eventfd(EFD_NONBLOCK);
    if (fd != file_fd) not_tried("numbers %d and %d", fd, file_fd);
    add(fd, 1);
    if (write(from_main[1], "g", 1) != 1) not_tried("pipe");
    pthread_join(t, NULL);
}
