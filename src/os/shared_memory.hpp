// SPDX-License-Identifier: MIT
// os/shared_memory.hpp: files of memory that processes share (memfd), and where this process maps them.
//
// Owns nothing but what an owned_fd owns. Results below zero are negated errno values; errno stays as it was. No call
// is a cancellation point, and each may be made from any thread.
#pragma once

#include "os/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace efd::os {

// A number that efd opened, and the file that it named then: if the program has closed it, and it names another file by
// now, it is left alone.
class owned_fd {
  public:
    constexpr owned_fd() noexcept = default;
    explicit owned_fd(int fd) noexcept : fd_(fd), file_(fd < 0 ? file_identity{} : identity_of(fd)) {}
    owned_fd(owned_fd&& other) noexcept : fd_(other.fd_), file_(other.file_) { other.fd_ = none; }
    owned_fd& operator=(owned_fd&& other) noexcept;
    ~owned_fd() { reset(); }

    [[nodiscard]] int number() const noexcept { return fd_; }
    // Whether the number still names the file.
    [[nodiscard]] bool is_intact() const noexcept { return fd_ >= 0 && identity_of(fd_) == file_; }
    void reset() noexcept;

  private:
    static constexpr int none = -1;
    int fd_ = none;
    file_identity file_;
};

// ---- Making a file of memory.

// An empty memfd of this name, close-on-exec, that can be sealed, and not executed where the kernel can see to that
// (Linux 6.3); at a high number if there is one.
[[nodiscard]] int create_memory_file(const char* name = "efd-arena") noexcept;
[[nodiscard]] int set_file_mode(int fd, unsigned mode) noexcept;
// EFBIG: beyond RLIMIT_FSIZE; no SIGXFSZ is sent.
[[nodiscard]] int set_file_bytes(int fd, std::uint64_t bytes) noexcept;
// Gives every page of the range its memory. ENOSPC, also if the machine has not as much.
[[nodiscard]] int allocate_file_range(int fd, std::uint64_t offset, std::uint64_t bytes) noexcept;
// Takes the memory of the range away: it reads as zero.
[[nodiscard]] int clear_file_range(int fd, std::uint64_t offset, std::uint64_t bytes) noexcept;
// Against a change of size, and against further seals.
[[nodiscard]] int seal_size(int fd) noexcept;

// ---- What a descriptor is.

struct seal_facts {
    bool can_have = false; // it is memory: a memfd, or a file in a tmpfs
    bool shrink = false;
    bool grow = false;
    bool further = false; // no seal can be added
    bool write = false;   // it can be mapped for reading alone
};
// EBADF.
[[nodiscard]] int seals_of(int fd, seal_facts& found) noexcept;

struct memory_facts {
    bool is_tmpfs = false; // in a tmpfs, as a memfd is; not of huge pages
    bool reads_and_writes = false;
    std::uint32_t owner = 0;
    std::uint32_t mode = 0; // the nine bits
    std::uint64_t bytes = 0;
};
[[nodiscard]] int memory_facts_of(int fd, memory_facts& found) noexcept;

// A number of our own for the same open file, close-on-exec, high if there is one.
[[nodiscard]] int duplicate(int fd) noexcept;
// Whether a new number can be had.
[[nodiscard]] bool has_free_number() noexcept;

// ---- Addresses.

[[nodiscard]] std::size_t page_bytes() noexcept;
// What RLIMIT_AS allows; all of them if there is no limit.
[[nodiscard]] std::uintptr_t address_limit() noexcept;

// Addresses that cannot be used, and cost no memory; null: not as many. release_reserved gives them back.
[[nodiscard]] void* reserve_addresses(std::uintptr_t bytes) noexcept;
void release_reserved(void* begin, std::uintptr_t bytes) noexcept;
// Reserves that range and no other, if nothing is mapped in it.
[[nodiscard]] bool reserve_exactly(void* begin, std::uintptr_t bytes) noexcept;

// Maps the file in place of what is mapped at the range, for reading and writing, shared.
[[nodiscard]] int map_file_at(void* begin, std::uintptr_t bytes, int fd, std::uint64_t offset) noexcept;
// Private memory that reads as zero in place of what is mapped at the range. Nothing is set aside for pages that are
// never touched. False: the kernel refuses; the range stays as it was.
[[nodiscard]] bool map_zeroed_at(void* begin, std::uintptr_t bytes) noexcept;
// The same, but the addresses are reserved alone, and not to be touched.
bool reserve_again(void* begin, std::uintptr_t bytes) noexcept;

// Maps the file anywhere, for reading and writing, shared; null: it cannot be.
[[nodiscard]] void* map_file(std::uintptr_t bytes, int fd) noexcept;

// As map_zeroed, but nothing is set aside for pages that are never touched. null: no addresses.
[[nodiscard]] void* map_zeroed_unreserved(std::uintptr_t bytes) noexcept;
void unmap(void* begin, std::uintptr_t bytes) noexcept;

// ---- Random bytes of the kernel.

[[nodiscard]] int random_bytes(std::span<std::uint8_t> to) noexcept;

} // namespace efd::os
