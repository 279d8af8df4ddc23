// SPDX-License-Identifier: MIT
// cli/proc_text.cpp: see proc_text.hpp.
#include "cli/proc_text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <system_error>

namespace efd::cli {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

template <class Act>
void each_line(std::string_view text, Act act) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        act(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (line = trimmed(line); !line.empty(); line = trimmed(line)) {
        const std::size_t end = std::min(line.find_first_of(blanks), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
    return words;
}

// "PID (COMMAND) STATE ...": the command may have any character, ')' and line ends too.
std::vector<std::string_view> words_behind_command(std::string_view stat) {
    const std::size_t end = stat.rfind(')');
    return end == std::string_view::npos ? std::vector<std::string_view>{} : words_of(stat.substr(end + 1));
}

std::optional<std::uint32_t> small_number_in(std::string_view text) {
    const std::optional<std::uint64_t> number = number_in(text);
    constexpr std::uint64_t most = std::numeric_limits<std::int32_t>::max();
    return number && *number <= most ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

} // namespace

std::optional<std::uint64_t> number_in(std::string_view text, int base) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number, base);
    return error == std::errc{} && stopped == end ? std::optional(number) : std::nullopt;
}

eventfd_facts eventfd_in(std::string_view fdinfo) {
    eventfd_facts facts;
    each_line(fdinfo, [&](std::string_view line) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return;
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (name == "eventfd-count")
            facts.count = number_in(value, 16);
        else if (name == "eventfd-id")
            facts.id = small_number_in(value); // below zero if the kernel had no memory for one
        else if (name == "eventfd-semaphore" && !value.empty())
            facts.is_semaphore = value != "0";
        else if (name == "ino")
            facts.inode = number_in(value);
    });
    return facts;
}

// "tfd:        3 events:       19 data:                3  pos:0 ino:40e sdev:10", the last three since Linux 4.13.
std::vector<epoll_entry> epoll_entries_in(std::string_view fdinfo) {
    constexpr std::string_view mark = "tfd:";
    std::vector<epoll_entry> entries;
    each_line(fdinfo, [&](std::string_view line) {
        if (line.substr(0, mark.size()) != mark) return;
        const std::vector<std::string_view> words = words_of(line.substr(mark.size()));
        const std::optional<std::uint32_t> target = words.empty() ? std::nullopt : small_number_in(words[0]);
        if (!target) return;
        epoll_entry& entry = entries.emplace_back();
        entry.target = *target;
        for (const std::string_view word : words)
            if (word.substr(0, 4) == "ino:") entry.inode = number_in(word.substr(4), 16);
    });
    return entries;
}

// "lock:	1: OFDLCK  ADVISORY  WRITE -1 00:01:2971 4611686018427387904 4611686018427387904".
std::vector<std::uint64_t> description_locks_in(std::string_view fdinfo, std::uint64_t first) {
    constexpr std::size_t kind_at = 2;
    constexpr std::size_t begin_at = 7;
    std::vector<std::uint64_t> bytes;
    each_line(fdinfo, [&](std::string_view line) {
        const std::vector<std::string_view> words = words_of(line);
        if (words.size() <= begin_at || words[0] != "lock:" || words[kind_at] != "OFDLCK") return;
        const std::optional<std::uint64_t> begin = number_in(words[begin_at]);
        if (begin && *begin >= first) bytes.push_back(*begin - first);
    });
    return bytes;
}

bool has_ended(std::string_view stat) {
    const std::vector<std::string_view> words = words_behind_command(stat);
    return !words.empty() && (words[0] == "Z" || words[0] == "X");
}

bool has_no_descriptors(std::string_view stat) {
    constexpr std::uint64_t is_kernel_thread = 0x0020'0000;
    constexpr std::size_t flags_at = 6;
    if (has_ended(stat)) return true;
    const std::vector<std::string_view> words = words_behind_command(stat);
    return words.size() > flags_at && (number_in(words[flags_at]).value_or(0) & is_kernel_thread) != 0;
}

// "proc /proc proc rw,nosuid,hidepid=invisible 0 0"; numbers before Linux 5.8.
bool hides_processes(std::string_view mounts, std::string_view root) {
    constexpr std::string_view option = "hidepid=";
    bool hides = false;
    each_line(mounts, [&](std::string_view line) {
        const std::vector<std::string_view> words = words_of(line);
        if (words.size() < 4 || words[1] != root || words[2] != "proc") return;
        const std::size_t at = words[3].find(option);
        const std::string_view value = at == std::string_view::npos ? "" : words[3].substr(at + option.size());
        const std::string_view word = value.substr(0, value.find(','));
        hides = !word.empty() && word != "0" && word != "off"; // the last mount at the place is the one that is seen
    });
    return hides;
}

} // namespace efd::cli
