/* SPDX-License-Identifier: MIT */
/* A child made by libc's __vfork makes an eventfd and ends. The parent's next file gets that number there.
 * Must happen: what is written to the file is in the file. */
#include "judge.h"
extern pid_t __vfork(void);
int main(void) {
    judge_within(10, "hangs");
    char path[] = "/tmp/inner_vfork.XXXXXX";
    int status, unused = mkstemp(path);
    uint64_t record = 1;
    struct stat s;
    close(unused);
    pid_t pid = __vfork();
    if (pid == 0) {
        int fd = promoted_eventfd(EFD_NONBLOCK);
        add(fd, 1);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    int file = open(path, O_RDWR);
    for (int i = 0; i < 4; i++)
        if (write(file, &record, 8) != 8) fault("write: %s", strerror(errno));
    fstat(file, &s);
    unlink(path);
    if (s.st_size != 32) fault("32 bytes were written to a file, %ld are in it", (long)s.st_size);
    right("32");
}
