// SPDX-License-Identifier: MIT
// cli/arena_scan.hpp: the arenas of efd that processes have open, and the objects in them.
//
// Reads and prints nothing. The memory is opened through /proc for reading alone and read by pread(2): it is never
// mapped, so a file that becomes smaller is no SIGBUS, and never written. Every byte of it is untrusted: the header is
// copied once and checked by share::parse_header, indexes are compared with that copy, and what is read has a bound.
// What it says is of a moment: the objects go on meanwhile. One thread.
#pragma once

#include "cli/proc_scan.hpp"
#include "share/name_layout.hpp"
#include "share/refusal.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace efd::cli {

struct arena_object {
    std::uint64_t id = 0;
    std::string name = {}; // any bytes but zero; empty: none
    std::uint64_t count = 0;
    bool is_semaphore = false;
    bool is_sealed = false;
    // By the marks in the words, which may be set where nobody sleeps any more; the next signal clears them.
    bool may_have_reader = false;
    bool may_have_writer = false;
};

struct arena_holder {
    holder who;
    bool is_user = false; // has a life line; else it has the memory open, and no more
};

struct seen_arena {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t offset = 0; // in the file: of an arena that a program has placed in memory of its own
    std::uint32_t owner = 0;
    share::identity identity{};
    std::string name; // empty: none, or none that may be read
    std::uint64_t bytes = 0;
    std::uint32_t slots = 0;
    std::uint32_t processes = 0;

    std::vector<arena_object> objects;     // by slot; those that were asked for, up to the bounds
    std::uint64_t live = 0;                // of all slots that were looked at
    std::uint64_t unlisted = 0;            // that were asked for, beyond the bounds
    bool is_whole = false;                 // every slot was looked at
    std::uint32_t entries_in_use = 0;      // of processes: also of dead ones that were not reaped yet
    std::vector<std::uint32_t> entry_pids; // what those entries say; a hint
    std::vector<arena_holder> holders;     // by pid
};

// Memory that is called an arena, or is used as one, and whose header is no arena's that can be read here.
struct refused_arena {
    holder who;
    share::refusal why = share::refusal::none;
};

struct arena_listing {
    std::vector<seen_arena> arenas;
    std::vector<refused_arena> refused;
    unsigned unread = 0; // beyond the bound of all
};

// The name of an arena, as its file says.
struct arena_name {
    share::identity identity{};
    std::uint32_t owner = 0;
    std::string name;
};

struct arena_scan_options {
    std::string root = "/proc";
    std::vector<std::string> name_directories = {}; // those of all users, as far as they may be read
    std::size_t named_most = 4096;                  // objects that are listed, of one arena
    std::size_t unnamed_most = 32;
    std::uint64_t bytes_most = std::uint64_t{256} << 20; // that are read of one arena, without its holes
    std::uint64_t bytes_of_all_most = std::uint64_t{1} << 30;
    // Of an arena's name and an object without its count and marks: whether it is asked for. Empty: all are.
    std::function<bool(const std::string& arena, const arena_object& object)> wants = {};
};

// $XDG_RUNTIME_DIR/efd, and every /dev/shm/efd-UID and /run/user/UID/efd.
[[nodiscard]] std::vector<std::string> usual_name_directories();
[[nodiscard]] std::vector<arena_name> read_arena_names(const std::vector<std::string>& directories);

// What the arena at the offset of an open file says, without its holders. `budget`: bytes that may still be read.
[[nodiscard]] share::refusal read_arena(int fd, std::uint64_t offset, const arena_scan_options& options,
                                        const std::vector<arena_name>& names, std::uint64_t& budget, seen_arena& found);

[[nodiscard]] arena_listing scan_arenas(const std::vector<memory_number>& memory, const arena_scan_options& options);

} // namespace efd::cli
