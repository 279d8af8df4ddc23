// dropin/kernel_calls.hpp: what the drop-in asks of the kernel's object for itself, behind the program's back.
//
// Owns nothing. No cancellation point, errno stays as it was; any thread, also in signal handlers.
#pragma once

#include <efd/base/atomic.hpp>

#include <cstddef>
#include <cstdint>

namespace efd::dropin {

// Reads into the program's buffer without sleeping: bytes or a negative errno (-EFAULT after it consumed, K-023).
[[nodiscard]] long read_now(int fd, void* buffer, std::size_t length) noexcept;

// Would a read of it sleep. Sleeps until there may be something to read, or for a moment; false: a handler has run.
[[nodiscard]] bool sleeps_at_zero(int fd) noexcept;
[[nodiscard]] bool await_readable(int fd) noexcept;

// Is it an eventfd, or another that is no file, pipe or socket.
[[nodiscard]] bool is_anonymous(int fd) noexcept;

// Adds n: 8 or a negative errno; -EBADF without a write if the number is a file's, a pipe's or a socket's by now.
long add_units(int fd, std::uint64_t n) noexcept;

// Copies as the kernel does, without a fault: how many bytes, or a negative errno where it may not be asked.
[[nodiscard]] long ask_for_memory(void* to, const void* from, std::size_t length) noexcept;
// What the program's memory holds there, for a call whose other end will say EFAULT; false: nothing that can be read.
[[nodiscard]] bool copy_from_program(void* to, const void* from, std::size_t length) noexcept;

// A wait for another thread or process that is inside its short section.
class short_wait {
  public:
    // Looks at the word while others run, for a moment; true: it is no longer `seen`.
    [[nodiscard]] bool sees_change(const base::atomic<std::uint64_t>& word, std::uint64_t seen) noexcept;
    // Since the first moment had passed.
    [[nodiscard]] std::int64_t ns() noexcept;

  private:
    std::int64_t since_ = 0;
};

// The calling thread among all of all processes: the process in the upper half, never 0.
[[nodiscard]] std::uint64_t myself() noexcept;
// Its process has ended, or stands still until somebody continues it.
[[nodiscard]] bool process_is_gone(std::uint64_t thread) noexcept;
[[nodiscard]] bool process_is_stopped(std::uint64_t thread) noexcept;

// The process changed under us: after fork, in the child.
void learn_process() noexcept;
// From now on a child that is made without atfork's handlers, and has memory of its own, is found out.
void watch_for_children() noexcept;
// This is one, and learn_process was not called yet.
[[nodiscard]] bool is_unknown_child() noexcept;
// False in a child of vfork, which runs in its parent's memory with descriptors of its own.
[[nodiscard]] bool memory_is_my_own() noexcept;

} // namespace efd::dropin
