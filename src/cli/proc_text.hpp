// SPDX-License-Identifier: MIT
// cli/proc_text.hpp: what the lines of /proc/PID/fdinfo/N and of /proc/PID/stat say.
//
// Pure functions over texts that another program may have influenced: a line that is not understood is passed over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace efd::cli {

// The whole of `text` as a number.
[[nodiscard]] std::optional<std::uint64_t> number_in(std::string_view text, int base = 10);

struct eventfd_facts {
    std::optional<std::uint64_t> count; // none: it is no eventfd
    std::optional<std::uint32_t> id;
    std::optional<bool> is_semaphore;
    std::optional<std::uint64_t> inode;
};
[[nodiscard]] eventfd_facts eventfd_in(std::string_view fdinfo);

struct epoll_entry {
    std::uint32_t target = 0;           // the number under which the file was added
    std::optional<std::uint64_t> inode; // of the file
};
[[nodiscard]] std::vector<epoll_entry> epoll_entries_in(std::string_view fdinfo);

// The first byte of each record lock that belongs to the open file description and begins at `first` or later, counted
// from there.
[[nodiscard]] std::vector<std::uint64_t> description_locks_in(std::string_view fdinfo, std::uint64_t first);

// From /proc/PID/stat: the thread has ended, and is not reaped yet. If it is the first of its process, others may go
// on.
[[nodiscard]] bool has_ended(std::string_view stat);
// From /proc/PID/stat: a thread of the kernel, or one that has ended. Neither has descriptors.
[[nodiscard]] bool has_no_descriptors(std::string_view stat);

// From /proc/mounts: whether the proc file system at this place hides processes of others.
[[nodiscard]] bool hides_processes(std::string_view mounts, std::string_view root);

} // namespace efd::cli
