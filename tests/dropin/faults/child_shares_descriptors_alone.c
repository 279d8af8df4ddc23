/* SPDX-License-Identifier: MIT */
/* clone(CLONE_FILES) without CLONE_VM: the child closes an eventfd and opens a file, which gets its number, for both.
 *
 * Must happen: what the parent then writes to that number goes to the file.
 * Once: the parent's notes still say that the number is an eventfd; a write of eight bytes is cached as units, and is
 * missing from the file.
 */
#include "judge.h"

static int fd;
static char stack[65536];

static int put_a_file_in_its_place(void* unused) {
    char path[] = "/tmp/child_shares_descriptors_alone.XXXXXX";
    (void)unused;
    close(fd);
    int file = mkstemp(path);
    unlink(path);
    return file == fd ? 0 : 1;
}

int main(void) {
    judge_within(120, "a write does not return");
    uint64_t record = 1;
    struct stat file;
    int status;

    fd = promoted_eventfd(0);
    add(fd, 1);
    pid_t child = clone(put_a_file_in_its_place, stack + sizeof stack, CLONE_FILES | SIGCHLD, NULL);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) not_tried("the number was not given again");
    for (int i = 0; i < 2; i++)
        if (write(fd, &record, sizeof record) != sizeof record) fault("a write to the file: %s", strerror(errno));
    fstat(fd, &file);
    if (file.st_size != 16) fault("16 bytes were written to a file, %ld are in it", (long)file.st_size);
    right("16 bytes are in the file");
}
