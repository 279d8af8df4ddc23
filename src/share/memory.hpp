// SPDX-License-Identifier: MIT
// share/memory.hpp: the memory of an arena, as one process has it: descriptor, mapping, and a copy of the header.
//
// Owns all three. What an attach checks, in this order, before anything is mapped: seals, kind, owner and mode, size;
// then the header is read once, without touching the memory, and only that copy is used. A process can still be crashed
// by holders that it trusts with unsealed memory, and by nobody else. Any thread; one object from one thread at a time.
//
// Whose memory: that of the process's effective user, or root's, who could change this process anyhow. Another user's
// needs trust.other_owner. Root is no exception: it attaches to another user's memory only if it says so.
// Kinds: a memfd, or where unsealed memory is allowed a file in a tmpfs. Not huge pages: a peer could punch a hole,
// take the page from the pool, and the next touch would be SIGBUS.
#pragma once

#include "os/shared_memory.hpp"
#include "share/layout.hpp"
#include "share/range.hpp"
#include "share/refusal.hpp"

#include <cstdint>

namespace efd::share {

inline constexpr std::uint32_t default_mode = 0600;

struct creation {
    numbers size{};
    std::uint32_t mode = default_mode; // of the file: who may open it through /proc. Not of a placed arena
    bool is_sparse = false;            // pages get their memory at first use, and the program SIGBUS if there is none
};

// What an attaching process allows beyond its own sealed memory.
struct trust {
    bool unsealed = false; // a holder that makes the file smaller crashes this process
    bool other_owner = false;
    std::uint32_t mode = default_mode; // nobody beyond this mode may be able to write. Not looked at in a placed arena
};

class arena_memory {
  public:
    arena_memory() noexcept = default;

    // A memfd of its own, sealed.
    static outcome create(const creation& asked, arena_memory& made) noexcept;
    // What create made. The descriptor stays the caller's; the file is as large as its header says.
    static outcome attach(int descriptor, const trust& allowed, arena_memory& made) noexcept;

    // An arena in a part of a memfd that the caller shares with its peers. The part is cleared first. `offset` is a
    // multiple of the page. The file may be left growable, but not shrinkable.
    static outcome place(int descriptor, std::uint64_t offset, const creation& asked, const trust& allowed,
                         arena_memory& made) noexcept;
    static outcome attach_at(int descriptor, std::uint64_t offset, const trust& allowed, arena_memory& made) noexcept;

    void reset() noexcept { *this = arena_memory(); }

    [[nodiscard]] bool is_mapped() const noexcept { return mapping_.is_mapped(); }
    [[nodiscard]] const layout& where() const noexcept { return layout_; }
    [[nodiscard]] const header& own_header() const noexcept { return header_; } // the copy; no peer can change it
    [[nodiscard]] const os::owned_fd& descriptor() const noexcept { return descriptor_; }
    [[nodiscard]] const range_mapping& mapping() const noexcept { return mapping_; }
    [[nodiscard]] bool is_placed() const noexcept { return is_placed_; }
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
    // Where the bytes for record locks begin: arenas of one file have their own.
    [[nodiscard]] std::uint64_t first_lock_byte() const noexcept { return life_byte + offset_ / 2; }

  private:
    explicit arena_memory(std::uint64_t offset) noexcept : offset_(offset), is_placed_(true) {}
    outcome adopt(int descriptor, const trust& allowed) noexcept;
    outcome read_header() noexcept;
    outcome attach_part(int descriptor, const trust& allowed, arena_memory& made) noexcept;
    outcome begin(const creation& asked) noexcept;
    void write_header() noexcept;

    os::owned_fd descriptor_;
    range_mapping mapping_;
    layout layout_{};
    header header_{};
    std::uint64_t offset_ = 0;
    std::uint64_t available_ = 0; // bytes of the file from the offset on
    bool is_placed_ = false;
};

// A page of any machine has room for the lock bytes of the arena that begins in it.
static_assert(header_bytes / 2 > processes_most + 1);

} // namespace efd::share
