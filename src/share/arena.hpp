// SPDX-License-Identifier: MIT
// share/arena.hpp: an arena, as one process holds it: memory, life line, name, objects.
//
// Owns all of these. A handle of the user's counts as one use, and so does each object that the process holds: the
// memory stays mapped until both are gone, and an arena whose handle went first is ended by the next call that makes or
// ends one. The structure itself is used again and never freed, as a thread may be in its last step there. All arenas
// of the process stand in one list, so that a fork gives its child a life line and a row of its own in each (FORK).
#pragma once

#include "core/shared_slots.hpp"
#include "share/directory.hpp"
#include "share/life_line.hpp"
#include "share/memory.hpp"
#include "share/name_file.hpp"
#include "share/sets.hpp"
#include "share/slots.hpp"
#include "share/socket.hpp"

#include <cstdint>
#include <string_view>

namespace efd::share {

class arena {
  public:
    // Each gives an arena with one reference.
    static outcome create(const creation& asked, arena*& made) noexcept;
    static outcome create(std::string_view name, const creation& asked, arena*& made) noexcept;
    static outcome open(std::string_view name, const trust& allowed, arena*& made) noexcept;
    static outcome open_or_create(std::string_view name, const creation& asked, const trust& allowed,
                                  arena*& made) noexcept;
    static outcome attach(int descriptor, const trust& allowed, arena*& made) noexcept;
    static outcome place(int descriptor, std::uint64_t offset, const creation& asked, const trust& allowed,
                         arena*& made) noexcept;
    static outcome attach_at(int descriptor, std::uint64_t offset, const trust& allowed, arena*& made) noexcept;
    static outcome receive(int socket, const trust& allowed, arena*& made) noexcept;
    outcome send(int socket) const noexcept { return send_arena(socket, memory_); }

    void get() noexcept { handles_.get(); }
    void put() noexcept;

    // no_space: every slot has an object that a living process holds, or that has a name. stale: this process counts as
    // dead here, since its life line was closed.
    [[nodiscard]] base::status make(std::uint64_t initval, unsigned flags, core::context*& made) noexcept;
    [[nodiscard]] base::status make(std::string_view name, std::uint64_t initval, unsigned flags,
                                    core::context*& made) noexcept;
    // signals: this process may signal the object, which a waiter that asks for owner_death counts on.
    [[nodiscard]] base::status find(object_id id, bool signals, core::context*& found) noexcept;
    [[nodiscard]] base::status find(std::string_view name, bool signals, core::context*& found) noexcept;
    [[nodiscard]] base::status remove(std::string_view name) noexcept;
    template <class Act>
    [[nodiscard]] base::status each_name(Act act) noexcept {
        if (!is_alive()) return base::status::stale;
        return names_.each(act);
    }
    // invalid: an object of another arena, or of none.
    [[nodiscard]] base::status id_of(const core::context& object, object_id& id) const noexcept;
    // A set for this process, with a reference to the arena that give_back puts. no_space: every set has a living
    // owner. stale as make.
    [[nodiscard]] base::status claim_set(core::set_claim& made) noexcept;
    // Frees what was held by processes that have died; how many there were.
    [[nodiscard]] base::status reap(std::uint32_t& dead) noexcept;
    // Whether any other process holds the arena.
    [[nodiscard]] life others() const noexcept { return line_.look_at_others(); }

    // This process has a life line here; one that the fork handlers did not see gets its own now.
    [[nodiscard]] bool is_alive() noexcept;

    [[nodiscard]] int descriptor() const noexcept { return memory_.descriptor().number(); }
    [[nodiscard]] const layout& where() const noexcept { return memory_.where(); }

    arena() noexcept = default;
    arena& operator=(arena&&) = delete; // neither copied nor moved

  private:
    friend class all_arenas;

    outcome begin(arena_memory&& memory) noexcept;
    template <class Act>
    static outcome make_one(arena*& made, Act act) noexcept;
    static outcome of_memory(arena_memory&& memory, arena*& made) noexcept;
    template <class Act>
    static outcome by_name(std::string_view name, bool may_make, Act act) noexcept;
    static outcome find_memory(name_lock& name, const trust& allowed, arena_memory& found) noexcept;
    outcome begin_named(name_lock& name, arena_memory&& memory) noexcept;
    static outcome create_named(name_lock& name, const creation& asked, arena*& made) noexcept;
    static outcome open_named(name_lock& name, const trust& allowed, arena*& made) noexcept;
    [[nodiscard]] life_table table_of(const arena_parts& parts) noexcept;
    [[nodiscard]] arena_parts parts_of() const noexcept;
    [[nodiscard]] bool seems_alive() noexcept;
    [[nodiscard]] bool join_again() noexcept;
    void end() noexcept;
    void before_fork() noexcept;
    void in_parent() noexcept;
    void in_child() noexcept;

    core::kref handles_;
    arena_memory memory_;
    life_line line_;
    name_claim name_;
    slots objects_;
    sets sets_;
    directory names_;
    base::atomic<std::uint32_t> calls_{0};
    base::atomic<bool> had_sets_{false};
    arena* next_ = nullptr; // in the list of all
    bool is_in_use_ = false;
};

} // namespace efd::share
