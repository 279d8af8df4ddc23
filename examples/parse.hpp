// SPDX-License-Identifier: MIT
// examples/parse.hpp: what a parser finds in a chunk: bytes, lines, words, and a checksum. Pure; any thread.
//
// Eight bytes at a step, as a program that is in a hurry does it: at some gigabytes a second a chunk takes about a
// microsecond, so what it costs to tell somebody of it is seen. A word is a run of bytes above the space.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pipeline {

// Sums of what was found; the checksum depends on the bytes and on which chunk they came from, not on the order in
// which chunks are added up.
struct summary {
    std::uint64_t bytes = 0;
    std::uint64_t lines = 0;
    std::uint64_t words = 0;
    std::uint64_t checksum = 0;

    summary& operator+=(const summary& other) {
        bytes += other.bytes;
        lines += other.lines;
        words += other.words;
        checksum ^= other.checksum;
        return *this;
    }
    bool operator==(const summary&) const = default;
};

inline constexpr std::uint64_t each_byte = 0x0101010101010101;

// The highest bit of each byte that ends a line, and of each byte that belongs to a word.
constexpr std::uint64_t line_ends(std::uint64_t eight) {
    const std::uint64_t zero_there = eight ^ (each_byte * '\n');
    return ~(((zero_there & each_byte * 0x7f) + each_byte * 0x7f) | zero_there | each_byte * 0x7f);
}
constexpr std::uint64_t in_words(std::uint64_t eight) {
    return (((eight & each_byte * 0x7f) + each_byte * 0x5f) | eight) & each_byte * 0x80;
}
constexpr std::uint64_t marks(std::uint64_t highest_bits) { return ((highest_bits >> 7) * each_byte) >> 56; }
static_assert(marks(line_ends(0x0a'00'0b'8a'09'0a'ff'0a)) == 3);
static_assert(marks(in_words(0x20'21'7f'80'00'ff'1f'41)) == 5);

inline summary parse(std::string_view chunk, std::size_t index) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    summary found{chunk.size(), 0, 0, index * odd};
    std::uint64_t before = 0; // the marks of the eight bytes before these
    for (std::size_t at = 0; at < chunk.size(); at += 8) {
        std::uint64_t eight = each_byte * ' '; // what is behind the end counts as blank
        if (chunk.size() - at >= 8)
            std::memcpy(&eight, chunk.data() + at, 8);
        else
            std::memcpy(&eight, chunk.data() + at, chunk.size() - at);
        if constexpr (std::endian::native == std::endian::big) eight = __builtin_bswap64(eight);
        const std::uint64_t inside = in_words(eight);
        found.lines += marks(line_ends(eight));
        found.words += marks(inside & ~(inside << 8 | before >> 56));
        found.checksum = (std::rotl(found.checksum, 23) ^ eight) * odd;
        before = inside;
    }
    return found;
}

} // namespace pipeline
