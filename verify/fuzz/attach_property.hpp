// SPDX-License-Identifier: MIT
// verify/fuzz/attach_property.hpp: whatever a header says, an arena is attached to only if every part of it is memory.
//
// Owns nothing. An input is a header, as its difference from a good one, and the size of the file. A second reading of
// the rules, written apart from the library's, says whether the header is to be accepted; what is accepted has its
// parts one after the other inside the file; and an attach comes to the same, with the first and the last byte of each
// part there to be read and written. One thread.
#pragma once

#include "share/layout.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace efd::fuzz {

using header_parser = share::refusal (*)(const share::header& copy, std::uint64_t available, share::layout& found);

struct attach_case {
    share::header header;
    std::uint64_t file_bytes;
};
inline constexpr std::size_t longest_attach_input = sizeof(share::header) + sizeof(std::uint64_t);

// Missing bytes are zero: no difference, and a file that is as large as the header says.
attach_case case_of(std::span<const std::uint8_t> input);
// The input that case_of makes this of.
std::string input_of(const attach_case& made);

struct attach_tally {
    std::uint64_t headers = 0;
    std::uint64_t accepted = 0;
    std::uint64_t attached = 0; // by the library, to a file; and touched
};

// What is broken, in words; nullopt: nothing. With with_file the library attaches to a file of that header, too.
std::optional<std::string> check_attach(const attach_case& given, header_parser parse, bool with_file,
                                        attach_tally& tally);

} // namespace efd::fuzz
