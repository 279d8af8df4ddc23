// SPDX-License-Identifier: MIT
// os/shared_memory.cpp: see shared_memory.hpp.
#include "os/shared_memory.hpp"

#include "os/errno.hpp"
#include "os/raw_call.hpp"
#include "os/signals.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

namespace efd::os {
namespace {

// Linux's numbers, which older headers lack.
constexpr unsigned memfd_close_on_exec = 0x1;
constexpr unsigned memfd_allow_sealing = 0x2;
constexpr unsigned memfd_noexec_seal = 0x8;
constexpr int add_seals = 1024 + 9;
constexpr int get_seals = 1024 + 10;
constexpr int seal_further = 0x1;
constexpr int seal_shrink = 0x2;
constexpr int seal_grow = 0x4;
constexpr int seal_write = 0x8;
constexpr int seal_future_write = 0x10;
constexpr int keep_size = 0x1;
constexpr int punch_hole = 0x2;

int raw_memfd_create(const char* name, unsigned flags) noexcept {
    return static_cast<int>(::syscall(SYS_memfd_create, name, flags));
}

// A 64-bit number as a system call takes it where a long has 32 bits: in two halves.
int raw_fallocate(int fd, int mode, std::uint64_t offset, std::uint64_t bytes) noexcept {
    if constexpr (sizeof(long) == 8) {
        return static_cast<int>(::syscall(SYS_fallocate, fd, mode, offset, bytes));
    } else {
        constexpr bool is_low_first = std::endian::native == std::endian::little;
        const auto half = [](std::uint64_t whole, bool low) { return static_cast<long>(low ? whole : whole >> 32); };
        return static_cast<int>(::syscall(SYS_fallocate, fd, mode, half(offset, is_low_first),
                                          half(offset, !is_low_first), half(bytes, is_low_first),
                                          half(bytes, !is_low_first)));
    }
}

// A call of mmap whose offset off_t cannot hold is refused as the kernel would.
void* map(void* where, std::uintptr_t bytes, int protection, int flags, int fd, std::uint64_t offset) noexcept {
    if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) {
        errno = EOVERFLOW;
        return MAP_FAILED;
    }
    return ::mmap(where, bytes, protection, flags, fd, static_cast<off_t>(offset));
}

constexpr int reserved_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
constexpr int fixed_no_replace = 0x100000; // MAP_FIXED_NOREPLACE, Linux 4.17; before that a hint

// More than the machine has, swap included: the kernel would find out page by page, and end processes for it.
bool is_more_than_memory(std::uint64_t bytes) noexcept {
    struct ::sysinfo machine{};
    if (::sysinfo(&machine) != 0) return false;
    return bytes > (std::uint64_t{machine.totalram} + machine.totalswap) * machine.mem_unit;
}

} // namespace

owned_fd& owned_fd::operator=(owned_fd&& other) noexcept {
    if (this == &other) return *this;
    reset();
    fd_ = other.fd_;
    file_ = other.file_;
    other.fd_ = none;
    return *this;
}

void owned_fd::reset() noexcept {
    if (is_intact()) close_known_fd(fd_);
    fd_ = none;
}

int create_memory_file(const char* name) noexcept {
    const errno_keeper keeper;
    constexpr unsigned always = memfd_close_on_exec | memfd_allow_sealing;
    int low = raw_memfd_create(name, always | memfd_noexec_seal);
    if (low < 0 && errno == EINVAL) low = raw_memfd_create(name, always);
    if (low < 0) return -errno;
    return to_high_number(low);
}

int set_file_mode(int fd, unsigned mode) noexcept {
    const errno_keeper keeper;
    return result_of(::fchmod(fd, mode));
}

int set_file_bytes(int fd, std::uint64_t bytes) noexcept {
    const errno_keeper keeper;
    rlimit limit{};
    const bool is_limited = ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    if (is_limited && bytes > limit.rlim_cur) return -EFBIG;
    if (bytes > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return -EFBIG;
    return result_of(::ftruncate(fd, static_cast<off_t>(bytes)));
}

// The kernel may take back what a call has allocated when a signal interrupts it: under a fast timer a large call would
// never end. So it is asked for one piece after the other, and signals come in between.
int allocate_file_range(int fd, std::uint64_t offset, std::uint64_t bytes) noexcept {
    constexpr std::uint64_t piece = std::uint64_t{1} << 26;
    const errno_keeper keeper;
    if (is_more_than_memory(bytes)) return -ENOSPC;
    for (std::uint64_t done = 0; done < bytes;) {
        const signals_blocked no_handlers;
        const std::uint64_t next = std::min(piece, bytes - done);
        if (raw_fallocate(fd, 0, offset + done, next) == 0)
            done += next;
        else if (errno != EINTR)
            return errno == EDQUOT ? -ENOSPC : -errno;
    }
    return 0;
}

int clear_file_range(int fd, std::uint64_t offset, std::uint64_t bytes) noexcept {
    const errno_keeper keeper;
    int result = 0;
    do result = result_of(raw_fallocate(fd, punch_hole | keep_size, offset, bytes));
    while (result == -EINTR);
    return result;
}

int seal_size(int fd) noexcept {
    const errno_keeper keeper;
    return result_of(raw_fcntl(fd, add_seals, seal_shrink | seal_grow | seal_further));
}

int seals_of(int fd, seal_facts& found) noexcept {
    const errno_keeper keeper;
    const int seals = result_of(raw_fcntl(fd, get_seals, 0));
    if (seals == -EBADF) return seals;
    found = {};
    if (seals < 0) return 0;
    found = {.can_have = true,
             .shrink = (seals & seal_shrink) != 0,
             .grow = (seals & seal_grow) != 0,
             .further = (seals & seal_further) != 0,
             .write = (seals & (seal_write | seal_future_write)) != 0};
    return 0;
}

int memory_facts_of(int fd, memory_facts& found) noexcept {
    const errno_keeper keeper;
    struct stat about{};
    struct statfs system{};
    if (::fstat(fd, &about) != 0 || ::fstatfs(fd, &system) != 0) return -errno;
    const int flags = raw_fcntl(fd, F_GETFL, 0);
    if (flags < 0) return -errno;
    found.is_tmpfs = S_ISREG(about.st_mode) && static_cast<unsigned long>(system.f_type) == TMPFS_MAGIC;
    found.reads_and_writes = (flags & O_ACCMODE) == O_RDWR;
    found.owner = about.st_uid;
    found.mode = about.st_mode & 0777U;
    found.bytes = static_cast<std::uint64_t>(about.st_size);
    return 0;
}

int duplicate(int fd) noexcept {
    const errno_keeper keeper;
    if (raw_fcntl(fd, F_GETFD, 0) < 0) return -errno;
    return dup_high(fd);
}

bool has_free_number() noexcept {
    const errno_keeper keeper;
    const int made = raw_memfd_create("efd-arena", memfd_close_on_exec);
    if (made >= 0) raw_close(made);
    return made >= 0 || (errno != EMFILE && errno != ENFILE);
}

std::size_t page_bytes() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

std::uintptr_t address_limit() noexcept {
    const errno_keeper keeper;
    constexpr std::uintptr_t all = std::numeric_limits<std::uintptr_t>::max();
    rlimit limit{};
    if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > all) return all;
    return static_cast<std::uintptr_t>(limit.rlim_cur);
}

void* reserve_addresses(std::uintptr_t bytes) noexcept {
    const errno_keeper keeper;
    void* const begin = map(nullptr, bytes, PROT_NONE, reserved_flags, -1, 0);
    return begin == MAP_FAILED ? nullptr : begin;
}

void release_reserved(void* begin, std::uintptr_t bytes) noexcept { unmap(begin, bytes); }

bool reserve_exactly(void* begin, std::uintptr_t bytes) noexcept {
    const errno_keeper keeper;
    void* const got = map(begin, bytes, PROT_NONE, reserved_flags | fixed_no_replace, -1, 0);
    if (got == begin) return true;
    if (got != MAP_FAILED) ::munmap(got, bytes);
    return false;
}

int map_file_at(void* begin, std::uintptr_t bytes, int fd, std::uint64_t offset) noexcept {
    const errno_keeper keeper;
    void* const got = map(begin, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, offset);
    return got == MAP_FAILED ? -errno : 0;
}

bool reserve_again(void* begin, std::uintptr_t bytes) noexcept {
    const errno_keeper keeper;
    return map(begin, bytes, PROT_NONE, reserved_flags | MAP_FIXED, -1, 0) != MAP_FAILED;
}

bool map_zeroed_at(void* begin, std::uintptr_t bytes) noexcept {
    const errno_keeper keeper;
    return map(begin, bytes, PROT_READ | PROT_WRITE, reserved_flags | MAP_FIXED, -1, 0) != MAP_FAILED;
}

void* map_file(std::uintptr_t bytes, int fd) noexcept {
    const errno_keeper keeper;
    void* const where = map(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return where == MAP_FAILED ? nullptr : where;
}

void* map_zeroed_unreserved(std::uintptr_t bytes) noexcept {
    const errno_keeper keeper;
    void* const begin = map(nullptr, bytes, PROT_READ | PROT_WRITE, reserved_flags, -1, 0);
    return begin == MAP_FAILED ? nullptr : begin;
}

void unmap(void* begin, std::uintptr_t bytes) noexcept {
    const errno_keeper keeper;
    ::munmap(begin, bytes);
}

int random_bytes(std::span<std::uint8_t> to) noexcept {
    const errno_keeper keeper;
    while (!to.empty()) {
        const long got = ::syscall(SYS_getrandom, to.data(), to.size(), 0U);
        if (got > 0)
            to = to.subspan(static_cast<std::size_t>(got));
        else if (got == 0 || errno != EINTR)
            return got == 0 ? -EIO : -errno;
    }
    return 0;
}

} // namespace efd::os
