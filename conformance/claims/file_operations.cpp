// SPDX-License-Identifier: MIT
// conformance/claims/file_operations.cpp: section I of docs/semantics.md, calls that other kinds of file serve.
//
// Owns K-109 to K-117 and K-125: seeking, stat, memory mapping, size and syncing, moving data, ioctl. Links, owners,
// locks and the calls of other kinds of file are in file_kind.cpp. Each claim ends with a look at the count, which none
// of these calls may change. One thread.
#include "common/libc.hpp"
#include "conformance/framework/claim.hpp"
#include "conformance/framework/descriptor_calls.hpp"

#include <fcntl.h>
#include <fstream>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <termios.h>

#include <linux/fs.h>

namespace efd::claims {

namespace {

constexpr std::uint64_t untouched = 0x0807060504030201U;

std::unique_ptr<object> with_count(trial& t) {
    auto o = t.make(0, EFD_NONBLOCK);
    o->write(untouched);
    return o;
}

int file_of_16_bytes() {
    const int file = ::memfd_create("sixteen", MFD_CLOEXEC);
    return ::pwrite(file, "0123456789abcdef", 16, 0) == 16 ? file : -1;
}

struct pipe_pair {
    pipe_pair() { ready = ::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0; }
    int ends[2] = {-1, -1};
    bool ready = false;
    int from() const { return ends[0]; }
    int to() const { return ends[1]; }
};

// Not in a user namespace with ids of its own, which may show root as another user.
bool user_ids_are_the_systems() {
    std::ifstream map("/proc/self/uid_map");
    unsigned long inside = 1;
    unsigned long outside = 1;
    unsigned long length = 0;
    return map >> inside >> outside >> length && inside == 0 && outside == 0 && length == UINT32_MAX;
}

} // namespace

CLAIM(K_109, descriptor, "lseek: 0 for every whence with any offset, also negative; EINVAL for a bad whence only") {
    auto o = with_count(t);
    const int fd = o->descriptor();
    for (const int whence : {SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE})
        for (const off_t offset :
             {off_t{0}, off_t{1}, off_t{8}, off_t{-1}, off_t{-4096}, off_t{INT64_MAX}, off_t{INT64_MIN}}) {
            const off_t position = ::lseek(fd, offset, whence);
            t.expect_equal(position, 0, "lseek " + std::to_string(offset) + " whence " + std::to_string(whence));
        }
    for (const int whence : {5, 6, 100, -1})
        t.expect_error(error_of(static_cast<long>(::lseek(fd, 0, whence))), EINVAL,
                       "lseek whence " + std::to_string(whence));
    std::uint64_t value = 0;
    t.expect_error(o->read(value), 0, "read after lseek");
    t.expect_equal(value, untouched, "value after lseek");
    t.expect_equal(::lseek(fd, 0, SEEK_CUR), 0, "position after a read");
}

CLAIM(K_110, descriptor, "fstat: mode 0600 without type, size 0, one link, root's, block 4096; inode shared by all") {
    auto o = with_count(t);
    auto other = t.make(0);
    struct stat of{};
    t.expect_error(error_of(::fstat(o->descriptor(), &of)), 0, "fstat");
    t.expect_equal(of.st_mode, 0600U, "st_mode");
    t.expect(!S_ISREG(of.st_mode) && !S_ISDIR(of.st_mode) && !S_ISCHR(of.st_mode) && !S_ISBLK(of.st_mode) &&
                 !S_ISFIFO(of.st_mode) && !S_ISSOCK(of.st_mode) && !S_ISLNK(of.st_mode),
             "no file type");
    t.expect_equal(of.st_size, 0, "st_size");
    t.expect_equal(of.st_nlink, 1U, "st_nlink");
    if (user_ids_are_the_systems()) {
        t.expect_equal(of.st_uid, 0U, "st_uid");
        t.expect_equal(of.st_gid, 0U, "st_gid");
    }
    t.expect_equal(of.st_blksize, 4096, "st_blksize");
    t.expect_equal(of.st_blocks, 0, "st_blocks");
    for (const int fd : {other->descriptor(), ::epoll_create1(0)}) {
        struct stat of_other{};
        ::fstat(fd, &of_other);
        t.expect_equal(of_other.st_dev, of.st_dev, "st_dev of another eventfd, and of an epoll");
        t.expect_equal(of_other.st_ino, of.st_ino, "st_ino of another eventfd, and of an epoll");
    }
    t.expect_equal(o->count(), untouched, "count");
}

CLAIM(K_111, descriptor, "fstatfs: type 0x09041934") {
    auto o = with_count(t);
    struct statfs of{};
    t.expect_error(error_of(::fstatfs(o->descriptor(), &of)), 0, "fstatfs");
    t.expect_equal(of.f_type, 0x09041934, "f_type");
    t.expect_equal(o->count(), untouched, "count");
}

CLAIM(K_112, descriptor, "mmap, shared or private: ENODEV") {
    auto o = with_count(t);
    for (const int how : {MAP_SHARED, MAP_PRIVATE})
        for (const int protection : {PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE, PROT_NONE}) {
            const void* const at = ::mmap(nullptr, 4096, protection, how, o->descriptor(), 0);
            t.expect_error(at == MAP_FAILED ? errno : 0, ENODEV, "mmap");
        }
    t.expect_equal(o->count(), untouched, "count");
}

CLAIM(K_113, descriptor, "ftruncate: EINVAL") {
    auto o = with_count(t);
    for (const off_t length : {off_t{0}, off_t{8}, off_t{4096}, off_t{-1}})
        t.expect_error(error_of(::ftruncate(o->descriptor(), length)), EINVAL, "ftruncate");
    t.expect_equal(o->count(), untouched, "count");
}

CLAIM(K_114, descriptor, "fallocate, posix_fallocate: ENODEV") {
    auto o = with_count(t);
    const int fd = o->descriptor();
    t.expect_error(error_of(::fallocate(fd, 0, 0, 8)), ENODEV, "fallocate");
    t.expect_error(error_of(::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8)), ENODEV, "fallocate KEEP_SIZE");
    t.expect_error(::posix_fallocate(fd, 0, 8), ENODEV, "posix_fallocate");
    t.expect_equal(o->count(), untouched, "count");
}

CLAIM(K_115, descriptor, "fsync, fdatasync: EINVAL; sync_file_range: ESPIPE") {
    auto o = with_count(t);
    const int fd = o->descriptor();
    t.expect_error(error_of(::fsync(fd)), EINVAL, "fsync");
    t.expect_error(error_of(::fdatasync(fd)), EINVAL, "fdatasync");
    t.expect_error(error_of(::sync_file_range(fd, 0, 8, SYNC_FILE_RANGE_WRITE)), ESPIPE, "sync_file_range");
    t.expect_equal(o->count(), untouched, "count");
}

CLAIM(K_116, descriptor,
      "splice, tee, sendfile, copy_file_range either way: EINVAL; vmsplice: EBADF; count untouched") {
    auto o = with_count(t);
    const int fd = o->descriptor();
    const pipe_pair full;
    const pipe_pair empty;
    const int file = file_of_16_bytes();
    if (!full.ready || !empty.ready || file < 0) t.not_here("no pipe or no file in memory");
    t.expect_equal(::write(full.to(), "01234567", 8), 8, "eight bytes into the pipe");

    t.expect_error(error_of(::splice(full.from(), nullptr, fd, nullptr, 8, 0)), EINVAL, "splice in");
    t.expect_error(error_of(::splice(fd, nullptr, empty.to(), nullptr, 8, 0)), EINVAL, "splice out");
    t.expect_error(error_of(::tee(full.from(), fd, 8, 0)), EINVAL, "tee in");
    t.expect_error(error_of(::tee(fd, empty.to(), 8, 0)), EINVAL, "tee out");
    t.expect_error(error_of(::sendfile(fd, file, nullptr, 8)), EINVAL, "sendfile in");
    t.expect_error(error_of(::sendfile(empty.to(), fd, nullptr, 8)), EINVAL, "sendfile out to a pipe");
    t.expect_error(error_of(::sendfile(file, fd, nullptr, 8)), EINVAL, "sendfile out to a file");
    t.expect_error(error_of(::copy_file_range(file, nullptr, fd, nullptr, 8, 0)), EINVAL, "copy_file_range in");
    t.expect_error(error_of(::copy_file_range(fd, nullptr, file, nullptr, 8, 0)), EINVAL, "copy_file_range out");
    char bytes[8] = {};
    const iovec part{bytes, 8};
    t.expect_error(error_of(::vmsplice(fd, &part, 1, 0)), EBADF, "vmsplice");

    t.expect_equal(o->count(), untouched, "count");
    int waiting = 0;
    ::ioctl(full.from(), FIONREAD, &waiting);
    t.expect_equal(waiting, 8, "bytes left in the pipe");
    ::ioctl(empty.from(), FIONREAD, &waiting);
    t.expect_equal(waiting, 0, "bytes moved into the empty pipe");
}

CLAIM(K_117, descriptor,
      "FIONREAD, FIOQSIZE, FIBMAP, tty and unknown ioctls: ENOTTY; FIOCLEX, FIONBIO, FIGETBSZ work") {
    auto o = with_count(t);
    const int fd = o->descriptor();
    unsigned char space[256] = {};
    const unsigned long refused[] = {FIONREAD,           FIOQSIZE, FIBMAP, TCGETS,       TIOCGWINSZ, TIOCGPGRP,
                                     TIOCSCTTY,          TIOCOUTQ, TCSBRK, 0xdeadbeefUL, 0UL,        1UL,
                                     FIOASYNC + 0x1000UL};
    for (const unsigned long request : refused)
        t.expect_error(error_of(common::control_device(fd, request, space)), ENOTTY,
                       "ioctl " + std::to_string(request));
    t.expect_error(error_of(::ioctl(fd, FIOCLEX)), 0, "FIOCLEX");
    t.expect_equal(::fcntl(fd, F_GETFD), FD_CLOEXEC, "F_GETFD after FIOCLEX");
    t.expect_error(error_of(::ioctl(fd, FIONCLEX)), 0, "FIONCLEX");
    t.expect_equal(::fcntl(fd, F_GETFD), 0, "F_GETFD after FIONCLEX");
    for (int on : {0, 1}) {
        t.expect_error(error_of(::ioctl(fd, FIONBIO, &on)), 0, "FIONBIO");
        t.expect_equal(o->nonblock(), on == 1, "O_NONBLOCK after FIONBIO");
    }
    int block = 0;
    t.expect_error(error_of(::ioctl(fd, FIGETBSZ, &block)), 0, "FIGETBSZ");
    t.expect_equal(block, 4096, "block size");
    t.expect_equal(o->count(), untouched, "count");
}

CLAIM(K_125, descriptor, "posix_fadvise and syncfs succeed, readahead: EINVAL") {
    auto o = with_count(t);
    const int fd = o->descriptor();
    for (const int advice : {POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED})
        t.expect_error(::posix_fadvise(fd, 0, 8, advice), 0, "posix_fadvise");
    t.expect_error(error_of(::readahead(fd, 0, 8)), EINVAL, "readahead");
    t.expect_error(error_of(::syncfs(fd)), 0, "syncfs");
    t.expect_equal(o->count(), untouched, "count");
}

} // namespace efd::claims
