// SPDX-License-Identifier: MIT
// os/bell_pipe.cpp: see bell_pipe.hpp.
#include "os/bell_pipe.hpp"

#include "os/errno.hpp"
#include "os/fd.hpp"
#include "os/marked.hpp"
#include "os/open_call.hpp"
#include "os/proc_fd.hpp"
#include "os/raw_call.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace efd::os {
namespace {

constexpr ::mode_t mode_of_bells = 0700; // a new pipe has 0600

bool is_bell_of_any(int number, std::uint64_t& inode) noexcept {
    struct ::stat about{};
    if (number < 0 || ::fstat(number, &about) != 0) return false;
    inode = about.st_ino;
    return S_ISFIFO(about.st_mode) && (about.st_mode & 07777U) == mode_of_bells;
}

bool is_ringer(int number) noexcept {
    std::uint64_t inode = 0;
    return is_bell_of_any(number, inode) && (raw_fcntl(number, F_GETFL, 0) & O_ACCMODE) == O_RDWR;
}

class fd_path {
  public:
    // Of the calling thread: after unshare(CLONE_FILES) it has numbers of its own.
    explicit fd_path(int number) noexcept { add("/proc/thread-self/fd/").add(static_cast<std::uint32_t>(number)); }
    fd_path(std::uint32_t pid, std::uint32_t number) noexcept { add("/proc/").add(pid).add("/fd/").add(number); }
    [[nodiscard]] const char* text() const noexcept { return text_.data(); }

  private:
    fd_path& add(std::string_view piece) noexcept {
        for (const char c : piece) text_[length_++] = c;
        return *this;
    }
    fd_path& add(std::uint32_t number) noexcept {
        const auto end = std::to_chars(text_.data() + length_, text_.end(), number);
        length_ = static_cast<std::size_t>(end.ptr - text_.data());
        return *this;
    }
    std::array<char, 40> text_{};
    std::size_t length_ = 0;
};

int if_bell(int opened, std::uint64_t inode) noexcept {
    if (opened < 0) return opened;
    if (is_bell(opened, inode)) return to_high_number(opened);
    raw_close(opened);
    return -EINVAL;
}

// 0 if the link leads to a pipe; -EACCES or -EINVAL. Only /proc is asked for this: the file itself is not touched.
int look_for_pipe(const fd_path& path) noexcept {
    constexpr std::string_view wanted = "pipe:[";
    std::array<char, 32> text{};
    const ::ssize_t length = ::readlink(path.text(), text.data(), text.size());
    if (length < 0) return errno == EACCES ? -EACCES : -EINVAL;
    return std::string_view(text.data(), static_cast<std::size_t>(length)).starts_with(wanted) ? 0 : -EINVAL;
}

int open_bell_through(std::uint32_t thread, std::uint32_t number, std::uint64_t inode) noexcept {
    const fd_path path(thread, number);
    if (const int error = look_for_pipe(path); error != 0) return error;
    const int only_path = open_uncancelled(AT_FDCWD, path.text(), O_PATH | O_CLOEXEC, 0);
    if (only_path < 0) return only_path;
    // The other process may have put another file there meanwhile.
    const bool is_it = look_for_pipe(fd_path(only_path)) == 0 && is_bell(only_path, inode);
    const int opened =
        is_it ? open_uncancelled(AT_FDCWD, fd_path(only_path).text(), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0) : -EINVAL;
    raw_close(only_path);
    return if_bell(opened, inode);
}

} // namespace

int make_bell(bell_ends& made) noexcept {
    const errno_keeper keeper;
    int ends[2] = {-1, -1};
    if (::syscall(SYS_pipe2, ends, O_NONBLOCK | O_CLOEXEC) != 0) return -errno;
    constexpr long least = 1; // a page
    (void)raw_fcntl(ends[0], F_SETPIPE_SZ, least);
    std::uint64_t inode = 0;
    if (::fchmod(ends[0], mode_of_bells) != 0 || !is_bell_of_any(ends[0], inode)) {
        for (const int one : ends) raw_close(one);
        return -ENOMEM; // a sandbox refuses the mark
    }
    made = {to_high_number(ends[0]), to_high_number(ends[1]), inode};
    return 0;
}

bool is_bell(int number, std::uint64_t inode) noexcept {
    const errno_keeper keeper;
    std::uint64_t found = 0;
    return is_bell_of_any(number, found) && found == inode;
}

int open_bell(std::uint32_t pid, std::uint32_t number, std::uint64_t inode) noexcept {
    const errno_keeper keeper;
    const int opened = open_bell_through(pid, number, inode);
    if (opened >= 0) return opened;
    const std::uint32_t other = other_thread_of(pid);
    return other == 0 ? opened : open_bell_through(other, number, inode);
}

int open_write_end(int read_end, std::uint64_t inode) noexcept {
    const errno_keeper keeper;
    if (!is_bell(read_end, inode)) return -EBADF;
    return if_bell(open_uncancelled(AT_FDCWD, fd_path(read_end).text(), O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0), inode);
}

bool replace_ringer(int fresh, int number) noexcept {
    const errno_keeper keeper;
    if (!is_ringer(number) || raw_dup3(fresh, number, O_CLOEXEC) != number) return false;
    raw_close(fresh);
    return true;
}

void ring_bell(int number) noexcept {
    const errno_keeper keeper;
    constexpr char one = 1;
    calls_made.fetch_add(1, base::relaxed);
    (void)raw_write(number, &one, sizeof one);
}

bell_found empty_bell(int read_end) noexcept {
    const errno_keeper keeper;
    constexpr int most_reads = 64;
    std::array<char, 1024> bytes;
    bell_found found;
    for (int i = 0; i < most_reads; ++i) {
        const long got = raw_read_now(read_end, bytes.data(), bytes.size());
        if (got == 0) found.has_hung_up = true;
        if (got > 0) found.was_rung = true;
        if (got < static_cast<long>(bytes.size())) break; // the next call finds a hang-up behind these bytes
    }
    return found;
}

void close_bell_end(int number, std::uint64_t inode) noexcept {
    if (is_bell(number, inode)) raw_close(number);
}

void close_ringer(int number) noexcept {
    const errno_keeper keeper;
    if (is_ringer(number)) raw_close(number);
}

} // namespace efd::os
