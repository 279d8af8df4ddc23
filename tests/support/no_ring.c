/* SPDX-License-Identifier: MIT */
/* tests/support/no_ring.c: what of liburing the claims call out of line, for architectures that Debian has no liburing
   for here: there is no ring (ENOSYS), as on a kernel without io_uring. The claims then say that this machine cannot
   bring them about. The headers are those of the build machine; the rest of liburing is inline in them. */
#include <errno.h>

#include <liburing.h>

int io_uring_queue_init(unsigned entries, struct io_uring* ring, unsigned flags) {
    (void)entries, (void)ring, (void)flags;
    return -ENOSYS;
}
int io_uring_register_eventfd(struct io_uring* ring, int fd) {
    (void)ring, (void)fd;
    return -ENOSYS;
}
int io_uring_register_eventfd_async(struct io_uring* ring, int fd) {
    (void)ring, (void)fd;
    return -ENOSYS;
}
int io_uring_unregister_eventfd(struct io_uring* ring) {
    (void)ring;
    return -ENOSYS;
}
int io_uring_submit(struct io_uring* ring) {
    (void)ring;
    return -ENOSYS;
}
int io_uring_get_events(struct io_uring* ring) {
    (void)ring;
    return -ENOSYS;
}
int io_uring_wait_cqe_timeout(struct io_uring* ring, struct io_uring_cqe** cqe, struct __kernel_timespec* bound) {
    (void)ring, (void)cqe, (void)bound;
    return -ENOSYS;
}
int __io_uring_get_cqe(struct io_uring* ring, struct io_uring_cqe** cqe, unsigned submit, unsigned wait,
                       sigset_t* mask) {
    (void)ring, (void)cqe, (void)submit, (void)wait, (void)mask;
    return -ENOSYS;
}
