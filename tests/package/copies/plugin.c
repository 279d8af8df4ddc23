/* SPDX-License-Identifier: MIT */
/* tests/package/copies/plugin.c: makes a descriptor, takes its object, signals, gives all back. */
#include <efd/efd.h>

int plugin(void);
int plugin(void) {
    uint64_t n = 0;
    int fd = efd_eventfd(3, 0);
    efd_t* object = efd_fd_ctx(fd);
    if (fd < 0 || object == 0 || efd_read(object, &n) != 0 || n != 3) return 1;
    if (efd_signal(object) != 0 || efd_fd_close(fd) != 0) return 2;
    efd_put(object);
    return 0;
}
