// SPDX-License-Identifier: MIT
// share/directory.cpp: see directory.hpp.
#include "share/directory.hpp"

#include "os/record_lock.hpp"
#include "share/life_line.hpp"
#include "share/patience.hpp"

#include <algorithm>

namespace efd::share {

using base::status;

void directory::begin(const arena_parts& parts, slots& objects, const life_line& own) noexcept {
    parts_ = parts;
    objects_ = &objects;
    own_ = &own;
}

bool directory::is_name(std::string_view name) noexcept {
    return !name.empty() && name.size() < name_bytes && name.find('\0') == std::string_view::npos;
}

// ---- The lock of names.

// The lock of the process is held for a try, and kept with the lock of names.
directory::names_guard::names_guard(directory& of) noexcept : of_(of) {
    patience left;
    for (;;) {
        of_.lock.lock();
        switch (os::try_lock(of_.own_->descriptor(), {of_.parts_.first_lock_byte + processes_most, 1})) {
        case os::lock_end::taken: status = status::ok; return;
        case os::lock_end::not_possible: status = status::stale; break;
        case os::lock_end::held_by_another: status = status::timed_out; break;
        }
        of_.lock.unlock();
        if (status == status::stale || !left.pause()) return;
    }
}

directory::names_guard::~names_guard() {
    if (status != status::ok) return;
    os::unlock(of_.own_->descriptor(), {of_.parts_.first_lock_byte + processes_most, 1});
    of_.lock.unlock();
}

// ---- The table.

name_entry& directory::entry_at(std::uint32_t index) const noexcept {
    const std::uint64_t offset = parts_.where.names_at + std::uint64_t{index} * sizeof(name_entry);
    return parts_.at<name_entry>(offset);
}

directory::name_words directory::words_of(std::string_view name) noexcept {
    name_words words{};
    for (std::size_t i = 0; i < name.size(); ++i)
        words[i / 8] |= std::uint64_t{static_cast<unsigned char>(name[i])} << i % 8 * 8;
    return words;
}

directory::name_words directory::text_of(const name_entry& entry) noexcept {
    name_words words{};
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = entry.text[i].load(base::relaxed);
    return words;
}

std::uint32_t directory::start_of(const name_words& name) const noexcept {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
    for (const std::uint64_t word : name) {
        hash = (hash ^ word) * 0x9e37'79b9'7f4a'7c15;
        hash ^= hash >> 32;
    }
    return static_cast<std::uint32_t>(hash % parts_.where.names);
}

// A name whose object is gone is no name.
bool directory::is_used(const name_entry& entry, object_id& id) const noexcept {
    id = entry.id.load(base::acquire);
    return id != 0 && objects_->is_alive(id);
}

directory::place directory::look_for(const name_words& name) const noexcept {
    place where{nowhere, nowhere, 0};
    std::uint32_t index = start_of(name);
    for (std::uint32_t turns = 0; turns < parts_.where.names; ++turns, index = (index + 1) % parts_.where.names) {
        const name_entry& entry = entry_at(index);
        object_id id = 0;
        const bool used = is_used(entry, id);
        const name_words text = text_of(entry);
        if (!used && where.room == nowhere) where.room = index;
        if (used && text == name) {
            where.found = index;
            where.id = id;
            return where;
        }
        if (id == 0 && text == name_words{}) return where; // never used, or forgotten: the chain ends
    }
    return where;
}

status directory::add(std::string_view name, object_id id) noexcept {
    const names_guard own(*this);
    if (own.status != status::ok) return own.status;
    const name_words words = words_of(name);
    const place where = look_for(words);
    if (where.found != nowhere) return status::exists;
    if (where.room == nowhere) return status::no_space;
    name_entry& entry = entry_at(where.room);
    entry.id.store(0, base::relaxed);
    for (std::size_t i = 0; i < words.size(); ++i) entry.text[i].store(words[i], base::relaxed);
    entry.id.store(id, base::release); // OBJECT_NAME, publish
    return objects_->set_named(id, true);
}

status directory::find(std::string_view name, object_id& id) noexcept {
    const names_guard own(*this);
    if (own.status != status::ok) return own.status;
    const place where = look_for(words_of(name));
    if (where.found == nowhere) return status::not_found;
    id = where.id;
    return status::ok;
}

status directory::remove(std::string_view name) noexcept {
    const names_guard own(*this);
    if (own.status != status::ok) return own.status;
    const place where = look_for(words_of(name));
    if (where.found == nowhere) return status::not_found;
    (void)objects_->set_named(where.id, false);
    entry_at(where.found).id.store(0, base::release); // OBJECT_NAME
    forget_text_from(where.found);
    return status::ok;
}

// The end of a chain needs no text, so a table in which names come and go does not fill up with what is gone.
void directory::forget_text_from(std::uint32_t index) noexcept {
    const std::uint32_t names = parts_.where.names;
    const name_entry& next = entry_at((index + 1) % names);
    if (next.id.load(base::relaxed) != 0 || text_of(next) != name_words{}) return;
    for (std::uint32_t turns = 0; turns < names; ++turns, index = (index + names - 1) % names) {
        name_entry& entry = entry_at(index);
        object_id id = 0;
        if (is_used(entry, id) || text_of(entry) == name_words{}) return;
        entry.id.store(0, base::relaxed);
        for (auto& word : entry.text) word.store(0, base::relaxed);
    }
}

} // namespace efd::share
