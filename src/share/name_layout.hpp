// SPDX-License-Identifier: MIT
// share/name_layout.hpp: what stands in the file of an arena's name, as pure functions over bytes.
//
// Owns nothing. Every process of the user may write the file, so nothing in it is believed: a function here reads bytes
// that were copied, whatever they are, and gives a value that is within its bounds. Programs of 32 and of 64 bits share
// the file.
//
//     header    64 bytes: which arena has the name
//     records   16 bytes for each process that holds the arena: where /proc shows its memory
#pragma once

#include "share/layout.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace efd::share {

using identity = std::array<std::uint8_t, 16>;

inline constexpr std::uint64_t name_magic = 0x656d'616e'6664'6665; // "efdfname" where the least byte comes first
inline constexpr std::uint32_t name_version = 1;
inline constexpr std::uint32_t records_most = processes_most;

struct name_header {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t byte_order;
    identity arena; // as in the header of the arena's memory
    std::array<std::uint8_t, 32> reserved;
};
static_assert(sizeof(name_header) == 64 && offsetof(name_header, arena) == 16);

struct name_record {
    std::uint32_t pid;           // zero: no process
    std::uint32_t descriptor;    // a number of the process's that names the arena's memory
    std::uint64_t pid_namespace; // in which the process has this pid
};
static_assert(sizeof(name_record) == 16 && offsetof(name_record, pid_namespace) == 8);

inline constexpr std::uint32_t name_file_bytes = sizeof(name_header) + records_most * sizeof(name_record);
constexpr std::uint32_t record_at(std::uint32_t index) noexcept {
    return static_cast<std::uint32_t>(sizeof(name_header) + index * sizeof(name_record));
}
static_assert(record_at(records_most) == name_file_bytes);

// Bytes beyond the end of the file on which processes have record locks: one for each record, and the lock of the name.
inline constexpr std::uint64_t name_life_byte = std::uint64_t{1} << 62; // + the index of the record
inline constexpr std::uint64_t name_lock_byte = name_life_byte + records_most;

constexpr name_header header_for(const identity& arena) noexcept {
    return {name_magic, name_version, byte_order_mark, arena, {}};
}

// False: no header of a name; `found` stays as it was.
constexpr bool parse_name_header(std::span<const std::byte> bytes, identity& found) noexcept {
    std::array<std::byte, sizeof(name_header)> copy{};
    if (bytes.size() < copy.size()) return false;
    std::copy_n(bytes.begin(), copy.size(), copy.begin());
    const auto header = std::bit_cast<name_header>(copy);
    if (header.magic != name_magic || header.version != name_version || header.byte_order != byte_order_mark)
        return false;
    found = header.arena;
    return true;
}

// The record at an index of an array of them, of which the file may have fewer or half of one: then, and where the
// record names no process that there can be, its pid is zero.
constexpr name_record parse_record(std::span<const std::byte> records, std::size_t index) noexcept {
    constexpr std::uint32_t largest = INT32_MAX;
    std::array<std::byte, sizeof(name_record)> copy{};
    if (index >= records.size() / copy.size()) return {};
    std::copy_n(records.begin() + static_cast<std::ptrdiff_t>(index * copy.size()), copy.size(), copy.begin());
    const auto record = std::bit_cast<name_record>(copy);
    return record.pid != 0 && record.pid <= largest && record.descriptor <= largest ? record : name_record{};
}

// Names that are one file name and begin with no dot: 1 to 47 letters, digits, '.', '_' and '-'.
constexpr bool is_arena_name(std::string_view name) noexcept {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    return !name.empty() && name.size() < name_bytes && name.front() != '.' &&
           std::all_of(name.begin(), name.end(), is_allowed);
}
static_assert(is_arena_name("a") && is_arena_name("ring-1.in_use") && is_arena_name("-"));
static_assert(is_arena_name("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstu"));
static_assert(!is_arena_name("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv"));
static_assert(!is_arena_name("") && !is_arena_name(".") && !is_arena_name("..") && !is_arena_name(".a"));
static_assert(!is_arena_name("a/b") && !is_arena_name("a b") && !is_arena_name(std::string_view("a\0b", 3)));

} // namespace efd::share
