/* SPDX-License-Identifier: MIT */
/* A ring polls an epoll for each event (multishot) while the process has no eventfd; then an eventfd goes into the
 * epoll (level). Must happen: as many completions as writes. Links with -luring. */
#include "judge.h"
#include <liburing.h>
#ifndef FIXED
#define FIXED 0
#endif
int main(void) {
    judge_within(10, "hangs");
    struct io_uring ring;
    int error = io_uring_queue_init(64, &ring, 0), inner = epoll_create1(0), seen = 0;
    if (error) not_tried("io_uring: %s", strerror(-error));
    if (FIXED && io_uring_register_files(&ring, &inner, 1)) not_tried("files");
    struct io_uring_sqe* asked = io_uring_get_sqe(&ring);
    struct io_uring_cqe* done;
    int fd = FIXED ? promoted_eventfd(EFD_NONBLOCK) : -1;
    io_uring_prep_poll_multishot(asked, FIXED ? 0 : inner, POLLIN);
    if (FIXED) asked->flags |= IOSQE_FIXED_FILE;
    io_uring_submit(&ring);
    if (!FIXED) fd = promoted_eventfd(EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(inner, EPOLL_CTL_ADD, fd, &event);
    for (int i = 0; i < 10; i++) {
        struct timespec t = {0, 5000000};
        struct __kernel_timespec w = {0, 20000000};
        add(fd, 1);
        nanosleep(&t, NULL); /* delay: an edge that comes late is seen, too */
        while (io_uring_wait_cqe_timeout(&ring, &done, &w) == 0) {
            seen += done->res > 0;
            io_uring_cqe_seen(&ring, done);
            w.tv_nsec = 1000000;
        }
    }
    if (seen != 10) fault("%d completions for ten writes", seen);
    right("ten");
}
