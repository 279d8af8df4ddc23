// SPDX-License-Identifier: MIT
// share/name_file.hpp: names of arenas, which leave nothing stale behind.
//
// A name is a small file in a directory of the user's: $XDG_RUNTIME_DIR/efd, or /dev/shm/efd-UID where that is not set
// or not the user's. Each process that holds the arena has a record in it, and a record lock that says that the record
// lives; who opens the name gets the arena's memory from a living one through /proc. With none alive the memory is gone
// too, and the name is free. What changes a name is done by one process at a time, which has the lock of the name.
//
//     name_lock    enter: the file, and the lock of the name     -> find, begin, publish
//     name_claim   the process's own record, until it is destroyed
//
// One thread at a time uses a lock or a claim, with forks held off, which else would share the lock. Everything in the
// file is untrusted (share/name_layout.hpp).
#pragma once

#include "os/named_file.hpp"
#include "share/name_layout.hpp"
#include "share/refusal.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace efd::share {

// Where a name's file is.
struct name_place {
    std::array<char, 256> directory{}; // $XDG_RUNTIME_DIR, or /dev/shm
    std::array<char, 24> below{};      // the directory of names in it
    std::array<char, 56> file{};
};

// The record of this process, with an open file description of the name's file. Destroyed: the record is given
// up, and the file is removed if no process is left. Leaves a descriptor alone that is no longer its own.
class name_claim {
  public:
    static constexpr std::uint32_t no_record = UINT32_MAX;

    name_claim() noexcept = default;
    name_claim(name_claim&& other) noexcept;
    name_claim& operator=(name_claim&& other) noexcept;
    ~name_claim() { give_back(); }
    void give_back() noexcept;

    [[nodiscard]] std::uint32_t record() const noexcept { return record_; }
    // As life_line::is_ours.
    [[nodiscard]] bool is_ours() const noexcept;

    // In the child of a fork: a record of its own for the same descriptor number. If there can be none the child cannot
    // be found by name; it never keeps its parent's record.
    outcome renew_in_child() noexcept;
    // Closes the descriptor and leaves the record: in the child of a fork that does not renew.
    void abandon() noexcept;

  private:
    friend class name_lock;
    outcome take_record(int fd, std::uint32_t descriptor) noexcept;

    int fd_ = -1;
    std::uint32_t record_ = no_record;
    std::uint32_t descriptor_ = 0;
    const void* owner_ = nullptr; // in the notes of os/fd.hpp
    os::file_facts file_;
    name_place place_;
};

class name_lock {
  public:
    name_lock() noexcept = default;
    name_lock& operator=(name_lock&&) = delete; // neither copied nor moved
    ~name_lock() { leave(); }                   // removes the file if no process has a record

    // Opens the name's file, made if it may be, and takes the lock of the name. not_found: there is none, and it may
    // not be made; name_busy: another process has the lock, or leaves the name just now: try again
    // (share/patience.hpp).
    outcome enter(std::string_view name, bool may_make) noexcept;

    // Opens the memory of each living process in turn, until try_one(descriptor, identity of the arena) is true: it
    // then has the descriptor. not_found: no process lives, or none has such memory; other_pid_namespace, other_user,
    // no_proc and so on: they live and cannot be reached; name_busy: they leave the name just now.
    template <class TryOne>
    outcome find(TryOne try_one) noexcept {
        return find_by(
            [](void* body, int fd, const identity& arena) { return (*static_cast<TryOne*>(body))(fd, arena); },
            &try_one);
    }

    // The name is this arena's from now on. exists: a process lives that holds another one of the name.
    outcome begin(const identity& arena) noexcept;

    // This process holds the arena of the name; the lock ends with it. descriptor: a number of the arena's memory,
    // which stays open as long as the claim.
    outcome publish(int descriptor, name_claim& made) noexcept;

  private:
    using try_function = bool(void* body, int fd, const identity& arena);
    outcome find_by(try_function* try_one, void* body) const noexcept;
    outcome walk(try_function* try_one, void* body, const identity& arena) const noexcept;
    outcome open_and_lock(int directory, bool may_make) noexcept;
    [[nodiscard]] bool has_living() const noexcept;
    void leave() noexcept;

    int fd_ = -1;
    name_place place_;
};

} // namespace efd::share
