// dropin/kernel_calls.cpp: see kernel_calls.hpp. System calls made directly, past every wrapper.
#include "dropin/kernel_calls.hpp"

#include <efd/base/atomic.hpp>

#include "dropin/raw_call.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace efd::dropin {
namespace {

constexpr int quick_looks = 64;

base::atomic<std::uint32_t> known_process{0};
// Not 0, in a page that is all zeroes in whatever child has memory of its own.
base::atomic<base::atomic<std::uint32_t>*> here{nullptr};

struct process_state {
    char is = 0; // as /proc has it: R, S, T, Z and so on; 0 where it does not say
    unsigned threads = 0;
};

process_state state_of(unsigned process) noexcept {
    char path[32] = "/proc/";
    char* at = path + std::strlen(path);
    unsigned place = 1'000'000'000;
    while (place > process) place /= 10;
    for (; place > 0; place /= 10) *at++ = static_cast<char>('0' + process / place % 10);
    std::memcpy(at, "/stat", sizeof "/stat");
    char text[512] = {};
    const long fd = raw_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (is_error(fd)) return {};
    (void)raw_call(SYS_read, fd, text, sizeof text - 1);
    (void)raw_call(SYS_close, fd);
    const char* field = std::strrchr(text, ')');
    if (field == nullptr || field[1] == 0) return {};
    process_state found{field[2], 0};
    constexpr int from_name_to_threads = 18;
    for (int i = 0; i < from_name_to_threads && field != nullptr; ++i) field = std::strchr(field + 1, ' ');
    for (; field != nullptr && field[1] >= '0' && field[1] <= '9'; ++field)
        found.threads = found.threads * 10 + static_cast<unsigned>(field[1] - '0');
    return found;
}

std::int64_t now_ns() noexcept {
    timespec now{};
    (void)raw_call(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

} // namespace

long read_now(int fd, void* buffer, std::size_t length) noexcept {
    const iovec place{buffer, length};
    const long got = raw_call(SYS_preadv2, fd, &place, 1, -1L, -1L, RWF_NOWAIT);
    if (got >= 0 || got == -EAGAIN || got == -EFAULT) return got;
    pollfd asked{fd, POLLIN, 0}; // a kernel that knows no such flag, or a filter that lets nobody use it
    const timespec none{};
    if (raw_call(SYS_ppoll, &asked, 1, &none, nullptr, 0) != 1) return -EAGAIN;
    return raw_call(SYS_read, fd, buffer, length);
}

bool sleeps_at_zero(int fd) noexcept {
    const long flags = raw_call(SYS_fcntl, fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

bool await_readable(int fd) noexcept {
    pollfd asked{fd, POLLIN, 0};
    const timespec moment{0, 10'000'000};
    return raw_call(SYS_ppoll, &asked, 1, &moment, nullptr, 0) != -EINTR;
}

bool is_anonymous(int fd) noexcept {
    struct stat found{};
    return raw_call(SYS_newfstatat, fd, "", &found, AT_EMPTY_PATH) != 0 || (found.st_mode & S_IFMT) == 0;
}

long add_units(int fd, std::uint64_t n) noexcept {
    if (!is_anonymous(fd)) return -EBADF;
    long done = 0;
    do done = raw_call(SYS_write, fd, &n, sizeof n);
    while (done == -EINTR); // it waits for room, and a handler has run
    return done;
}

long ask_for_memory(void* to, const void* from, std::size_t length) noexcept {
    const iovec there{const_cast<void*>(from), length};
    const iovec into{to, length};
    return raw_call(SYS_process_vm_readv, raw_call(SYS_getpid), &into, 1L, &there, 1L, 0L);
}

bool copy_from_program(void* to, const void* from, std::size_t length) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(from);
    if (!is_on_stack(address) || !is_on_stack(address + length)) {
        const long got = ask_for_memory(to, from, length);
        if (got != -ENOSYS && got != -EPERM) return got == static_cast<long>(length);
    }
    std::memcpy(to, from, length);
    return true;
}

bool short_wait::sees_change(const base::atomic<std::uint64_t>& word, std::uint64_t seen) noexcept {
    for (int looks = 0; since_ == 0 && looks < quick_looks; ++looks)
        if (word.load(base::relaxed) != seen) return true;
    (void)raw_call(SYS_sched_yield);
    return word.load(base::relaxed) != seen;
}

std::int64_t short_wait::ns() noexcept {
    const std::int64_t now = now_ns();
    if (since_ == 0) since_ = now;
    return now - since_;
}

std::uint64_t myself() noexcept {
    const auto thread = reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer()) >> 6;
    return std::uint64_t{known_process.load(base::relaxed)} << 32 | static_cast<std::uint32_t>(thread);
}

bool process_is_gone(std::uint64_t thread) noexcept {
    const auto process = static_cast<unsigned>(thread >> 32);
    if (process == 0) return false;
    if (raw_call(SYS_kill, process, 0) == -ESRCH) return true;
    const process_state found = state_of(process);
    // Its parent has not asked yet; or it is its first thread alone that has ended.
    return (found.is == 'Z' || found.is == 'X') && found.threads <= 1;
}

bool process_is_stopped(std::uint64_t thread) noexcept {
    const auto process = static_cast<unsigned>(thread >> 32);
    const char state = process == 0 ? '?' : state_of(process).is;
    return state == 'T' || state == 't';
}

void learn_process() noexcept {
    known_process.store(static_cast<std::uint32_t>(raw_call(SYS_getpid)), base::relaxed);
    if (auto* const page = here.load(base::acquire); page != nullptr) page->store(1, base::relaxed);
}

void watch_for_children() noexcept {
    if (here.load(base::relaxed) != nullptr) return;
    constexpr std::size_t length = sizeof(base::atomic<std::uint32_t>);
    const long at = raw_call(SYS_mmap, nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (is_error(at)) return;
    // Rounded up to the page. NOLINTNEXTLINE(performance-no-int-to-ptr): a system call's result
    auto* const page = reinterpret_cast<base::atomic<std::uint32_t>*>(at);
    page->store(1, base::relaxed);
    base::atomic<std::uint32_t>* none = nullptr;
    if (raw_call(SYS_madvise, at, length, MADV_WIPEONFORK) != 0 ||
        !here.compare_exchange_strong(none, page, base::acq_rel, base::relaxed))
        (void)raw_call(SYS_munmap, at, length);
}

bool is_unknown_child() noexcept {
    const auto* const page = here.load(base::acquire);
    return page != nullptr && page->load(base::relaxed) == 0;
}

bool memory_is_my_own() noexcept {
    return raw_call(SYS_getpid) == static_cast<long>(known_process.load(base::relaxed));
}

} // namespace efd::dropin
