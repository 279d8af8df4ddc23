// SPDX-License-Identifier: MIT
// tests/dropin/conservation/naive_dropin.cpp: a drop-in that is slow and right, and broken in one way if NAIVE_FAULT
// says so: what the conservation test must catch.
//
// One lock with all signals blocked around everything. Units are cached beside an eventfd of this process that does not
// block and counts, while the kernel holds some; whatever another party could see flushes them and ends the caching for
// good.
//
//   none     right
//   fork     a fork is not looked at              raw       nor one by syscall() or _Fork
//   exec     nor a program that is started        dup       another number for it is not seen
//   close    nor what comes in the number's place edges     nor an edge-triggered watch
//   empty    caches where the kernel holds none   keep      a read leaves what is cached
//   signals  a handler may come between           bound     caches beyond 2^64-2
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

constexpr int most_numbers = 1024;
constexpr int nonblocking = O_NONBLOCK;

struct cached {
    bool may_cache = false;
    bool is_filled = false;
    std::uint64_t units = 0;
};
std::array<cached, most_numbers> table;
std::atomic_flag lock_word = ATOMIC_FLAG_INIT;
std::atomic<int> caching{0}; // numbers that may cache

// All that is looked up once is looked up as the program starts. A function's static variable will not do: a thread may
// be giving it its value while another forks, and the child would wait for that thread.
template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
using spawn_call = int(pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*, char* const*,
                       char* const*);
const char* const chosen_fault = std::getenv("NAIVE_FAULT");
auto* const real_syscall = next<long(long, ...)>("syscall");
auto* const real_fork = next<pid_t()>("fork");
auto* const real_bare_fork = next<pid_t()>("_Fork");
auto* const real_spawn = next<spawn_call>("posix_spawn");
auto* const real_fopen = next<std::FILE*(const char*, const char*)>("fopen");

bool is_broken(const char* how) { return chosen_fault != nullptr && std::strcmp(chosen_fault, how) == 0; }

long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
    return real_syscall(number, a, b, c, d, e, f);
}

class locked {
  public:
    locked() {
        sigset_t all;
        ::sigfillset(&all);
        if (!is_broken("signals")) ::pthread_sigmask(SIG_BLOCK, &all, &before_);
        while (lock_word.test_and_set()) ::sched_yield();
    }
    ~locked() noexcept(false) { // a handler may end the thread in it
        const int why = errno;
        lock_word.clear();
        if (!is_broken("signals")) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = why;
    }
    locked& operator=(locked&&) = delete; // neither copied nor moved

  private:
    sigset_t before_{};
};

long address(const void* of) { return static_cast<long>(reinterpret_cast<std::uintptr_t>(of)); }

void flush(int fd) {
    cached& one = table[static_cast<std::size_t>(fd)];
    if (one.units > 0) (void)raw(SYS_write, fd, address(&one.units), 8);
    one.units = 0;
}
void end_caching(int fd) {
    if (fd < 0 || fd >= most_numbers || !table[static_cast<std::size_t>(fd)].may_cache) return;
    flush(fd);
    table[static_cast<std::size_t>(fd)].may_cache = false;
    --caching;
}
void end_all_caching() {
    for (int fd = 0; fd < most_numbers && caching > 0; ++fd) end_caching(fd);
}
void forget(int fd) {
    if (!is_broken("close")) end_caching(fd);
}

cached* cached_at(int fd) {
    if (caching == 0 || fd < 0 || fd >= most_numbers || !table[static_cast<std::size_t>(fd)].may_cache) return nullptr;
    return &table[static_cast<std::size_t>(fd)];
}

ssize_t write_value(int fd, const void* from, std::size_t length) {
    if (cached_at(fd) == nullptr) return raw(SYS_write, fd, address(from), static_cast<long>(length)); // may sleep
    const locked now;
    cached* const one = cached_at(fd);
    std::uint64_t units = 0;
    if (one != nullptr && length == sizeof units) {
        std::memcpy(&units, from, sizeof units);
        const bool has_some = one->is_filled || is_broken("empty");
        const bool is_small = units < 1000 && one->units < 1U << 20;
        if (has_some && units > 0 && (is_small || (is_broken("bound") && units < UINT64_MAX))) {
            one->units += units;
            return 8;
        }
        if (!is_small) end_caching(fd);
    }
    const long written = raw(SYS_write, fd, address(from), static_cast<long>(length));
    if (one != nullptr && written == 8 && units > 0) one->is_filled = true;
    return written;
}

ssize_t read_value(int fd, void* into, std::size_t length) {
    if (cached_at(fd) == nullptr) return raw(SYS_read, fd, address(into), static_cast<long>(length)); // may sleep
    const locked now;
    cached* const one = cached_at(fd);
    std::uint64_t taken = 0;
    const long result = one != nullptr && length >= 8 ? raw(SYS_read, fd, address(&taken), 8)
                                                      : raw(SYS_read, fd, address(into), static_cast<long>(length));
    if (one == nullptr || length < 8) return result;
    one->is_filled = false;
    if (result < 0) return result;
    if (!is_broken("keep")) {
        taken += one->units;
        one->units = 0;
    }
    std::memcpy(into, &taken, sizeof taken);
    return 8;
}

} // namespace

// NOLINTBEGIN: libc's names, and its declarations of them say more than is needed
extern "C" {

int eventfd(unsigned count, int flags) {
    const locked now;
    const int fd = static_cast<int>(raw(SYS_eventfd2, count, flags));
    if (fd >= 0 && fd < most_numbers && flags == nonblocking) {
        table[static_cast<std::size_t>(fd)] = {true, count > 0, 0};
        ++caching;
    }
    return fd;
}

ssize_t write(int fd, const void* from, size_t length) { return write_value(fd, from, length); }
ssize_t read(int fd, void* into, size_t length) { return read_value(fd, into, length); }
int eventfd_write(int fd, uint64_t units) { return write_value(fd, &units, 8) == 8 ? 0 : -1; }
int eventfd_read(int fd, uint64_t* into) { return read_value(fd, into, 8) == 8 ? 0 : -1; }
ssize_t readv(int fd, const iovec* where, int count) {
    if (count == 1) return read_value(fd, where->iov_base, where->iov_len);
    return raw(SYS_readv, fd, address(where), count);
}
ssize_t preadv2(int fd, const iovec* where, int, off_t, int) { return read_value(fd, where->iov_base, where->iov_len); }
ssize_t writev(int fd, const iovec* where, int) { return write_value(fd, where->iov_base, where->iov_len); }
ssize_t pwritev2(int fd, const iovec* where, int, off_t, int) {
    return write_value(fd, where->iov_base, where->iov_len);
}

int close(int fd) {
    const locked now;
    forget(fd);
    return static_cast<int>(raw(SYS_close, fd));
}
int close_range(unsigned first, unsigned last, int flags) noexcept {
    const locked now;
    for (unsigned fd = first; fd <= last && fd < most_numbers; ++fd) forget(static_cast<int>(fd));
    return static_cast<int>(raw(SYS_close_range, first, last, flags));
}
int dup(int fd) noexcept {
    const locked now;
    if (!is_broken("dup")) end_caching(fd);
    return static_cast<int>(raw(SYS_dup, fd));
}
int dup3(int fd, int into, int flags) noexcept {
    const locked now;
    if (!is_broken("dup")) end_caching(fd);
    forget(into);
    return static_cast<int>(raw(SYS_dup3, fd, into, flags));
}
int dup2(int fd, int into) noexcept { return fd == into ? fd : dup3(fd, into, 0); }
int fcntl(int fd, int what, ...) {
    va_list rest;
    va_start(rest, what);
    const long more = va_arg(rest, long);
    va_end(rest);
    const locked now;
    if (what != F_GETFL && !is_broken("dup")) end_caching(fd);
    return static_cast<int>(raw(SYS_fcntl, fd, what, more));
}
int epoll_ctl(int set, int what, int fd, epoll_event* wanted) noexcept {
    const locked now;
    if (!is_broken("edges")) end_caching(fd); // level in a set that is watched for edges is an edge too
    return static_cast<int>(raw(SYS_epoll_ctl, set, what, fd, address(wanted)));
}

pid_t fork() noexcept {
    const locked now;
    if (!is_broken("fork")) end_all_caching();
    return real_fork();
}
pid_t _Fork() noexcept {
    const locked now;
    if (!is_broken("raw")) end_all_caching();
    return real_bare_fork();
}
// As fork. A child in this memory would need the lock in its execve; if its parent is killed, or executes a program,
// while another of its threads has the lock, no thread unlocks it any more. And by its numbers it would flush to other
// files.
pid_t vfork() noexcept {
    const locked now;
    if (!is_broken("exec")) end_all_caching();
    return real_fork();
}
int execve(const char* path, char* const* words, char* const* environment) noexcept {
    {
        const locked now;
        if (!is_broken("exec")) end_all_caching();
    }
    return static_cast<int>(raw(SYS_execve, address(path), address(words), address(environment)));
}
int posix_spawn(pid_t* child, const char* path, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes, char* const* words, char* const* environment) {
    {
        const locked now;
        if (!is_broken("exec")) end_all_caching();
    }
    return real_spawn(child, path, actions, attributes, words, environment);
}
std::FILE* fopen(const char* path, const char* mode) {
    if (std::strncmp(path, "/proc/self/fdinfo/", 18) == 0) {
        const locked now;
        if (const int fd = std::atoi(path + 18); cached_at(fd) != nullptr) flush(fd);
    }
    return real_fopen(path, mode);
}

// Under another name, as libc's declaration says that it throws nothing: a handler may end the thread in it.
long any_call(long number, ...) asm("syscall");
long any_call(long number, ...) {
    va_list rest;
    va_start(rest, number);
    long more[6];
    for (long& one : more) one = va_arg(rest, long);
    va_end(rest);
    const auto pointer = reinterpret_cast<void*>(more[1]);
    if (number == SYS_write) return write_value(static_cast<int>(more[0]), pointer, static_cast<std::size_t>(more[2]));
    if (number == SYS_read) return read_value(static_cast<int>(more[0]), pointer, static_cast<std::size_t>(more[2]));
    if (number == SYS_close) return close(static_cast<int>(more[0]));
    if (number != SYS_fork && number != SYS_clone3)
        return raw(number, more[0], more[1], more[2], more[3], more[4], more[5]);
    const locked now;
    if (!is_broken("raw")) end_all_caching();
    return raw(number, more[0], more[1], more[2], more[3], more[4], more[5]);
}

} // extern "C"
// NOLINTEND
