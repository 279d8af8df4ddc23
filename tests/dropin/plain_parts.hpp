// SPDX-License-Identifier: MIT
// tests/dropin/plain_parts.hpp: what the scenes of plain_program share. It knows of no efd.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

inline void add(int fd, std::uint64_t n) {
    const ssize_t done = ::write(fd, &n, sizeof n);
    std::printf("write %llu: %zd\n", static_cast<unsigned long long>(n), done);
}

inline long long take(int fd) {
    std::uint64_t value = 0;
    return ::read(fd, &value, sizeof value) == 8 ? static_cast<long long>(value) : -errno;
}

inline void tell_take(int fd) { std::printf("read: %lld\n", take(fd)); }

inline void tell_poll(int fd) {
    pollfd asked{fd, POLLIN | POLLOUT, 0};
    (void)::poll(&asked, 1, 0);
    std::printf("poll: %s%s\n", (asked.revents & POLLIN) != 0 ? "in " : "",
                (asked.revents & POLLOUT) != 0 ? "out" : "");
}

// What an epoll says of three writes, one after the other.
inline void tell_events(int epoll, int fd) {
    for (int i = 0; i < 3; ++i) {
        add(fd, 1);
        epoll_event got{};
        std::printf("epoll: %d\n", ::epoll_wait(epoll, &got, 1, 0));
    }
    tell_take(fd);
}

// Gives enough evidence for a promotion; ends with two units in the kernel or beside it.
inline void make_busy(int fd) {
    for (int round = 0; round < 12; ++round) {
        for (int i = 0; i < 8; ++i) {
            const std::uint64_t one = 1;
            if (::write(fd, &one, sizeof one) != 8) std::abort();
        }
        if (take(fd) < 1) std::abort();
    }
    add(fd, 1);
    add(fd, 1);
}

inline int busy(int flags = EFD_NONBLOCK) {
    const int fd = ::eventfd(0, flags);
    if (fd < 0) std::abort();
    make_busy(fd);
    return fd;
}

// Whether a thread of this process or of a child is asleep in a read of fd. Where the kernel does not tell system calls
// to us, asleep in whatever call.
inline bool is_asleep_in_read(pid_t process, pid_t thread, int fd) {
    const std::string task = "/proc/" + std::to_string(process) + "/task/" + std::to_string(thread);
    long call = SYS_read;
    unsigned long number = static_cast<unsigned long>(fd);
    if (std::FILE* const file = std::fopen((task + "/syscall").c_str(), "r"); file != nullptr) {
        char line[256];
        if (std::fgets(line, sizeof line, file) != nullptr && std::sscanf(line, "%ld %lx", &call, &number) != 2)
            call = -1;
        (void)std::fclose(file);
    }
    char state = '?';
    if (std::FILE* const file = std::fopen((task + "/stat").c_str(), "r"); file != nullptr) {
        if (std::fscanf(file, "%*d %*s %c", &state) != 1) state = '?';
        (void)std::fclose(file);
    }
    return state == 'S' && call == SYS_read && number == static_cast<unsigned long>(fd);
}

// Waits until it is seen asleep; the test that runs the program bounds the time.
inline void await_asleep_in_read(pid_t process, pid_t thread, int fd) {
    while (!is_asleep_in_read(process, thread, fd)) ::usleep(500); // pace: between two looks
}

// The scenes of plain_scenes.cpp.
void nested_edges_first();
void cancelled();
void not_replaced();
void unannounced_child();
void replaced_in_vfork();
void far_away();
void fdinfo_by_its_number();
void sandboxed();
void unshared();
void bad_addresses();
void read_by_libc();
void taken_by_pidfd();
void by_other_names();
void other_name();

// Of plain_corners.cpp.
void reused_in_vfork();
void reused_then_executed();
void unshared_before();
void asleep();
void forked_amid_a_read();
void freed_value();
void not_closed();
void vector_at_the_bound();
void stopped_and_killed();
void closed_meanwhile();
void replaced_under_reader();
void nested_deeper();

// Of plain_rings.cpp. Whether this machine lets a process have a ring.
bool has_ring();
void ring_reads();
void ring_reads_registered();
void ring_polls_once();
void ring_polls_each();
void ring_watches_edges();
void ring_closes();
void ring_corners();
void ring_polls_an_epoll();
void ring_of_its_own();
void aio_reads();
