// SPDX-License-Identifier: MIT
// What happens when memory runs out at any step of making a descriptor: ENOMEM, and nothing is left behind.
//
// The test stands between the library and its two ways to memory, operator new and mmap, which the linker leads here
// (--wrap; a sanitizer's own stay behind them). While `rationed`, the calling thread gets so many pieces and no more.
#include "file/numbers.hpp"

#include <gtest/gtest.h>
#include <new>
#include <set>
#include <sys/eventfd.h>
#include <sys/mman.h>

namespace {

thread_local bool rationed = false;
thread_local int pieces_left = 0;

bool refused() { return rationed && pieces_left-- <= 0; }

} // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): these names are the linker's
extern "C" {
void* __real_mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t offset);
void* __wrap_mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t offset);
void* __real_mmap64(void* where, std::size_t bytes, int protection, int flags, int file, off64_t offset);
void* __wrap_mmap64(void* where, std::size_t bytes, int protection, int flags, int file, off64_t offset);

#if __SIZEOF_SIZE_T__ == 8
#define EFD_NAME_OF_NEW_NOTHROW(where) where##_ZnwmRKSt9nothrow_t
#else
#define EFD_NAME_OF_NEW_NOTHROW(where) where##_ZnwjRKSt9nothrow_t
#endif
void* EFD_NAME_OF_NEW_NOTHROW(__real_)(std::size_t bytes, const std::nothrow_t& how) noexcept;
void* EFD_NAME_OF_NEW_NOTHROW(__wrap_)(std::size_t bytes, const std::nothrow_t& how) noexcept;

void* EFD_NAME_OF_NEW_NOTHROW(__wrap_)(std::size_t bytes, const std::nothrow_t& how) noexcept {
    return refused() ? nullptr : EFD_NAME_OF_NEW_NOTHROW(__real_)(bytes, how);
}
void* __wrap_mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t offset) {
    if (!refused()) return __real_mmap(where, bytes, protection, flags, file, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}
void* __wrap_mmap64(void* where, std::size_t bytes, int protection, int flags, int file, off64_t offset) {
    if (!refused()) return __real_mmap64(where, bytes, protection, flags, file, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace {

using efd::tests::open_numbers;

// The first descriptor of the process needs a piece of everything; what a failed creation got for all that follow
// (tables, which are kept) the next one does not ask for again.
TEST(file_memory, a_creation_without_memory_leaves_nothing_behind) {
    const std::set<int> before = open_numbers();
    int failures = 0;
    int fd = -1;
    for (int pieces = 0; fd < 0 && pieces < 30; ++pieces) {
        rationed = true;
        pieces_left = pieces;
        errno = 0;
        fd = ::efd_eventfd(3, EFD_NONBLOCK);
        const int error = errno;
        rationed = false;
        if (fd >= 0) break;
        ++failures;
        EXPECT_EQ(error, ENOMEM);
        EXPECT_EQ(open_numbers(), before) << pieces;
    }
    EXPECT_GE(failures, 3);
    ASSERT_GE(fd, 0);
    efd_t* const object = ::efd_fd_ctx(fd);
    EXPECT_EQ(::efd_id(object), 0) << "a failed creation kept an id";
    ::efd_put(object);
    EXPECT_EQ(::efd_fd_close(fd), 0);
    EXPECT_EQ(open_numbers(), before);
}

TEST(file_memory, a_dup_without_memory_leaves_nothing_behind) {
    const int fd = ::efd_eventfd(3, EFD_NONBLOCK);
    ASSERT_GE(::efd_fd_fcntl(fd, F_GETFL, 0), 0); // the first use: it has its second number
    const std::set<int> before = open_numbers();
    constexpr long far = 8'192; // its part of the table is not there yet
    rationed = true;
    pieces_left = 0;
    errno = 0;
    const int refused_dup = ::efd_fd_fcntl(fd, F_DUPFD, far);
    const int error = errno;
    rationed = false;
    EXPECT_EQ(refused_dup, -1);
    EXPECT_EQ(error, ENOMEM);
    EXPECT_EQ(open_numbers(), before);
    const int dup = ::efd_fd_fcntl(fd, F_DUPFD, far);
    EXPECT_EQ(dup, far);
    std::uint64_t n = 0;
    EXPECT_EQ(::efd_fd_read(dup, &n, sizeof n), 8);
    EXPECT_EQ(n, 3U);
    EXPECT_EQ(::efd_fd_close(dup), 0);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

// Numbers that were given out while there was no memory to note their owner are told from strangers' nevertheless, also
// once there is memory for the notes of their neighbours.
TEST(file_memory, a_number_without_a_note_stays_its_owners) {
    const int fd = ::efd_eventfd(3, EFD_NONBLOCK);
    ASSERT_GE(::efd_fd_fcntl(fd, F_GETFL, 0), 0);
    constexpr long far = 8'192;
    rationed = true;
    pieces_left = 1; // for the table, and none for the notes
    const int dup = ::efd_fd_fcntl(fd, F_DUPFD, far);
    rationed = false;
    ASSERT_EQ(dup, far);
    const int neighbour = ::efd_fd_fcntl(fd, F_DUPFD, far);
    EXPECT_EQ(neighbour, far + 1);
    std::uint64_t n = 0;
    EXPECT_EQ(::efd_fd_read(dup, &n, sizeof n), 8);
    EXPECT_EQ(::efd_fd_close(dup), 0);
    EXPECT_EQ(::efd_fd_close(neighbour), 0);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

} // namespace
