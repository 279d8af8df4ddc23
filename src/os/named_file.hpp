// SPDX-License-Identifier: MIT
// os/named_file.hpp: small files in a directory of the user's, and what the kernel says about a file.
//
// Owns nothing; descriptors are the caller's, and closed by exec. Results below zero are negated errno values. No call
// is a cancellation point, and an interrupted one is made again. Any thread; errno stays as it was.
#pragma once

#include <cstddef>
#include <cstdint>

namespace efd::os {

struct file_facts {
    bool known = false; // false: there is no such file, and everything else is zero
    bool is_regular = false;
    bool is_directory = false;
    std::uint32_t mode = 0; // the permission bits
    std::uint32_t owner = 0;
    std::uint32_t links = 0;
    std::uint64_t bytes = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;

    [[nodiscard]] bool is_same_file(const file_facts& other) const noexcept {
        return known && other.known && device == other.device && inode == other.inode;
    }
    // Belongs to the user, and no other user may do anything with it.
    [[nodiscard]] bool is_private_of(std::uint32_t user) const noexcept { return owner == user && (mode & 077U) == 0; }
};
[[nodiscard]] file_facts facts_of(int fd) noexcept;
[[nodiscard]] file_facts facts_in(int directory, const char* name) noexcept; // of a link itself

[[nodiscard]] std::uint32_t effective_user() noexcept;
// $XDG_RUNTIME_DIR; null where it is not set, or where the program runs with another user's rights (AT_SECURE).
[[nodiscard]] const char* runtime_directory() noexcept;

[[nodiscard]] int open_directory(const char* path) noexcept;
// The directory `name` in it, made with mode 0700 if it is missing. A link is not followed: -ELOOP or -ENOTDIR.
[[nodiscard]] int open_directory_in(int directory, const char* name, bool may_make) noexcept;
// For reading and writing; made with mode 0600 if it is missing. A link is not followed; a pipe does not block.
[[nodiscard]] int open_file_in(int directory, const char* name, bool may_make) noexcept;
[[nodiscard]] int unlink_in(int directory, const char* name) noexcept;

// How many bytes; fewer than asked for: the file ends there.
[[nodiscard]] int read_at(int fd, void* to, std::size_t bytes, std::uint64_t offset) noexcept;
// 0, or why not all of it was written.
[[nodiscard]] int write_at(int fd, const void* from, std::size_t bytes, std::uint32_t offset) noexcept;
[[nodiscard]] int truncate_to(int fd, std::uint32_t bytes) noexcept;

} // namespace efd::os
