// SPDX-License-Identifier: MIT
// tests/cli/stat_scenes.cpp: programs of which it is known how often they call their eventfds, for stat_test.py.
//
//   stat_scenes SCENE: plays that scene; 0, or a message and 1.
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

void must(bool holds, const char* what) {
    if (holds) return;
    std::perror(what);
    std::_Exit(1);
}

int made(unsigned initial, int flags) {
    const int fd = ::eventfd(initial, flags);
    must(fd >= 0, "eventfd");
    return fd;
}
void add(int fd, int times = 1) {
    const std::uint64_t one = 1;
    for (int i = 0; i < times; ++i) must(::write(fd, &one, sizeof one) == sizeof one, "write");
}
std::uint64_t take(int fd) {
    std::uint64_t value = 0;
    must(::read(fd, &value, sizeof value) == sizeof value, "read");
    return value;
}
void find_empty(int fd) {
    std::uint64_t value = 0;
    must(::read(fd, &value, sizeof value) == -1 && errno == EAGAIN, "a read of nothing");
}
void expect_end(pid_t child) {
    int status = 0;
    must(::waitpid(child, &status, 0) == child && status == 0, "the child's end");
}

// 10 writes of which 8 find an unread one, 3 reads of which 1 finds nothing.
void counts() {
    const int fd = made(0, EFD_NONBLOCK);
    for (int half = 0; half < 2; ++half) {
        add(fd, 5);
        must(take(fd) == 5, "five");
    }
    find_empty(fd);
}

// 2 writes that find an unread one, 6 reads of which 1 finds nothing.
void semaphore() {
    const int fd = made(3, EFD_NONBLOCK | EFD_SEMAPHORE);
    add(fd, 2);
    for (int i = 0; i < 5; ++i) must(take(fd) == 1, "a unit");
    find_empty(fd);
}

// Two numbers: 2 writes, 1 of which finds an unread one, 1 read.
void duplicated() {
    const int fd = made(0, 0);
    const int other = ::dup(fd);
    add(other);
    add(fd);
    must(take(other) == 2, "two");
}

// Two eventfds with one write each, and a socket that had their number in between.
void reused() {
    const int fd = made(0, 0);
    add(fd);
    ::close(fd);
    int ends[2];
    must(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && ends[0] == fd, "a socket with the number");
    add(ends[0], 3);
    ::close(ends[0]);
    ::close(ends[1]);
    const int again = made(0, 0);
    must(again == fd, "the number again");
    add(again);
}

void send_number(int socket, int fd) {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (cmsghdr* const rights = CMSG_FIRSTHDR(&message); rights != nullptr) {
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    }
    must(::sendmsg(socket, &message, 0) == 1, "sendmsg");
}

int received_number(int socket) {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    must(::recvmsg(socket, &message, 0) == 1, "recvmsg");
    int fd = -1;
    const cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    must(rights != nullptr, "SCM_RIGHTS");
    if (rights != nullptr) std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    return fd;
}

// One eventfd: 4 writes in the child, 3 of which find an unread one, and 1 read in the parent.
void passed() {
    int ends[2];
    must(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    const pid_t child = ::fork();
    if (child == 0) {
        add(received_number(ends[1]), 4);
        std::_Exit(0);
    }
    const int fd = made(0, 0);
    send_number(ends[0], fd);
    expect_end(child);
    must(take(fd) == 4, "four");
}

// The same with an eventfd that the child has since its fork: 5 writes, 4 of which find an unread one.
void inherited() {
    const int fd = made(0, 0);
    const pid_t child = ::fork();
    if (child == 0) {
        add(fd, 5);
        std::_Exit(0);
    }
    expect_end(child);
    must(take(fd) == 5, "five");
}

// What the state of a thread in /proc says: 'S' is asleep.
char state_of(pid_t tid) {
    std::array<char, 512> text{};
    const int file = ::open(("/proc/self/task/" + std::to_string(tid) + "/stat").c_str(), O_RDONLY);
    const ssize_t got = ::read(file, text.data(), text.size() - 1);
    ::close(file);
    const char* const end = got > 0 ? std::strrchr(text.data(), ')') : nullptr;
    return end == nullptr ? '?' : end[2];
}

// A thread sleeps in a read, then in an epoll; each time one write wakes it. 2 writes, 2 reads, 2 wakes.
void woken() {
    const int fd = made(0, 0);
    const int poll = ::epoll_create1(0);
    epoll_event wanted{EPOLLIN, {}};
    must(::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &wanted) == 0, "epoll_ctl");
    std::atomic<pid_t> tid{0};
    std::atomic<int> taken{0};
    std::thread sleeper([&] {
        tid = static_cast<pid_t>(::syscall(SYS_gettid));
        (void)take(fd);
        taken = 1;
        epoll_event got{};
        must(::epoll_wait(poll, &got, 1, -1) == 1, "epoll_wait");
        (void)take(fd);
    });
    const auto await_sleep = [&](int after) {
        while (tid == 0 || taken != after || state_of(tid) != 'S') ::sched_yield();
    };
    await_sleep(0);
    add(fd);
    await_sleep(1);
    add(fd);
    sleeper.join();
}

// 1000 writes and 100 reads of one thread: the drop-in promotes it. Then a semaphore, which it promotes as well.
void promoted() {
    const int fd = made(0, 0);
    const int units = made(0, EFD_SEMAPHORE);
    for (int i = 0; i < 100; ++i) {
        add(fd, 10);
        must(take(fd) == 10, "ten");
        add(units, 10);
        for (int unit = 0; unit < 10; ++unit) must(take(units) == 1, "a unit");
    }
    const pid_t child = ::fork(); // demotes both
    if (child == 0) std::_Exit(0);
    expect_end(child);
    add(fd, 10);
    must(take(fd) == 10, "ten");
}

void killed() {
    add(made(0, 0), 2);
    (void)std::raise(SIGTERM);
}

void stops() {
    std::printf("%d\n", ::getpid());
    std::fflush(stdout);
    (void)std::raise(SIGSTOP);
    add(made(0, 0));
    std::puts("goes on");
}

// What a program can see of itself that should not change.
void shows() {
    for (const char* line : {"SigBlk", "SigIgn", "SigCgt", "SigPnd", "NoNewPrivs", "Seccomp:"})
        must(std::system((std::string("grep ") + line + " /proc/self/status").c_str()) == 0, "grep");
    must(std::system("ls /proc/self/fd; env | sort") == 0, "ls");
}

// For each byte of standard input: adds, sleeps in an epoll, takes, and says what epoll_wait said.
void serves() {
    const int fd = made(0, EFD_NONBLOCK);
    const int poll = ::epoll_create1(0);
    epoll_event event{EPOLLIN, {}};
    event.data.fd = STDIN_FILENO;
    must(::epoll_ctl(poll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0, "epoll_ctl");
    event.data.fd = fd;
    must(::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
    std::puts("ready");
    std::fflush(stdout);
    for (;;) {
        char byte = 0;
        const int found = ::epoll_wait(poll, &event, 1, -1);
        if (found == -1) std::printf("epoll_wait: %s\n", std::strerror(errno));
        std::fflush(stdout);
        if (found != 1) continue;
        if (event.data.fd == fd) {
            must(take(fd) == 1, "one");
            std::puts("taken");
            std::fflush(stdout);
        } else if (::read(STDIN_FILENO, &byte, 1) == 1) {
            add(fd);
        } else {
            return;
        }
    }
}

// The first thread ends, another one serves.
void outlived() {
    std::thread(serves).detach();
    ::pthread_exit(nullptr);
}

} // namespace

int main(int argc, char** argv) {
    const std::map<std::string, void (*)()> scenes{
        {"counts", counts},     {"semaphore", semaphore}, {"duplicated", duplicated}, {"reused", reused},
        {"passed", passed},     {"inherited", inherited}, {"woken", woken},           {"promoted", promoted},
        {"killed", killed},     {"stops", stops},         {"shows", shows},           {"serves", serves},
        {"outlived", outlived},
    };
    const auto scene = argc == 2 ? scenes.find(argv[1]) : scenes.end();
    if (scene == scenes.end()) return 2;
    scene->second();
    return 0;
}
