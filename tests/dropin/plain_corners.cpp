// SPDX-License-Identifier: MIT
// tests/dropin/plain_corners.cpp: scenes in which a number changes hands, a process dies or stops, or memory goes, at
// the worst moment that the kernel leaves for it.
#include "plain_parts.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <thread>

namespace {

int own_file() { return ::memfd_create("corner", MFD_CLOEXEC); }
long long size_of(int file) {
    struct stat found{};
    return ::fstat(file, &found) == 0 ? static_cast<long long>(found.st_size) : -1;
}
void put(int fd, std::uint64_t n) { (void)!::write(fd, &n, sizeof n); }

void say_nothing(int /*signal*/) {}

} // namespace

// A child of vfork closes its number and gets it for a file: what it writes there is in the file.
void reused_in_vfork() {
    const int fd = busy();
    const int file = own_file();
    const pid_t child = ::vfork();
    if (child == 0) {
        (void)::close(fd);
        const int again = ::dup(file);
        put(again, 77);
        ::_exit(again == fd ? 0 : 1);
    }
    int status = -1;
    (void)::waitpid(child, &status, 0);
    std::printf("child: %d, file: %lld\n", status, size_of(file));
    tell_take(fd);
}

// As above, and then it executes: nothing is flushed into the file.
void reused_then_executed() {
    const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    make_busy(fd);
    const int file = own_file();
    const pid_t child = ::vfork();
    if (child == 0) {
        (void)::close(fd);
        (void)!::dup(file);
        ::execl("/bin/true", "true", static_cast<char*>(nullptr));
        ::_exit(1);
    }
    (void)::waitpid(child, nullptr, 0);
    std::printf("file: %lld\n", size_of(file));
    tell_take(fd);
}

// A thread has a table of its own before the eventfd is made: its number is another's there.
void unshared_before() {
    std::atomic<int> step{0};
    int ends[2] = {-1, -1};
    std::thread other([&] {
        (void)::unshare(CLONE_FILES);
        step = 1;
        while (step != 2) std::this_thread::yield();
        if (::pipe2(ends, O_NONBLOCK) != 0) std::abort();
        put(ends[1], 7);
        std::printf("pipe: %lld\n", take(ends[0]));
        step = 3;
    });
    while (step != 1) std::this_thread::yield();
    const int fd = ::eventfd(0, EFD_NONBLOCK);
    make_busy(fd);
    const int second = ::dup(fd); // the pipe's numbers, whichever end
    step = 2;
    while (step != 3) std::this_thread::yield();
    other.join();
    add(fd, 1);
    tell_take(second);
}

// A reader that sleeps is woken, and takes all.
void asleep() {
    const int fd = busy(0);
    tell_take(fd);
    long long got = 0;
    std::atomic<pid_t> thread{0};
    std::thread reader([&] {
        thread = ::gettid();
        got = take(fd);
    });
    while (thread == 0) std::this_thread::yield();
    await_asleep_in_read(::getpid(), thread, fd);
    add(fd, 9);
    reader.join();
    std::printf("woken with %lld\n", got);
}

// Both processes end the read that one of them began; a reader sleeps on, and must be woken.
void forked_amid_a_read() {
    static int fd = -1;
    static std::atomic<pid_t> child{0};
    fd = busy(0);
    tell_take(fd);
    (void)std::fflush(stdout);
    struct sigaction forks{};
    forks.sa_handler = [](int) {
        const pid_t made = ::fork();
        if (made != 0) child = made;
    };
    forks.sa_flags = SA_RESTART;
    (void)::sigaction(SIGUSR1, &forks, nullptr);
    struct sigaction ends{};
    ends.sa_handler = say_nothing;
    (void)::sigaction(SIGUSR2, &ends, nullptr);
    const pid_t parent = ::getpid();
    const pthread_t reader = ::pthread_self();
    std::thread writer([=] {
        await_asleep_in_read(parent, parent, fd);
        (void)::pthread_kill(reader, SIGUSR1);
        while (child == 0) std::this_thread::yield();
        if (child < 0) std::abort(); // kill would send it to every process
        await_asleep_in_read(parent, parent, fd);
        await_asleep_in_read(child, child, fd);
        (void)::kill(child, SIGUSR2);
        (void)::waitpid(child, nullptr, 0);
        put(fd, 1);
    });
    const long long got = take(fd);
    if (::getpid() != parent) ::_exit(0);
    writer.join();
    std::printf("parent: %lld\n", got);
    put(fd, 1);
    tell_poll(fd);
    tell_take(fd);
}

// The reader unmaps the value as soon as it has it: the writer's call must not look at it any more.
void freed_value() {
    const int fd = ::eventfd(0, 0);
    const long page = ::sysconf(_SC_PAGESIZE);
    for (int round = 0; round < 200; ++round) {
        void* const at =
            ::mmap(nullptr, static_cast<std::size_t>(page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) std::abort();
        const std::uint64_t one = 1;
        std::memcpy(at, &one, sizeof one);
        std::thread reader([=] {
            if (take(fd) == 1) (void)::munmap(at, static_cast<std::size_t>(page));
        });
        if (::syscall(SYS_write, fd, at, sizeof one) != 8) std::abort();
        reader.join();
    }
    std::printf("all written\n");
    make_busy(fd);
    tell_take(fd);
}

// Calls that fail leave what was cached where it is.
void not_closed() {
    const int fd = busy();
    const int high = ::fcntl(fd, F_DUPFD, 40);
    (void)::close(fd);
    add(high, 4);
    std::printf("dup3: %ld\n", ::syscall(SYS_dup3, 1, high, 1));
    tell_take(high);
    rlimit all{};
    (void)::getrlimit(RLIMIT_NOFILE, &all);
    add(high, 1);
    add(high, 4);
    rlimit few = all;
    few.rlim_cur = 20;
    (void)::setrlimit(RLIMIT_NOFILE, &few);
    std::printf("dup2: %d\n", ::dup2(1, high));
    (void)::setrlimit(RLIMIT_NOFILE, &all);
    tell_take(high);
    add(high, 1);
    add(high, 4);
    std::printf("dup2 onto itself by another number: %d\n", ::dup2(::dup(high), high) == high);
    tell_take(high);
}

// A vector may hold what has no room beside what is there.
void vector_at_the_bound() {
    const int fd = busy();
    for (int i = 0; i < 4; ++i) put(fd, 1);
    std::uint64_t most = UINT64_MAX - 1 - 1;
    const iovec one{&most, sizeof most};
    errno = 0;
    std::printf("writev: %zd", ::writev(fd, &one, 1));
    std::printf(" %d\n", errno);
    tell_poll(fd);
    tell_take(fd);
}

namespace {

// What both processes of the next scene see.
struct shared_steps {
    std::atomic<long long> given{0}; // units written, less what the child has taken
    std::atomic<int> steps{0};       // of the child that runs
};

void write_and_take(int fd, shared_steps& shared) {
    for (int i = 0; i < 20'000; ++i) {
        put(fd, 1);
        put(fd, 1);
        shared.given.fetch_add(2);
        if (i % 7 == 6) {
            std::uint64_t value = 0;
            const iovec place{&value, sizeof value};
            if (::readv(fd, &place, 1) == 8) shared.given.fetch_sub(static_cast<long long>(value));
        }
        shared.steps = i + 1;
    }
}

} // namespace

// One of two processes is stopped wherever it is, or killed and not waited for: the other's read says what there is.
void stopped_and_killed() {
    const int fd = busy();
    tell_take(fd);
    long long taken = 0;
    void* const place = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) std::abort();
    auto& shared = *new (place) shared_steps;
    (void)std::fflush(stdout);
    for (int round = 0; round < 12; ++round) {
        shared.steps = 0;
        const pid_t child = ::fork();
        if (child < 0) std::abort(); // kill would send it to every process
        if (child == 0) {
            write_and_take(fd, shared);
            ::_exit(0);
        }
        while (shared.steps < 100 + 997 * round) std::this_thread::yield();
        (void)::kill(child, SIGSTOP);
        int status = 0;
        (void)::waitpid(child, &status, WUNTRACED);
        if (const long long got = take(fd); got > 0) taken += got;
        if (!WIFSTOPPED(status)) continue; // it was at its end already
        (void)::kill(child, SIGCONT);
        (void)::waitpid(child, nullptr, 0);
    }
    for (long long got = take(fd); got > 0; got = take(fd)) taken += got;
    std::printf("lost or doubled: %lld\n", shared.given.load() - taken);
}

// One thread closes eventfds with units beside them, and has the number for a file; another makes calls for which all
// units are flushed.
void closed_meanwhile() {
    std::atomic<bool> ended{false};
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    std::atomic<int> calls{0};
    std::thread other([&] {
        for (; !ended; ++calls) (void)::ioctl(null, 0x4020ae76U, nullptr); // any driver's, for all that can be known
    });
    long long spoilt = 0;
    for (int round = 0; round < 1500; ++round) {
        const int fd = ::eventfd(0, EFD_NONBLOCK);
        const std::uint64_t one = 1;
        for (int i = 0; i < 40; ++i) {
            put(fd, one);
            if (i % 8 == 7) (void)take(fd);
        }
        for (int i = 0; i < 3; ++i) put(fd, one);
        (void)::close(fd);
        const int file = own_file();
        for (int i = 0; i < 100; ++i)
            if (size_of(file) != 0) ++spoilt;
        (void)::close(file);
    }
    const int last = busy(); // a whole call is made beside it, however late that thread runs
    for (const int before = calls; calls < before + 2;) std::this_thread::yield();
    ended = true;
    other.join();
    std::printf("spoilt: %lld\n", spoilt);
    tell_take(last);
}

// A number by which another thread reads becomes the eventfd's: that thread takes all units, or all of them remain.
void replaced_under_reader() {
    constexpr int place = 100;
    constexpr int rounds = 200;
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)::dup2(null, place);
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    std::atomic<long long> taken{0};
    std::thread reader([&] {
        for (int round = 1; round <= rounds; ++round) {
            while (begun < round) (void)::sched_yield();
            std::uint64_t value = 0;
            while (::read(place, &value, sizeof value) != static_cast<ssize_t>(sizeof value)) {
            }
            taken = static_cast<long long>(value);
            ended = round;
        }
    });
    int divided = 0;
    for (int round = 1; round <= rounds; ++round) {
        const int fd = busy();
        put(fd, 1);
        begun = round;
        (void)::dup2(fd, place);
        while (ended < round) (void)::sched_yield();
        if (taken != 3 || take(fd) != -EAGAIN) ++divided;
        (void)::dup2(null, place);
        (void)::close(fd);
    }
    reader.join();
    std::printf("divided: %d\n", divided);
    tell_take(busy());
}

// Epolls within epolls, for edges, by several levels and by another number of the inner one.
void nested_deeper() {
    const auto watch = [](int in, int what, std::uint32_t events) {
        epoll_event wanted{};
        wanted.events = events;
        (void)::epoll_ctl(in, EPOLL_CTL_ADD, what, &wanted);
    };
    for (int way = 0; way < 4; ++way) {
        const int fd = ::eventfd(0, EFD_NONBLOCK);
        const int inner = ::epoll_create1(EPOLL_CLOEXEC);
        const int middle = ::epoll_create1(EPOLL_CLOEXEC);
        const int outer = ::epoll_create1(EPOLL_CLOEXEC);
        make_busy(fd);
        if (way == 0) watch(inner, fd, EPOLLIN);
        watch(way == 3 ? outer : middle, way == 3 ? ::fcntl(inner, F_DUPFD_CLOEXEC, 0) : inner,
              way == 3 ? EPOLLIN | EPOLLET : EPOLLIN);
        if (way == 1) watch(inner, fd, EPOLLIN);
        if (way != 3) watch(outer, middle, EPOLLIN | EPOLLET);
        if (way > 1) watch(inner, fd, EPOLLIN);
        for (int i = 0; i < 3; ++i) {
            put(fd, 1);
            epoll_event got{};
            std::printf("outer: %d\n", ::epoll_wait(outer, &got, 1, 0));
        }
        tell_take(fd);
    }
}
