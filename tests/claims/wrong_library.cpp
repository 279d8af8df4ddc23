// SPDX-License-Identifier: MIT
// tests/claims/wrong_library.cpp: libefd with one fault, to be preloaded before the sound one under `efd check`.
//
// Owns the names of the calls that can be wrong here; each goes on to the next definition of its name, and the fault
// that the variable WRONG names is added to it. Without WRONG nothing is wrong. Any thread; what is counted is counted
// in each process for itself.
#include <efd/arena.h>
#include <efd/efd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace {

bool is_wrong(std::string_view fault) {
    static const char* const named = std::getenv("WRONG");
    return named != nullptr && fault == named;
}

template <class Function>
Function* next(const char* name) {
    void* const found = ::dlsym(RTLD_NEXT, name);
    if (found == nullptr) std::abort();
    return reinterpret_cast<Function*>(found);
}

// Only where a read takes from the packed word, and only some of these: nothing else is wrong.
bool takes_two(efd_t* efd) {
    constexpr std::uint64_t packed_limit = std::uint64_t{1} << 27;
    if (!is_wrong("semaphore takes two") || (::efd_flags(efd) & EFD_SEMAPHORE) == 0) return false;
    const std::uint64_t count = ::efd_count(efd);
    return count > 64 && count < packed_limit && count % 2 == 0;
}
void take_one_more(efd_t* efd) {
    std::uint64_t lost = 0;
    (void)::efd_try_read(efd, &lost);
}

bool wakes(long number, long operation) {
    const long command = operation & FUTEX_CMD_MASK;
    return number == SYS_futex && (command == FUTEX_WAKE || command == FUTEX_REQUEUE);
}

bool loses(long number, long operation) {
    constexpr unsigned one_in = 10'000;
    static std::atomic<unsigned> counted{0};
    return wakes(number, operation) && is_wrong("a wake is lost") && counted.fetch_add(1) % one_in == one_in - 1;
}

// Of the process that got an arena from another one.
std::atomic<efd_arena_t*> arena_of_another{nullptr};

bool is_of_another(efd_t* efd) {
    efd_arena_t* const received = arena_of_another.load();
    return received != nullptr && ::efd_arena_id(received, efd) != 0;
}

} // namespace

extern "C" {

int efd_read(efd_t* efd, std::uint64_t* value) noexcept {
    static auto* const real = next<int(efd_t*, std::uint64_t*)>("efd_read");
    const bool two = takes_two(efd);
    const int result = real(efd, value);
    if (two && result == 0) take_one_more(efd);
    return result;
}

efd_arena_t* efd_arena_receive(int socket, const efd_arena_trust* trust) noexcept {
    static auto* const real = next<efd_arena_t*(int, const efd_arena_trust*)>("efd_arena_receive");
    efd_arena_t* const received = real(socket, trust);
    arena_of_another.store(received);
    return received;
}

int efd_write(efd_t* efd, std::uint64_t value) noexcept {
    static auto* const real = next<int(efd_t*, std::uint64_t)>("efd_write");
    if (is_wrong("a write by another process is lost") && is_of_another(efd)) return 0;
    return real(efd, value);
}

std::uint64_t efd_count(const efd_t* efd) noexcept {
    static auto* const real = next<std::uint64_t(const efd_t*)>("efd_count");
    return is_wrong("another process sees no count") && is_of_another(const_cast<efd_t*>(efd)) ? 0 : real(efd);
}

ssize_t efd_fd_read(int fd, void* buf, size_t len) noexcept {
    static auto* const real = next<ssize_t(int, void*, size_t)>("efd_fd_read");
    if (is_wrong("a read stores twice") && len == sizeof(std::uint64_t)) std::memset(buf, 0, len);
    efd_t* const efd = ::efd_fd_ctx(fd);
    const bool two = efd != nullptr && takes_two(efd);
    const ssize_t result = real(fd, buf, len);
    const int why = errno;
    if (two && result >= 0) take_one_more(efd);
    if (efd != nullptr) ::efd_put(efd);
    errno = why;
    return result;
}

ssize_t efd_fd_readv(int fd, const iovec* parts, int count) noexcept {
    static auto* const real = next<ssize_t(int, const iovec*, int)>("efd_fd_readv");
    if (!is_wrong("readv of none") || count != 0) return real(fd, parts, count);
    errno = EINVAL;
    return -1;
}

ssize_t efd_fd_write(int fd, const void* buf, size_t len) noexcept {
    static auto* const real = next<ssize_t(int, const void*, size_t)>("efd_fd_write");
    return real(fd, buf, is_wrong("long writes") && len > sizeof(std::uint64_t) ? sizeof(std::uint64_t) : len);
}

int efd_fd_fcntl(int fd, int command, long argument) noexcept {
    static auto* const real = next<int(int, int, long)>("efd_fd_fcntl");
    const int result = real(fd, command, argument);
    return is_wrong("F_GETFL") && command == F_GETFL && result >= 0 ? result & ~O_ACCMODE : result;
}

int efd_fd_fdinfo(int fd, char* buf, size_t size) noexcept {
    static auto* const real = next<int(int, char*, size_t)>("efd_fd_fdinfo");
    const int result = real(fd, buf, size);
    if (!is_wrong("fdinfo") || result < 0) return result;
    char* const last = std::strstr(buf, "eventfd-semaphore");
    if (last != nullptr) *last = '\0';
    return static_cast<int>(std::strlen(buf));
}

int efd_fd_close(int fd) noexcept {
    static auto* const real = next<int(int)>("efd_fd_close");
    if (is_wrong("close keeps the number")) return 0;
    const int result = real(fd);
    return is_wrong("close says yes") ? 0 : result;
}

long syscall(long number, ...) noexcept {
    static auto* const real = next<long(long, long, long, long, long, long, long)>("syscall");
    va_list list;
    va_start(list, number);
    std::array<long, 6> a{};
    for (long& argument : a) argument = va_arg(list, long);
    va_end(list);
    if (loses(number, a[1])) return 0; // as if no thread slept on it
    if (is_wrong("wakes stay in the process") && wakes(number, a[1])) a[1] |= FUTEX_PRIVATE_FLAG;
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
}
