// SPDX-License-Identifier: MIT
// tests/dropin/plain_program.cpp: a program that knows of no efd, for run_test.py: does one thing to an eventfd.
//
//   plain_program SCENE    prints what its calls returned, step by step; ends with 0
//
// Each scene first makes the eventfd a busy one, read and written through libc, and then does what its name says.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <linux/fs.h>
#include <map>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "plain_parts.hpp"

extern char** environ;

namespace {

void watch(std::uint32_t events) {
    const int fd = busy();
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event wanted{};
    wanted.events = events;
    (void)::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted);
    tell_events(epoll, fd);
}

void level() { watch(EPOLLIN); }
void edges() { watch(EPOLLIN | EPOLLET); }
void exclusive() { watch(EPOLLIN | EPOLLEXCLUSIVE); }

void one_shot() {
    const int fd = busy();
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLONESHOT;
    (void)::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted);
    for (int i = 0; i < 3; ++i) {
        add(fd, 1);
        epoll_event got{};
        std::printf("epoll: %d then %d\n", ::epoll_wait(epoll, &got, 1, 0), ::epoll_wait(epoll, &got, 1, 0));
        (void)::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &wanted);
    }
    tell_take(fd);
}

void nested_edges() {
    const int fd = busy();
    const int inner = ::epoll_create1(EPOLL_CLOEXEC);
    const int outer = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    (void)::epoll_ctl(inner, EPOLL_CTL_ADD, fd, &wanted);
    wanted.events = EPOLLIN | EPOLLET;
    (void)::epoll_ctl(outer, EPOLL_CTL_ADD, inner, &wanted);
    for (int i = 0; i < 3; ++i) {
        add(fd, 1);
        epoll_event got{};
        std::printf("outer epoll: %d\n", ::epoll_wait(outer, &got, 1, 0));
    }
    tell_take(fd);
}

void passed() {
    const int fd = busy();
    int ends[2];
    (void)::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    char byte = 0;
    iovec one{&byte, 1};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &one;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    if (rights == nullptr) std::abort();
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    std::printf("sendmsg: %zd\n", ::sendmsg(ends[0], &message, 0));
    std::printf("recvmsg: %zd\n", ::recvmsg(ends[1], &message, 0));
    int received = -1;
    const cmsghdr* const came = CMSG_FIRSTHDR(&message);
    if (came == nullptr) std::abort();
    std::memcpy(&received, CMSG_DATA(came), sizeof received);
    add(fd, 3);
    tell_take(received);
    tell_take(fd);
}

void duplicated() {
    const int fd = busy();
    const int other = ::dup(fd);
    const int third = ::fcntl(fd, F_DUPFD_CLOEXEC, 50);
    const int fourth = ::dup2(fd, 60);
    add(other, 2);
    add(third, 3);
    add(fourth, 4);
    ::close(fd);
    tell_poll(other);
    tell_take(fourth);
    tell_take(other);
    (void)::fcntl(other, F_SETFL, ::fcntl(other, F_GETFL) & ~O_NONBLOCK);
    add(third, 1);
    tell_take(fourth);
}

void number_reused() {
    const int fd = busy();
    ::close(fd);
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    std::printf("same number: %d\n", ends[0] == fd || ends[1] == fd);
    const std::uint64_t value = 77;
    std::printf("write: %zd\n", ::write(ends[1], &value, sizeof value));
    tell_take(ends[0]);
}

void forked() {
    const int fd = busy();
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        for (int i = 0; i < 100; ++i) {
            const std::uint64_t two = 2;
            if (::write(fd, &two, sizeof two) != 8) ::_exit(1);
        }
        ::_exit(0);
    }
    int status = 0;
    (void)::waitpid(child, &status, 0);
    std::printf("child: %d\n", status);
    tell_take(fd);
    tell_poll(fd);
}

void forked_reader() {
    const int fd = busy(0);
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        long long sum = 0;
        while (sum < 1002) sum += take(fd);
        ::_exit(sum == 1002 ? 0 : 1);
    }
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t one = 1;
        if (::write(fd, &one, sizeof one) != 8) std::abort();
    }
    int status = 0;
    (void)::waitpid(child, &status, 0);
    std::printf("child: %d\n", status);
}

// The steps below see the descriptor as a program without the drop-in may: by its number.
void executed() {
    const int fd = busy();
    std::fflush(stdout);
    const std::string number = std::to_string(fd);
    ::execl("/proc/self/exe", "plain_program", "take_number", number.c_str(), nullptr);
}

void spawned() {
    const int fd = busy();
    std::fflush(stdout);
    const std::string number = std::to_string(fd);
    const char* const words[] = {"plain_program", "take_number", number.c_str(), nullptr};
    pid_t child = 0;
    const int spawned_as =
        ::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, const_cast<char**>(words), environ);
    int status = 0;
    (void)::waitpid(child, &status, 0);
    std::printf("spawn: %d, child: %d\n", spawned_as, status);
    tell_take(fd);
}

void vforked() {
    const int fd = busy(EFD_NONBLOCK | EFD_CLOEXEC);
    std::fflush(stdout);
    const pid_t child = ::vfork();
    if (child == 0) {
        ::close(fd); // in a table of its own, in its parent's memory
        ::_exit(0);
    }
    int status = 0;
    (void)::waitpid(child, &status, 0);
    add(fd, 5);
    tell_take(fd);
    tell_poll(fd);
}

void shown() {
    const int fd = busy();
    add(fd, 40);
    std::FILE* const info = std::fopen(("/proc/self/fdinfo/" + std::to_string(fd)).c_str(), "r");
    char line[128];
    while (std::fgets(line, sizeof line, info) != nullptr)
        if (std::strncmp(line, "eventfd-count", 13) == 0) std::fputs(line, stdout);
    (void)std::fclose(info);
    tell_take(fd);
}

void by_syscall() { // as nginx does
    const int fd = static_cast<int>(::syscall(SYS_eventfd2, 0, EFD_NONBLOCK));
    make_busy(fd);
    const std::uint64_t five = 5;
    std::printf("write: %ld\n", ::syscall(SYS_write, fd, &five, sizeof five));
    std::uint64_t value = 0;
    std::printf("read: %ld", ::syscall(SYS_read, fd, &value, sizeof value));
    std::printf(" %llu\n", static_cast<unsigned long long>(value));
}

void by_eventfd_calls() { // as gRPC does
    const int fd = busy();
    std::printf("eventfd_write: %d\n", ::eventfd_write(fd, 4));
    eventfd_t value = 0;
    std::printf("eventfd_read: %d", ::eventfd_read(fd, &value));
    std::printf(" %llu\n", static_cast<unsigned long long>(value));
    std::printf("eventfd_read: %d\n", ::eventfd_read(fd, &value));
}

void by_vectors() {
    const int fd = busy();
    std::uint64_t two[] = {2, 3};
    const iovec segments[] = {{&two[0], 8}, {&two[1], 8}};
    std::printf("writev: %zd\n", ::writev(fd, segments, 2));
    unsigned char halves[8] = {};
    const iovec scattered[] = {{halves, 3}, {halves + 3, 5}};
    std::printf("readv: %zd", ::readv(fd, scattered, 2));
    std::printf(" %d\n", halves[0]);
    std::printf("writev: %zd\n", ::writev(fd, segments, 1));
    std::printf("preadv2: %zd", ::preadv2(fd, segments, 1, -1, 0));
    std::printf(" %llu\n", static_cast<unsigned long long>(two[0]));
}

void semaphore() {
    const int fd = busy(EFD_NONBLOCK | EFD_SEMAPHORE);
    long long sum = 0;
    for (long long got = take(fd); got > 0; got = take(fd)) sum += got;
    std::printf("all of it: %lld\n", sum);
    add(fd, 3);
    add(fd, 2);
    for (int i = 0; i < 6; ++i) tell_take(fd);
}

void bound() {
    const int fd = busy();
    add(fd, UINT64_MAX);
    add(fd, UINT64_MAX - 1 - 2);
    tell_poll(fd);
    add(fd, 1);
    add(fd, 0);
    tell_take(fd);
}

void unknown_ioctl() {
    const int fd = busy();
    std::printf("ioctl: %d", ::ioctl(fd, 0x4020ae76U, nullptr)); // KVM_IRQFD, on the wrong file
    std::printf(" %s\n", std::strerror(errno));
    add(fd, 2);
    tell_take(fd);
}

void file_ioctl() { // a disk's request, tried on a file as qemu does, reaches no eventfd
    const int fd = busy();
    const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    std::printf("ioctl: %d", ::ioctl(file, BLKSSZGET, nullptr));
    std::printf(" %s\n", std::strerror(errno));
    ::close(file);
    add(fd, 2);
    tell_take(fd);
}

void close_all() {
    const int fd = busy();
    const int other = busy();
    std::printf("close_range: %d\n", ::close_range(static_cast<unsigned>(fd), static_cast<unsigned>(other), 0));
    tell_take(fd);
    const int again = ::eventfd(3, EFD_NONBLOCK);
    std::printf("same number: %d\n", again == fd);
    tell_take(again);
}

using scene_map = std::map<std::string, std::function<void()>>;
const scene_map scenes = {
    {"level", level},
    {"edges", edges},
    {"exclusive", exclusive},
    {"one_shot", one_shot},
    {"nested_edges", nested_edges},
    {"passed", passed},
    {"duplicated", duplicated},
    {"number_reused", number_reused},
    {"forked", forked},
    {"forked_reader", forked_reader},
    {"executed", executed},
    {"spawned", spawned},
    {"vforked", vforked},
    {"shown", shown},
    {"by_syscall", by_syscall},
    {"by_eventfd_calls", by_eventfd_calls},
    {"by_vectors", by_vectors},
    {"semaphore", semaphore},
    {"bound", bound},
    {"unknown_ioctl", unknown_ioctl},
    {"file_ioctl", file_ioctl},
    {"asleep", asleep},
    {"close_all", close_all},
    {"nested_edges_first", nested_edges_first},
    {"cancelled", cancelled},
    {"not_replaced", not_replaced},
    {"unannounced_child", unannounced_child},
    {"replaced_in_vfork", replaced_in_vfork},
    {"far_away", far_away},
    {"fdinfo_by_its_number", fdinfo_by_its_number},
    {"sandboxed", sandboxed},
    {"unshared", unshared},
    {"bad_addresses", bad_addresses},
    {"read_by_libc", read_by_libc},
    {"taken_by_pidfd", taken_by_pidfd},
    {"by_other_names", by_other_names},
    {"other_name", other_name},
    {"reused_in_vfork", reused_in_vfork},
    {"reused_then_executed", reused_then_executed},
    {"unshared_before", unshared_before},
    {"forked_amid_a_read", forked_amid_a_read},
    {"freed_value", freed_value},
    {"not_closed", not_closed},
    {"vector_at_the_bound", vector_at_the_bound},
    {"stopped_and_killed", stopped_and_killed},
    {"closed_meanwhile", closed_meanwhile},
    {"replaced_under_reader", replaced_under_reader},
    {"nested_deeper", nested_deeper},
    {"ring_corners", ring_corners},
    {"ring_polls_an_epoll", ring_polls_an_epoll},
    {"ring_reads", ring_reads},
    {"ring_reads_registered", ring_reads_registered},
    {"ring_polls_once", ring_polls_once},
    {"ring_polls_each", ring_polls_each},
    {"ring_watches_edges", ring_watches_edges},
    {"ring_closes", ring_closes},
    {"ring_of_its_own", ring_of_its_own},
    {"aio_reads", aio_reads},
};

// For the test of what happens to a scene that runs out of time, and so in no list: two processes, both in a read that
// never ends.
void hangs() {
    const int fd = ::eventfd(0, 0);
    const bool is_parent = ::fork() != 0;
    std::printf(is_parent ? "parent\n" : "child\n");
    std::fflush(stdout);
    tell_take(fd);
}

void list_scenes() {
    const bool with_rings = has_ring();
    for (const auto& [name, act] : scenes)
        if (with_rings || name.rfind("ring_", 0) != 0) std::printf("%s\n", name.c_str());
}

} // namespace

int main(int argc, char** argv) {
    const std::string scene = argc > 1 ? argv[1] : "";
    if (scene == "take_number" && argc > 2) {
        tell_take(std::atoi(argv[2]));
        return 0;
    }
    if (scene == "list")
        list_scenes();
    else if (scene == "hangs")
        hangs();
    else if (const auto found = scenes.find(scene); found != scenes.end())
        found->second();
    else
        return 2;
    return 0;
}
