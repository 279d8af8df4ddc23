/* SPDX-License-Identifier: MIT */
/* A daemon that is in the middle of getpwent() closes all numbers; an eventfd gets the number of libc's /etc/passwd.
 * endpwent() closes it, and a file gets it. Must happen: what is then written to the file is in it. (libc closes by an
 * inner call.) */
#include "dropin/faults/judge.h"
#include <pwd.h>
int main(void) {
    judge_within(10, "hangs");
    char path[] = "/tmp/endpwent_closes.XXXXXX";
    uint64_t record = 1;
    struct stat s;
    close(mkstemp(path));
    closefrom(3);
    setpwent();
    if (getpwent() == NULL || fcntl(3, F_GETFD) < 0) not_tried("no number for /etc/passwd");
    closefrom(3);
    int fd = promoted_eventfd(EFD_NONBLOCK);
    if (fd != 3) not_tried("number %d", fd);
    add(fd, 1);
    endpwent();
    if (fcntl(3, F_GETFD) >= 0) not_tried("endpwent does not close it");
    int file = open(path, O_RDWR);
    for (int i = 0; i < 4; i++)
        if (write(file, &record, 8) != 8) fault("write: %s", strerror(errno));
    fstat(file, &s);
    unlink(path);
    if (s.st_size != 32) fault("32 bytes were written to a file, %ld are in it", (long)s.st_size);
    right("32");
}
