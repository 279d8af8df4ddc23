// SPDX-License-Identifier: MIT
// cli/code_place.cpp: see code_place.hpp.
#include "cli/code_place.hpp"

#include "cli/living_thread.hpp"
#include "cli/owned_fd.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace efd::cli {
namespace {

constexpr std::size_t maps_most = 4U << 20;
constexpr std::size_t headers_most = 1024;
constexpr std::size_t symbols_most = 1U << 20;
constexpr std::size_t name_most = 256; // the demangler recurses

std::optional<std::uint64_t> hex_in(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return error == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(value)
                                                                                     : std::nullopt;
}

std::string_view next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

std::string text_of(const std::string& path) {
    std::string text;
    const owned_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 16384> piece;
    while (file.is_open() && text.size() < maps_most) {
        const ssize_t got = ::read(file.get(), piece.data(), piece.size());
        if (got <= 0) break;
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text;
}

template <class Record>
bool read_records(int file, std::uint64_t from, std::size_t number, std::vector<Record>& to) {
    to.resize(number);
    const std::size_t bytes = number * sizeof(Record);
    if (from > static_cast<std::uint64_t>(INT64_MAX) - bytes) return false;
    return ::pread(file, to.data(), bytes, static_cast<off_t>(from)) == static_cast<ssize_t>(bytes);
}

std::string shown(const std::string& symbol) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> plain(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                       std::free);
    return status == 0 && plain != nullptr ? std::string(plain.get()) : symbol;
}

// The function of an ELF file of this machine's kind that has the byte at this offset of the file; empty: none known.
class symbol_file {
  public:
    explicit symbol_file(int file) : file_(file) {}
    std::string function_at(std::uint64_t offset) {
        std::vector<ElfW(Ehdr)> head;
        if (!read_records(file_, 0, 1, head) ||
            std::string_view(reinterpret_cast<char*>(head[0].e_ident), SELFMAG) != ELFMAG)
            return {};
        if (head[0].e_phentsize != sizeof(ElfW(Phdr)) || head[0].e_shentsize != sizeof(ElfW(Shdr)) ||
            head[0].e_phnum > headers_most || head[0].e_shnum > headers_most)
            return {};
        const std::optional<std::uint64_t> address = address_of(head[0], offset);
        if (!address || !read_records(file_, head[0].e_shoff, head[0].e_shnum, sections_)) return {};
        const std::string full = function_in(SHT_SYMTAB, *address);
        return full.empty() ? function_in(SHT_DYNSYM, *address) : full;
    }

  private:
    std::optional<std::uint64_t> address_of(const ElfW(Ehdr) & head, std::uint64_t offset) {
        std::vector<ElfW(Phdr)> segments;
        if (!read_records(file_, head.e_phoff, head.e_phnum, segments)) return std::nullopt;
        for (const auto& one : segments)
            if (one.p_type == PT_LOAD && offset >= one.p_offset && offset - one.p_offset < one.p_filesz)
                return offset - one.p_offset + one.p_vaddr;
        return std::nullopt;
    }

    std::string function_in(unsigned kind, std::uint64_t address) {
        for (const auto& table : sections_) {
            if (table.sh_type != kind || table.sh_link >= sections_.size()) continue;
            std::vector<ElfW(Sym)> symbols;
            const std::size_t number = std::min<std::size_t>(table.sh_size / sizeof(ElfW(Sym)), symbols_most);
            if (!read_records(file_, table.sh_offset, number, symbols)) continue;
            for (const auto& one : symbols)
                if ((one.st_info & 0xF) == STT_FUNC && address >= one.st_value && address - one.st_value < one.st_size)
                    return name_at(sections_[table.sh_link], one.st_name);
        }
        return {};
    }

    std::string name_at(const ElfW(Shdr) & names, std::uint64_t at) const {
        std::array<char, name_most> text{};
        if (at >= names.sh_size || names.sh_offset > static_cast<std::uint64_t>(INT64_MAX) - names.sh_size) return {};
        const std::size_t most = std::min<std::uint64_t>(text.size() - 1, names.sh_size - at);
        const ssize_t got = ::pread(file_, text.data(), most, static_cast<off_t>(names.sh_offset + at));
        return got <= 0 ? std::string() : shown(text.data());
    }

    int file_;
    std::vector<ElfW(Shdr)> sections_;
};

} // namespace

std::vector<mapped_range> code_in_maps(std::string_view maps) {
    std::vector<mapped_range> all;
    while (!maps.empty()) {
        std::string_view line = maps.substr(0, maps.find('\n'));
        maps.remove_prefix(std::min(line.size() + 1, maps.size()));
        const std::string_view addresses = next_word(line);
        const std::string_view rights = next_word(line);
        const std::string_view offset = next_word(line);
        next_word(line); // the device
        const std::string_view inode = next_word(line);
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        const std::size_t dash = std::min(addresses.find('-'), addresses.size());
        const auto begin = hex_in(addresses.substr(0, dash));
        const auto end = hex_in(addresses.substr(std::min(dash + 1, addresses.size())));
        const auto from = hex_in(offset);
        std::uint64_t number = 0;
        std::from_chars(inode.data(), inode.data() + inode.size(), number);
        if (!begin || !end || !from || rights.size() < 3 || rights[2] != 'x' || line.empty() || line[0] != '/')
            continue;
        all.push_back({*begin, *end, *from, number, std::string(line)});
    }
    return all;
}

std::string code_places::of(std::uint64_t return_address) {
    if (!is_read_) {
        thread_ = living_thread_of(root_, pid_).value_or(pid_);
        ranges_ = code_in_maps(text_of(fmt::format("{}/{}/maps", root_, thread_)));
    }
    is_read_ = true;
    const auto known = known_.find(return_address);
    if (known != known_.end()) return known->second;
    std::string& place = known_[return_address];
    const std::uint64_t address = return_address - 1; // inside the call
    for (const mapped_range& one : ranges_) {
        if (address < one.begin || address >= one.end) continue;
        const std::uint64_t offset = address - one.begin + one.offset;
        place = fmt::format("{}+{:#x}", one.path.substr(one.path.rfind('/') + 1), offset);
        const std::string path = fmt::format("{}/{}/root{}", root_, thread_, one.path);
        const owned_fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        struct stat about{};
        if (!file.is_open() || ::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode) || about.st_ino != one.inode)
            break;
        const std::string function = symbol_file(file.get()).function_at(offset);
        if (!function.empty()) place += ' ' + function;
        break;
    }
    return place;
}

} // namespace efd::cli
