/* SPDX-License-Identifier: MIT */
/* liburing's io_uring_register() registers the eventfd as a fixed file; a request then reads it by its index.
 * Must happen: the read gets all five units. Links with -luring. */
#include "judge.h"
#include <liburing.h>
int main(void) {
    judge_within(10, "hangs");
    struct io_uring ring;
    struct io_uring_cqe* done;
    uint64_t units = 0;
    int error = io_uring_queue_init(8, &ring, 0);
    if (error) not_tried("io_uring: %s", strerror(-error));
    int fd = promoted_eventfd(EFD_NONBLOCK);
    if ((error = io_uring_register((unsigned)ring.ring_fd, IORING_REGISTER_FILES, &fd, 1)) < 0)
        not_tried("register: %s", strerror(-error));
    for (int i = 0; i < 5; i++) add(fd, 1);
    struct io_uring_sqe* asked = io_uring_get_sqe(&ring);
    io_uring_prep_read(asked, 0, &units, 8, 0);
    asked->flags |= IOSQE_FIXED_FILE;
    io_uring_submit(&ring);
    if (io_uring_wait_cqe(&ring, &done) || done->res != 8) fault("read: %d", done->res);
    if (units != 5) fault("the ring's read got %lu of five units", (unsigned long)units);
    right("five");
}
