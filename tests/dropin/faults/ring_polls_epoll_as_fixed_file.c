/* SPDX-License-Identifier: MIT */
/* As ring_polls_epoll_before_the_eventfd.c, but the ring polls the epoll as a fixed file, and the eventfd is there. */
#define FIXED 1
#include "ring_polls_epoll_before_the_eventfd.c" /* NOLINT(bugprone-suspicious-include) */
