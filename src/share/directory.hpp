// SPDX-License-Identifier: MIT
// share/directory.hpp: the names of an arena's objects.
//
// A table in the arena, by hash with linear probing. Who reads or changes it has the lock of names: a record lock that
// the kernel gives up when its holder dies, and among the threads of a process a lock of its own. A peer that keeps the
// lock makes these calls `timed_out`, and no other. A process may die at any step of a change:
//
//     add      text, then id (publishes it), then the mark `named` of the slot
//     remove   takes the mark away, then id 0; the text stays and keeps later names of the chain reachable
//
// One that dies in between leaves a name whose object is freed with its last holder; from then on it counts as no name.
// Every word is untrusted: a slot's number is checked, the object's generation is compared, each loop ends after one
// turn of the table.
#pragma once

#include <efd/detail/base/status.hpp>

#include "os/fork_lock.hpp"
#include "share/layout.hpp"
#include "share/slots.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace efd::share {

class life_line;

struct object_name {
    std::array<char, name_bytes> text{}; // ends with a zero
    [[nodiscard]] std::string_view view() const noexcept { return {text.data()}; }
};

class directory {
  public:
    directory() noexcept = default;
    directory& operator=(directory&&) = delete; // neither copied nor moved

    void begin(const arena_parts& parts, slots& objects, const life_line& own) noexcept;

    // 1 to 47 bytes, none of them zero.
    [[nodiscard]] static bool is_name(std::string_view name) noexcept;

    // exists: the name has an object; no_space: there is no room for another name; timed_out; stale.
    [[nodiscard]] base::status add(std::string_view name, object_id id) noexcept;
    // not_found, timed_out.
    [[nodiscard]] base::status find(std::string_view name, object_id& id) noexcept;
    // The object lives on as long as somebody holds it. not_found, timed_out.
    [[nodiscard]] base::status remove(std::string_view name) noexcept;
    // Calls act(name, id) for each; timed_out.
    template <class Act>
    [[nodiscard]] base::status each(Act act) noexcept;

    os::fork_lock lock; // a fork holds it

  private:
    class names_guard;
    using name_words = std::array<std::uint64_t, name_bytes / 8>;

    [[nodiscard]] name_entry& entry_at(std::uint32_t index) const noexcept;
    [[nodiscard]] static name_words words_of(std::string_view name) noexcept;
    [[nodiscard]] static name_words text_of(const name_entry& entry) noexcept;
    [[nodiscard]] std::uint32_t start_of(const name_words& name) const noexcept;
    [[nodiscard]] bool is_used(const name_entry& entry, object_id& id) const noexcept;
    struct place {
        std::uint32_t found; // of the name; else nowhere
        std::uint32_t room;  // where it may be added; else nowhere
        object_id id;
    };
    [[nodiscard]] place look_for(const name_words& name) const noexcept;
    void forget_text_from(std::uint32_t index) noexcept;
    static constexpr std::uint32_t nowhere = UINT32_MAX;

    arena_parts parts_;
    slots* objects_ = nullptr;
    const life_line* own_ = nullptr;
};

// The lock of names, or the reason why not.
class directory::names_guard {
  public:
    explicit names_guard(directory& of) noexcept;
    ~names_guard();
    names_guard& operator=(names_guard&&) = delete; // neither copied nor moved
    base::status status = base::status::ok;

  private:
    directory& of_;
};

template <class Act>
base::status directory::each(Act act) noexcept {
    const names_guard own(*this);
    if (own.status != base::status::ok) return own.status;
    for (std::uint32_t i = 0; i < parts_.where.names; ++i) {
        object_id id = 0;
        if (!is_used(entry_at(i), id)) continue;
        const name_words words = text_of(entry_at(i));
        object_name name;
        for (std::size_t w = 0; w < words.size(); ++w)
            for (std::size_t b = 0; b < 8; ++b) name.text[w * 8 + b] = static_cast<char>(words[w] >> 8 * b);
        name.text.back() = '\0';
        act(name, id);
    }
    return base::status::ok;
}

} // namespace efd::share
