// SPDX-License-Identifier: MIT
// share/life_line.hpp: what tells the other processes that this one holds an arena and is alive.
//
// A life line is an open file description of the arena's memory with a record lock on one byte: life_byte + the index
// of this process. The kernel gives the lock up when the process dies, however it dies. Whether a process lives is
// decided by these locks alone; what stands in the process entries is a hint. The owner of a life line owns its
// descriptor and its index. One thread at a time makes or changes it, with forks held off (claim and reap have further
// descriptors for a moment, which a child must not inherit); any thread may look, and reap.
//
//     index free      -> lock, clear the row, in_use = 1           claim
//     its owner dies  -> the lock is free, in_use is still 1
//     reap            -> lock, clear the row, in_use = 0, unlock   a reaper that dies leaves in_use 1, and no lock
#pragma once

#include "os/named_file.hpp"
#include "os/record_lock.hpp"
#include "share/layout.hpp"
#include "share/refusal.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::share {

// Where this process has mapped the entries and the rows; the numbers are its own, not read from the arena.
struct life_table {
    process_entry* entries = nullptr;
    base::atomic<std::uint64_t>* rows = nullptr;
    std::uint32_t processes = 0;
    std::size_t row_words = 0; // of one process
    std::uint64_t first_lock_byte = life_byte;
    // Called with the lock of a dead process's index, before its row is cleared; perhaps again, where the caller dies.
    void (*on_death)(void* whose, std::uint32_t index, std::uint32_t serial) noexcept = nullptr;
    void* whose = nullptr;

    [[nodiscard]] constexpr os::byte_range byte_of(std::uint32_t index) const noexcept {
        return {first_lock_byte + index, 1};
    }
};

enum class life : unsigned char {
    alive,
    dead,
    unknown, // the life line that asks is no longer ours, so it cannot tell
};

class life_line {
  public:
    static constexpr std::uint32_t no_index = UINT32_MAX;

    constexpr life_line() noexcept = default;
    life_line(life_line&& other) noexcept;
    life_line& operator=(life_line&& other) noexcept;
    ~life_line() { give_back(); }

    // Takes an index that no living process has, an unused one if possible, and clears its row. memory: a descriptor of
    // the arena's file. too_many_processes: all indexes belong to living processes.
    static outcome claim(int memory, const life_table& table, life_line& made) noexcept;
    // Clears the row, and ends the life line. Touches nothing if it is not ours any more.
    void give_back() noexcept;

    [[nodiscard]] std::uint32_t index() const noexcept { return own_.index; }
    [[nodiscard]] int descriptor() const noexcept { return own_.fd; }

    // Whether the descriptor still is this life line. closefrom(3) in the program may have closed it, which is death to
    // the others, and the number may name another file since. Three system calls.
    [[nodiscard]] bool is_ours() const noexcept;

    // One system call where the answer is alive, four where it is not. `alive` is not checked against a number that
    // names another file.
    [[nodiscard]] life look_at(std::uint32_t index) const noexcept;
    // Whether any process but this one holds the arena; another life line of this process counts as another.
    [[nodiscard]] life look_at_others() const noexcept;

    // Frees what dead processes have held; how many there were. A reaper may die at any step.
    unsigned reap() const noexcept;

    // A fork: prepare_child in the parent before it, then in_parent and in_child. The child gets an index of its own,
    // for which the parent may copy its row in between. If no index is free, or no descriptor, the child has no life
    // line, and may claim one.
    outcome prepare_child() noexcept;
    [[nodiscard]] std::uint32_t child_index() const noexcept { return child_.index; }
    void in_parent() noexcept; // also after a fork that has failed: then the child's index is reaped
    void in_child() noexcept;

  private:
    struct held_index {
        int fd = -1;
        std::uint32_t index = no_index;
    };
    outcome claim_index(int memory, held_index& made) const noexcept;
    [[nodiscard]] bool try_index(int fd, std::uint32_t index) const noexcept;
    [[nodiscard]] bool try_indexes(int fd, bool unused_only, std::uint32_t& taken) const noexcept;
    void begin_entry(std::uint32_t index) const noexcept;
    void end_entry(std::uint32_t index) const noexcept;
    void bury(std::uint32_t index) const noexcept;
    [[nodiscard]] bool reap_index(int fd, std::uint32_t index) const noexcept;
    [[nodiscard]] bool holds(const held_index& held) const noexcept;
    void close_if_held(held_index& held) const noexcept;

    life_table table_;
    os::file_facts memory_; // which file the descriptor named when it was opened
    held_index own_;
    held_index child_; // between prepare_child and the end of the fork
};

} // namespace efd::share
