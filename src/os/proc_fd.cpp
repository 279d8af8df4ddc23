// SPDX-License-Identifier: MIT
// os/proc_fd.cpp: see proc_fd.hpp.
#include "os/proc_fd.hpp"

#include "os/errno.hpp"
#include "os/named_file.hpp"
#include "os/open_call.hpp"
#include "os/raw_call.hpp"
#include "os/statx.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace efd::os {
namespace {

class proc_path {
  public:
    explicit proc_path(std::string_view process, std::uint32_t fd) noexcept {
        add("/proc/");
        add(process);
        add("/fd/");
        add(fd);
    }
    proc_path(std::uint32_t pid, std::uint32_t fd) noexcept {
        add("/proc/");
        add(pid);
        add("/fd/");
        add(fd);
    }
    explicit proc_path(std::uint32_t pid) noexcept { // its threads
        add("/proc/");
        add(pid);
        add("/task");
    }
    [[nodiscard]] const char* text() const noexcept { return text_.data(); }

  private:
    void add(std::string_view piece) noexcept {
        for (const char c : piece) text_[length_++] = c;
    }
    void add(std::uint32_t number) noexcept {
        length_ =
            static_cast<std::size_t>(std::to_chars(text_.data() + length_, text_.end(), number).ptr - text_.data());
    }
    std::array<char, 40> text_{};
    std::size_t length_ = 0;
};

bool has_proc() noexcept { return facts_in(AT_FDCWD, "/proc/self").known; }

// What the number names is known to be a regular file, so opening it has no effect on a device. /proc/self shows no
// numbers once the first thread of the process has ended.
int open_own(int fd) noexcept {
    const proc_path path("thread-self", static_cast<std::uint32_t>(fd));
    const int opened = open_uncancelled(AT_FDCWD, path.text(), O_RDWR | O_CLOEXEC | O_NONBLOCK, 0);
    if (opened != -ENOENT) return opened;
    return has_proc() ? -EBADF : -ENOSYS;
}

int open_through(std::uint32_t thread, std::uint32_t fd) noexcept {
    const int path_only = open_uncancelled(AT_FDCWD, proc_path(thread, fd).text(), O_PATH | O_CLOEXEC, 0);
    if (path_only == -ENOENT || path_only == -ESRCH) return has_proc() ? -ESRCH : -ENOSYS;
    if (path_only < 0) return path_only;
    const int opened = facts_of(path_only).is_regular ? open_own(path_only) : -EINVAL;
    raw_close(path_only);
    return opened;
}

} // namespace

int open_anew(int fd) noexcept {
    const file_facts asked = facts_of(fd);
    if (!asked.known) return -EBADF;
    if (!asked.is_regular) return -EINVAL;
    const int opened = open_own(fd);
    if (opened < 0 || facts_of(opened).is_same_file(asked)) return opened;
    const errno_keeper keeper;
    raw_close(opened);
    return -ENOSYS; // what is at /proc is something else
}

int open_of(std::uint32_t pid, std::uint32_t fd) noexcept {
    const errno_keeper keeper;
    const int opened = open_through(pid, fd);
    if (opened != -ESRCH && opened != -EACCES) return opened;
    const std::uint32_t other = other_thread_of(pid);
    return other == 0 ? opened : open_through(other, fd);
}

// A thread that is not the first leaves the directory when it ends.
std::uint32_t other_thread_of(std::uint32_t pid) noexcept {
    constexpr std::size_t length_at = 16; // of linux_dirent64
    constexpr std::size_t name_at = 19;
    const errno_keeper keeper;
    const int tasks = open_uncancelled(AT_FDCWD, proc_path(pid).text(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (tasks < 0) return 0;
    alignas(std::uint64_t) std::array<char, 1024> entries{}; // more than ".", "..", the first thread and another need
    const long bytes = ::syscall(SYS_getdents64, tasks, entries.data(), entries.size());
    raw_close(tasks);
    std::uint16_t length = 0;
    for (std::size_t at = 0; static_cast<long>(at) < bytes; at += length) {
        std::memcpy(&length, entries.data() + at + length_at, sizeof length);
        std::uint32_t thread = 0;
        const char* const name = entries.data() + at + name_at;
        if (std::from_chars(name, name + length - name_at, thread).ec == std::errc{} && thread != pid) return thread;
    }
    return 0;
}

std::uint32_t pid_in_proc() noexcept {
    const errno_keeper keeper;
    std::array<char, 16> text{};
    const ::ssize_t length = ::readlink("/proc/self", text.data(), text.size());
    std::uint32_t pid = 0;
    if (length <= 0 || std::from_chars(text.data(), text.data() + length, pid).ec != std::errc{}) return 0;
    return pid;
}

std::uint64_t pid_namespace() noexcept {
    const errno_keeper keeper;
    struct ::statx about{};
    return file_status(AT_FDCWD, "/proc/self/ns/pid", 0, STATX_INO, about) == 0 ? about.stx_ino : 0;
}

} // namespace efd::os
