// SPDX-License-Identifier: MIT
// tests/dropin/plain_rings.cpp: scenes with an io_uring or an AIO context: the kernel reads by itself, or tells of each
// write.
//
// In each the ring is there before the eventfd is busy, so that what follows is all that a preloaded library learns.
#include "plain_parts.hpp"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace {

io_uring ring;

bool begin_ring() { return ::io_uring_queue_init(8, &ring, 0) == 0; }

io_uring_sqe* next() {
    io_uring_sqe* const entry = ::io_uring_get_sqe(&ring);
    if (entry == nullptr) std::abort();
    return entry;
}

// All that has completed until now.
void tell_completions() {
    (void)::io_uring_get_events(&ring);
    io_uring_cqe* entry = nullptr;
    while (::io_uring_peek_cqe(&ring, &entry) == 0) {
        std::printf("completed: %d\n", entry->res);
        ::io_uring_cqe_seen(&ring, entry);
    }
    std::printf("no more\n");
}

void submit() { std::printf("submitted: %d\n", ::io_uring_submit(&ring)); }

} // namespace

bool has_ring() {
    io_uring tried{};
    if (::io_uring_queue_init(2, &tried, 0) != 0) return false;
    ::io_uring_queue_exit(&tried);
    return true;
}

void ring_reads() {
    if (!begin_ring()) std::abort();
    const int fd = busy();
    add(fd, 5);
    std::uint64_t value = 0;
    ::io_uring_prep_read(next(), fd, &value, sizeof value, 0);
    submit();
    tell_completions();
    std::printf("value: %llu\n", static_cast<unsigned long long>(value));
    tell_poll(fd);
}

void ring_reads_registered() {
    if (!begin_ring()) std::abort();
    const int fd = busy();
    std::printf("registered: %d\n", ::io_uring_register_files(&ring, &fd, 1));
    add(fd, 5);
    std::uint64_t value = 0;
    io_uring_sqe* const entry = next();
    ::io_uring_prep_read(entry, 0, &value, sizeof value, 0);
    ::io_uring_sqe_set_flags(entry, IOSQE_FIXED_FILE);
    submit();
    tell_completions();
    std::printf("value: %llu\n", static_cast<unsigned long long>(value));
    tell_poll(fd);
}

// One that completes once needs no help: units may be cached all the same.
void ring_polls_once() {
    if (!begin_ring()) std::abort();
    const int fd = busy();
    for (int i = 0; i < 3; ++i) {
        add(fd, 1);
        ::io_uring_prep_poll_add(next(), fd, POLLIN);
        submit();
        tell_completions();
    }
    tell_take(fd);
    ::io_uring_prep_poll_add(next(), fd, POLLIN);
    submit();
    tell_completions();
    add(fd, 1);
    tell_completions();
    tell_take(fd);
}

void ring_polls_each() {
    if (!begin_ring()) std::abort();
    const int fd = busy();
    ::io_uring_prep_poll_multishot(next(), fd, POLLIN);
    submit();
    tell_completions();
    for (int i = 0; i < 3; ++i) {
        add(fd, 1);
        tell_completions();
    }
    tell_take(fd);
}

void ring_watches_edges() {
    if (!begin_ring()) std::abort();
    const int fd = busy();
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLET;
    ::io_uring_prep_epoll_ctl(next(), epoll, fd, EPOLL_CTL_ADD, &wanted);
    submit();
    tell_completions();
    tell_events(epoll, fd);
}

void ring_closes() {
    if (!begin_ring()) std::abort();
    const int fd = busy();
    const int other = ::dup(fd);
    add(fd, 3);
    ::io_uring_prep_close(next(), fd);
    submit();
    tell_completions();
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    std::printf("same number: %d\n", ends[0] == fd || ends[1] == fd);
    const std::uint64_t value = 77;
    std::printf("write: %zd\n", ::write(ends[1], &value, sizeof value));
    tell_take(ends[0]);
    tell_take(other);
}

// What the ring is asked is seen, and what it is given past liburing is not.
void ring_corners() {
    if (!begin_ring()) std::abort();
    const int fd = busy();
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    ::io_uring_prep_epoll_ctl(next(), epoll, fd, EPOLL_CTL_ADD, nullptr);
    std::printf("submitted: %d\n", ::io_uring_submit(&ring));
    const long registered = ::syscall(SYS_io_uring_register, ring.ring_fd, IORING_REGISTER_FILES, &fd, 1);
    add(fd, 5);
    std::uint64_t value = 0;
    io_uring_sqe* const entry = next();
    ::io_uring_prep_read(entry, 0, &value, sizeof value, 0);
    ::io_uring_sqe_set_flags(entry, IOSQE_FIXED_FILE);
    std::printf("registered: %ld, submitted: %d", registered, ::io_uring_submit(&ring));
    io_uring_cqe* got = nullptr;
    for (int i = 0; i < 2 && ::io_uring_wait_cqe(&ring, &got) == 0; ++i) {
        std::printf(", completed: %d", got->res);
        ::io_uring_cqe_seen(&ring, got);
    }
    std::printf(", value: %llu\n", static_cast<unsigned long long>(value));
}

void ring_polls_an_epoll() {
    if (!begin_ring()) std::abort();
    const int fd = busy();
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    (void)::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted);
    ::io_uring_prep_poll_multishot(next(), epoll, POLLIN);
    (void)::io_uring_submit(&ring);
    int completions = 0;
    for (int i = 0; i < 4; ++i) {
        add(fd, 1);
        (void)::io_uring_get_events(&ring);
        io_uring_cqe* got = nullptr;
        for (; ::io_uring_peek_cqe(&ring, &got) == 0; ++completions) ::io_uring_cqe_seen(&ring, got);
    }
    std::printf("completions: %d\n", completions);
    tell_take(fd);
}

// A ring whose memory the program maps itself.
void ring_of_its_own() {
    const int fd = busy();
    io_uring_params wanted{};
    std::printf("ring: %d\n", ::syscall(SYS_io_uring_setup, 4U, &wanted) >= 0);
    add(fd, 4);
    tell_take(fd);
}

void aio_reads() {
    aio_context_t context = 0;
    if (::syscall(SYS_io_setup, 4U, &context) != 0) std::abort();
    const int fd = busy();
    add(fd, 5);
    std::uint64_t value = 0;
    iocb request{};
    request.aio_lio_opcode = IOCB_CMD_PREAD;
    request.aio_fildes = static_cast<std::uint32_t>(fd);
    request.aio_buf = reinterpret_cast<std::uintptr_t>(&value);
    request.aio_nbytes = sizeof value;
    iocb* all[] = {&request};
    std::printf("submitted: %ld\n", ::syscall(SYS_io_submit, context, 1L, all));
    io_event done{};
    std::printf("events: %ld", ::syscall(SYS_io_getevents, context, 1L, 1L, &done, nullptr));
    std::printf(" %lld, value: %llu\n", static_cast<long long>(done.res), static_cast<unsigned long long>(value));
    std::printf("bad request: %ld", ::syscall(SYS_io_submit, context, 1L, 64L));
    std::printf(" %d\n", errno);
    tell_poll(fd);
}
