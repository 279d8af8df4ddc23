// SPDX-License-Identifier: MIT
// verify/fuzz/fuzz_name_file.cpp: the file of an arena's name, with any bytes in it.
//
//     fuzz_name_file FILES       so many random files, most of them almost right; the seed is printed
//     fuzz_name_file --caught    broken parsers instead, each of which must be found
//
// With EFD_FUZZ_COVERAGE it is a libFuzzer target instead. What is parsed is compared with what the bytes say, read
// here in another way. One thread.
#include "fuzz/byte_search.hpp"
#include "share/name_layout.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace efd::share;
using bytes = std::vector<std::byte>;

constexpr std::size_t records_in_block = 64; // as name_lock::find reads them

template <class Value>
Value value_at(std::span<const std::byte> from, std::size_t offset) {
    Value value{};
    std::memcpy(&value, from.data() + offset, sizeof value);
    return value;
}

struct parser {
    bool (*header)(std::span<const std::byte>, identity&);
    name_record (*record)(std::span<const std::byte>, std::size_t);
    bool (*name)(std::string_view);
};
constexpr parser production{parse_name_header, parse_record, is_arena_name};

const char* wrong_header(const parser& tried, std::span<const std::byte> file) {
    identity found{};
    const bool is_accepted = tried.header(file, found);
    const bool is_right = file.size() >= 64 && value_at<std::uint64_t>(file, 0) == name_magic &&
                          value_at<std::uint32_t>(file, 8) == name_version &&
                          value_at<std::uint32_t>(file, 12) == byte_order_mark;
    if (is_accepted != is_right) return "a header is accepted that is none, or the other way round";
    if (is_accepted && found != value_at<identity>(file, 16)) return "another identity than the file's";
    return nullptr;
}

const char* wrong_record(const parser& tried, std::span<const std::byte> block, std::size_t index) {
    const name_record found = tried.record(block, index);
    if (found.pid > INT32_MAX || found.descriptor > INT32_MAX) return "a number that no process has";
    const bool is_whole = index < records_in_block && block.size() >= (index + 1) * 16;
    if (!is_whole) return found.pid == 0 ? nullptr : "a record that is not in the file";
    const auto pid = value_at<std::uint32_t>(block, index * 16);
    const auto descriptor = value_at<std::uint32_t>(block, index * 16 + 4);
    const bool is_right = pid != 0 && pid <= INT32_MAX && descriptor <= INT32_MAX;
    if (!is_right) return found.pid == 0 ? nullptr : "a record that names no process";
    return found.pid == pid && found.descriptor == descriptor &&
                   found.pid_namespace == value_at<std::uint64_t>(block, index * 16 + 8)
               ? nullptr
               : "another record than the file's";
}

const char* wrong_name(const parser& tried, std::span<const std::byte> file) {
    const std::string name(reinterpret_cast<const char*>(file.data()), std::min<std::size_t>(file.size(), 60));
    const bool is_right = !name.empty() && name.size() <= 47 && name[0] != '.' &&
                          name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                              std::string::npos;
    return tried.name(name) == is_right ? nullptr : "a name is accepted that is none, or the other way round";
}

// The bytes are copied to memory that ends where they end, so that AddressSanitizer sees a read beyond them.
const char* what_is_wrong(const parser& tried, std::span<const std::byte> given) {
    const bytes file(given.begin(), given.end());
    if (const char* const wrong = wrong_header(tried, file)) return wrong;
    if (const char* const wrong = wrong_name(tried, file)) return wrong;
    for (std::size_t at = 64; at < file.size() && at < name_file_bytes; at += records_in_block * 16) {
        const std::size_t left = std::min(file.size() - at, records_in_block * 16);
        const bytes block(file.begin() + static_cast<std::ptrdiff_t>(at),
                          file.begin() + static_cast<std::ptrdiff_t>(at + left));
        for (std::size_t i = 0; i <= records_in_block; ++i)
            if (const char* const wrong = wrong_record(tried, block, i)) return wrong;
        if (const char* const wrong = wrong_record(tried, block, SIZE_MAX / 16)) return wrong;
    }
    return nullptr;
}

#ifndef EFD_FUZZ_COVERAGE

using generator = std::mt19937_64;

// A file as it may be, then some bytes changed and the end cut off; or a name.
bytes some_file(generator& random) {
    if (random() % 4 == 0) {
        bytes name(random() % 56);
        for (std::byte& one : name) one = static_cast<std::byte>("aZ0._-m9"[random() % 8]);
        if (!name.empty() && random() % 4 == 0) name[random() % name.size()] = static_cast<std::byte>(random());
        return name;
    }
    identity arena{};
    for (std::uint8_t& one : arena) one = static_cast<std::uint8_t>(random());
    const name_header header = header_for(arena);
    const std::size_t records = random() % 80;
    bytes file(64 + records * 16);
    std::memcpy(file.data(), &header, sizeof header);
    for (std::size_t i = 0; i < records; ++i) {
        const name_record record{static_cast<std::uint32_t>(random() % 4 == 0 ? random() : random() % 40'000),
                                 static_cast<std::uint32_t>(random() % 8 == 0 ? random() : random() % 1024), random()};
        std::memcpy(file.data() + 64 + i * 16, &record, sizeof record);
    }
    for (std::uint64_t changes = random() % 3; changes > 0; --changes)
        file[random() % (random() % 2 == 0 ? 64 : file.size())] = static_cast<std::byte>(random());
    if (random() % 2 == 0) file.resize(random() % (file.size() + 1));
    return file;
}

// Null: none of so many files shows anything wrong.
const char* search(const parser& tried, std::uint64_t seed, std::uint64_t files) {
    generator random(seed);
    for (std::uint64_t i = 0; i < files; ++i)
        if (const char* const wrong = what_is_wrong(tried, some_file(random))) return wrong;
    return nullptr;
}

constexpr efd::fuzz::broken_reader<parser> broken_parsers[] = {
    {"any version",
     {[](std::span<const std::byte> given, identity& found) {
          if (given.size() < 64 || value_at<std::uint64_t>(given, 0) != name_magic) return false;
          found = value_at<identity>(given, 16);
          return true;
      },
      parse_record, is_arena_name}},
    {"any pid",
     {parse_name_header,
      [](std::span<const std::byte> given, std::size_t index) {
          return index < given.size() / 16 ? value_at<name_record>(given, index * 16) : name_record{};
      },
      is_arena_name}},
    {"half a record",
     {parse_name_header,
      [](std::span<const std::byte> given, std::size_t index) {
          bytes padded(given.begin(), given.end());
          padded.resize((given.size() + 15) / 16 * 16);
          return parse_record(padded, index);
      },
      is_arena_name}},
    {"a name with a dot at its beginning",
     {parse_name_header, parse_record,
      [](std::string_view name) { return is_arena_name(name) || is_arena_name(name.substr(name.empty() ? 0 : 1)); }}},
};

#endif

} // namespace

#ifdef EFD_FUZZ_COVERAGE

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const char* const wrong = what_is_wrong(production, std::as_bytes(std::span(data, size)));
    if (wrong == nullptr) return 0;
    std::fprintf(stderr, "%s\n", wrong);
    std::abort();
}

#else

int main(int argc, char** argv) {
    return efd::fuzz::run_search<parser>(
        argc, argv, {"name file, random bytes", "files", search, production, broken_parsers, 100'000});
}

#endif
