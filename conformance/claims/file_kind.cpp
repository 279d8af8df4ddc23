// SPDX-License-Identifier: MIT
// conformance/claims/file_kind.cpp: section I of docs/semantics.md, calls that ask what kind of file an eventfd is.
//
// Owns K-118 to K-122 and K-124: its link in /proc, mode and owner, locks, the calls of sockets, directories and
// terminals, extended attributes. All anonymous files share one inode, so every program of the machine would see a
// change of its mode or locks. The claims here change nothing that lasts, and wait for locks that another run of them
// holds.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/descriptor_calls.hpp"
#include "conformance/framework/other_process.hpp"
#include "conformance/framework/task.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

namespace efd::claims {

namespace {

std::string link_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

int lock_record(int fd, int how, short type) {
    struct flock record{};
    record.l_type = type;
    record.l_whence = SEEK_SET;
    record.l_len = 1;
    return error_of(::fcntl(fd, how, &record));
}

unsigned mode_of(int fd) {
    struct stat of{};
    return ::fstat(fd, &of) == 0 ? of.st_mode : 0U;
}

} // namespace

CLAIM(K_118, descriptor, "readlink of /proc/self/fd/N: anon_inode:[eventfd], link mode 0700") {
    auto o = t.make(0);
    char text[64] = {};
    const ssize_t length = ::readlink(link_of(o->descriptor()).c_str(), text, sizeof text - 1);
    t.expect(length > 0, "readlink");
    t.expect_equal(std::string(text), "anon_inode:[eventfd]", "target");
    struct stat of{};
    t.expect_error(error_of(::lstat(link_of(o->descriptor()).c_str(), &of)), 0, "lstat");
    t.expect(S_ISLNK(of.st_mode), "it is a link");
    t.expect_equal(of.st_mode & 07777U, 0700U, "link mode");
}

CLAIM(K_119, descriptor, "opening that link: ENXIO; with O_PATH it opens, and a read of that is EBADF") {
    auto o = t.make(1, EFD_NONBLOCK);
    const std::string link = link_of(o->descriptor());
    const int refused = owns_inode_of(o->descriptor()) ? ENXIO : EACCES; // the mode is checked first
    for (const int how : {O_RDWR, O_RDONLY, O_WRONLY})
        t.expect_error(error_of(::open(link.c_str(), how | O_CLOEXEC)), refused, "open");
    const int path = ::open(link.c_str(), O_PATH | O_CLOEXEC);
    t.expect(path >= 0, "open with O_PATH");
    std::uint64_t value = 1;
    t.expect_error(error_of(::read(path, &value, 8)), EBADF, "read of the path");
    t.expect_error(error_of(::write(path, &value, 8)), EBADF, "write of the path");
    t.expect_equal(o->count(), 1, "count");
}

// Before 6.16 these changed the inode that all anonymous files share; the first call here sets the value that it has.
CLAIM(K_120, descriptor, "fchmod, fchown, futimens: EOPNOTSUPP, mode unchanged (6.16 and some earlier)") {
    auto o = t.make(1);
    const int fd = o->descriptor();
    const unsigned mode = mode_of(fd);
    if (::fchmod(fd, mode & 07777U) == 0 && !kernel_at_least(6, 16))
        t.not_here("this kernel still lets the inode of all anonymous files be changed");
    t.expect_error(error_of(::fchmod(fd, 0644)), EOPNOTSUPP, "fchmod 0644");
    t.expect_error(error_of(::fchmod(fd, 0600)), EOPNOTSUPP, "fchmod 0600");
    t.expect_error(error_of(::fchown(fd, ::getuid(), ::getgid())), EOPNOTSUPP, "fchown");
    const int refused = owns_inode_of(fd) ? EOPNOTSUPP : EACCES;
    t.expect_error(error_of(::futimens(fd, nullptr)), refused, "futimens");
    t.expect_equal(mode_of(fd), mode, "mode");
    t.expect_equal(o->count(), 1, "count");
}

CLAIM(K_121, descriptor, "flock and F_SETLK lock the inode that all eventfds share; no lease, no seals, no pipe size") {
    auto o = t.make(0);
    auto other = t.make(0);
    const int fd = o->descriptor();
    const int fd2 = other->descriptor();
    t.expect_error(error_of(::flock(fd, LOCK_EX)), 0, "flock EX");
    t.expect_error(error_of(::flock(fd2, LOCK_EX | LOCK_NB)), EWOULDBLOCK, "flock EX of another eventfd");
    t.expect_error(error_of(::flock(fd2, LOCK_SH | LOCK_NB)), EWOULDBLOCK, "flock SH of another eventfd");
    t.expect_error(error_of(::flock(fd, LOCK_UN)), 0, "flock UN");
    t.expect_error(error_of(::flock(fd2, LOCK_EX)), 0, "flock EX of another eventfd afterwards");
    t.expect_error(error_of(::flock(fd2, LOCK_UN)), 0, "flock UN of another eventfd");

    other_process holder([fd] { return lock_record(fd, F_SETLKW, F_WRLCK); });
    t.expect_error(static_cast<int>(holder.answer()), 0, "F_SETLKW in another process");
    t.expect_error(lock_record(fd2, F_SETLK, F_WRLCK), EAGAIN, "F_SETLK of another eventfd here");
    t.expect_error(lock_record(fd2, F_SETLK, F_RDLCK), EAGAIN, "F_SETLK for reading of another eventfd here");
    holder.let_go();
    t.expect_error(lock_record(fd2, F_SETLKW, F_WRLCK), 0, "F_SETLKW here afterwards");
    t.expect_error(lock_record(fd2, F_SETLK, F_UNLCK), 0, "F_SETLK to unlock");

    for (const int lease : {F_RDLCK, F_WRLCK})
        t.expect_error(error_of(::fcntl(fd, F_SETLEASE, lease)), owns_inode_of(fd) ? EINVAL : EACCES, "F_SETLEASE");
    t.expect_error(error_of(::fcntl(fd, F_GET_SEALS)), EINVAL, "F_GET_SEALS");
    t.expect_error(error_of(::fcntl(fd, F_GETPIPE_SZ)), EBADF, "F_GETPIPE_SZ");
}

CLAIM(K_122, descriptor, "socket calls ENOTSOCK, directory calls ENOTDIR, isatty ENOTTY, as an epoll EINVAL") {
    auto o = t.make(1, EFD_NONBLOCK);
    auto other = t.make(0);
    const int fd = o->descriptor();
    char space[512] = {};
    const sockaddr name{};
    t.expect_error(error_of(::bind(fd, &name, sizeof name)), ENOTSOCK, "bind");
    t.expect_error(error_of(::listen(fd, 1)), ENOTSOCK, "listen");
    t.expect_error(error_of(::send(fd, space, 8, 0)), ENOTSOCK, "send");
    t.expect_error(error_of(::recv(fd, space, 8, 0)), ENOTSOCK, "recv");
    t.expect_error(error_of(::shutdown(fd, SHUT_RDWR)), ENOTSOCK, "shutdown");
    t.expect_error(error_of(::syscall(SYS_getdents64, fd, space, sizeof space)), ENOTDIR, "getdents64");
    t.expect_error(error_of(::fchdir(fd)), ENOTDIR, "fchdir");
    t.expect_error(error_of(::openat(fd, "name", O_RDONLY)), ENOTDIR, "openat");
    errno = 0;
    t.expect_equal(::isatty(fd), 0, "isatty");
    t.expect_error(errno, ENOTTY, "errno of isatty");
    epoll_event event{};
    event.events = EPOLLIN;
    t.expect_error(error_of(::epoll_ctl(fd, EPOLL_CTL_ADD, other->descriptor(), &event)), EINVAL, "epoll_ctl");
    t.expect_error(error_of(::epoll_wait(fd, &event, 1, 0)), EINVAL, "epoll_wait");
    t.expect_equal(o->count(), 1, "count");
}

CLAIM(K_124, descriptor, "fgetxattr ENODATA, fsetxattr EPERM, flistxattr 0") {
    auto o = t.make(1);
    const int fd = o->descriptor();
    char space[64] = {};
    t.expect_error(error_of(::fgetxattr(fd, "user.name", space, sizeof space)), ENODATA, "fgetxattr");
    t.expect_error(error_of(::fsetxattr(fd, "user.name", "x", 1, 0)), EPERM, "fsetxattr");
    t.expect_equal(::flistxattr(fd, space, sizeof space), 0, "flistxattr");
    t.expect_equal(o->count(), 1, "count");
}

} // namespace efd::claims
