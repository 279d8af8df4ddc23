/* SPDX-License-Identifier: MIT */
/* write(fd, &object->value, 8) where object is a null pointer: an address below 4096.
 *
 * Must happen: the write fails with EFAULT, whatever was written before.
 * Once: SIGSEGV in the default and eager profiles. Page 0 is taken for a page from which the kernel has read before,
 * because an empty place in that table is 0 too.
 */
#include "judge.h"

struct object {
    char name[8];
    uint64_t value;
};

int main(void) {
    judge_within(120, "the write does not return");
    struct object* volatile object = NULL;
    int fd = eventfd(0, EFD_NONBLOCK);

    ssize_t written = write(fd, &object->value, sizeof object->value);
    if (written != -1 || errno != EFAULT) fault("the write returned %zd, %s", written, strerror(errno));
    right("EFAULT");
}
