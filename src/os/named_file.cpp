// SPDX-License-Identifier: MIT
// os/named_file.cpp: see named_file.hpp.
#include "os/named_file.hpp"

#include "os/errno.hpp"
#include "os/open_call.hpp"
#include "os/raw_call.hpp"
#include "os/statx.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace efd::os {
namespace {

// statx(2), as its numbers have 64 bits everywhere.
file_facts facts(int directory, const char* name, int flags) noexcept {
    const errno_keeper keeper;
    struct ::statx about{};
    if (file_status(directory, name, flags, STATX_BASIC_STATS, about) != 0) return {};
    file_facts found;
    found.known = true;
    found.is_regular = S_ISREG(about.stx_mode);
    found.is_directory = S_ISDIR(about.stx_mode);
    found.mode = about.stx_mode & 07777U;
    found.owner = about.stx_uid;
    found.links = about.stx_nlink;
    found.bytes = about.stx_size;
    found.device = (std::uint64_t{about.stx_dev_major} << 32) | about.stx_dev_minor;
    found.inode = about.stx_ino;
    return found;
}

constexpr ::mode_t directory_mode = 0700;
constexpr ::mode_t file_mode = 0600;

} // namespace

file_facts facts_of(int fd) noexcept { return facts(fd, "", AT_EMPTY_PATH); }
file_facts facts_in(int directory, const char* name) noexcept { return facts(directory, name, AT_SYMLINK_NOFOLLOW); }

std::uint32_t effective_user() noexcept { return ::geteuid(); }
const char* runtime_directory() noexcept { return ::secure_getenv("XDG_RUNTIME_DIR"); }

int open_directory(const char* path) noexcept {
    return open_uncancelled(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

int open_directory_in(int directory, const char* name, bool may_make) noexcept {
    const errno_keeper keeper;
    const bool made = may_make && ::mkdirat(directory, name, directory_mode) == 0;
    if (may_make && !made && errno != EEXIST) return -errno;
    const int fd = open_uncancelled(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (made && fd >= 0) (void)::fchmod(fd, directory_mode); // the umask may have taken more
    return fd;
}

int open_file_in(int directory, const char* name, bool may_make) noexcept {
    const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (may_make ? O_CREAT : 0);
    return open_uncancelled(directory, name, flags, file_mode);
}

int unlink_in(int directory, const char* name) noexcept {
    const errno_keeper keeper;
    return result_of(::unlinkat(directory, name, 0));
}

// preadv(2) and pwritev(2) take an offset in the same two registers on every architecture; the second one counts where
// a long has 32 bits.
int read_at(int fd, void* to, std::size_t bytes, std::uint64_t offset) noexcept {
    const errno_keeper keeper;
    std::size_t done = 0;
    while (done < bytes) {
        const ::iovec rest{static_cast<char*>(to) + done, bytes - done};
        const auto low = static_cast<long>(offset + done);
        const auto high = static_cast<long>((offset + done) >> 32);
        const long got = ::syscall(SYS_preadv, fd, &rest, 1, low, high);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return static_cast<int>(done);
}

int write_at(int fd, const void* from, std::size_t bytes, std::uint32_t offset) noexcept {
    const errno_keeper keeper;
    std::size_t done = 0;
    while (done < bytes) {
        const ::iovec rest{const_cast<char*>(static_cast<const char*>(from)) + done, bytes - done};
        const long put = ::syscall(SYS_pwritev, fd, &rest, 1, static_cast<long>(offset + done), 0L);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return put < 0 ? -errno : -ENOSPC;
        done += static_cast<std::size_t>(put);
    }
    return 0;
}

int truncate_to(int fd, std::uint32_t bytes) noexcept {
    const errno_keeper keeper;
    return result_of(::ftruncate(fd, static_cast<::off_t>(bytes)));
}

} // namespace efd::os
