/* SPDX-License-Identifier: MIT */
/* tests/package/consumer/use.c: a user of the installed library in C89. A worker thread writes 1 to 9, the main thread
 * reads until it has their sum, and looks at the answers of bad calls. Exit status 0: all as it should be. */
#include <efd/efd.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

static void* write_all(void* object) {
    uint64_t value;
    for (value = 1; value < 10; ++value)
        if (efd_write((efd_t*)object, value) != 0) return object;
    return NULL;
}

static int fails_with(int result, int error) { return result == -1 && errno == error; }

static int calls_of_the_descriptor(void) {
    const int fd = efd_eventfd(2, EFD_NONBLOCK);
    uint64_t value = 3;
    struct iovec part;
    part.iov_base = &value;
    part.iov_len = sizeof value;
    if (fd < 0 || efd_fd_writev(fd, &part, 1) != 8) return 0;
    if (efd_fd_read(fd, &value, sizeof value) != 8 || value != 5) return 0;
    if (!fails_with((int)efd_fd_readv(fd, &part, 1), EAGAIN)) return 0;
    return efd_fd_close(fd) == 0 && fails_with(efd_fd_close(fd), EBADF);
}

int main(void) {
    efd_t* const object = efd_create(0, EFD_CLOEXEC);
    uint64_t sum = 0;
    uint64_t value = 0;
    pthread_t worker;
    void* failed = NULL;

    if (object == NULL || efd_id(object) != 0) return 1;
    if (pthread_create(&worker, NULL, write_all, object) != 0) return 2;
    while (sum < 45) {
        if (efd_read_for(object, &value, (uint64_t)30 * 1000 * 1000 * 1000) != 0) return 3;
        sum += value;
    }
    if (pthread_join(worker, &failed) != 0 || failed != NULL) return 4;
    if (sum != 45 || efd_count(object) != 0) return 5;
    if (!fails_with(efd_try_read(object, &value), EAGAIN)) return 6;
    if (!fails_with(efd_write(object, UINT64_MAX), EINVAL)) return 7;
    if (efd_create(0, 1 << 20) != NULL || errno != EINVAL) return 8;
    efd_put(object);
    if (!calls_of_the_descriptor()) return 9;
    printf("read 45 in C\n");
    return 0;
}
