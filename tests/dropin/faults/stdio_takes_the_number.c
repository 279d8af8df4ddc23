/* SPDX-License-Identifier: MIT */
/* A program was started with its standard input closed; an eventfd gets number 0, and freopen puts a file in its place.
 *
 * Must happen: what is then written to number 0 goes to the file, and the eventfd, held by a duplicate, keeps its
 * count. Once: libc makes the replacement by its own dup3, which the drop-in does not see: 16 bytes become units of the
 * eventfd and the file stays empty.
 */
#include "judge.h"

int main(void) {
    judge_within(120, "a call does not return");
    char path[] = "/tmp/stdio_takes_the_number.XXXXXX";
    uint64_t record = 1, units;
    struct stat file;

    if (mkstemp(path) < 0) not_tried("%s: %s", path, strerror(errno));
    close(0);
    int fd = promoted_eventfd(EFD_NONBLOCK);
    int duplicate = fcntl(fd, F_DUPFD, 10);
    add(fd, 1);
    FILE* input = freopen(path, "r+", stdin);
    unlink(path);
    if (fd != 0 || input == NULL || fileno(input) != 0) not_tried("number 0 was not given again");
    for (int i = 0; i < 2; i++)
        if (write(0, &record, sizeof record) != sizeof record) fault("a write to the file: %s", strerror(errno));
    fstat(0, &file);
    units = take(duplicate);
    if (file.st_size != 16 || units != 1)
        fault("16 bytes were written to a file, %ld are in it; the eventfd has %lu units, not 1", (long)file.st_size,
              (unsigned long)units);
    right("16 bytes are in the file, and one unit in the eventfd");
}
