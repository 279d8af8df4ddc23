// SPDX-License-Identifier: MIT
// cli/arena_scan.cpp: see arena_scan.hpp.
#include "cli/arena_scan.hpp"

#include "cli/living_thread.hpp"
#include "cli/owned_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <map>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <utility>

namespace efd::cli {
namespace {

using share::refusal;

std::vector<std::string> entries_of(const std::string& directory, std::size_t most) {
    std::vector<std::string> names;
    DIR* const stream = ::opendir(directory.c_str());
    if (stream == nullptr) return names;
    while (const dirent* const entry = ::readdir(stream)) {
        if (names.size() == most) break;
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    ::closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
}

constexpr std::size_t names_most = 4096; // of one directory

void read_names_in(const std::string& path, std::vector<arena_name>& names) {
    constexpr std::string_view ending = ".arena";
    const owned_fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory.is_open()) return;
    for (const std::string& entry : entries_of(path, names_most)) {
        if (entry.size() <= ending.size() || entry.compare(entry.size() - ending.size(), ending.size(), ending) != 0)
            continue;
        arena_name one;
        one.name = entry.substr(0, entry.size() - ending.size());
        const owned_fd file(::openat(directory.get(), entry.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        struct stat about{};
        std::array<std::byte, sizeof(share::name_header)> head{};
        if (!share::is_arena_name(one.name) || !file.is_open() || ::fstat(file.get(), &about) != 0 ||
            !S_ISREG(about.st_mode) || ::pread(file.get(), head.data(), head.size(), 0) != ssize_t{head.size()} ||
            !share::parse_name_header(head, one.identity))
            continue;
        one.owner = about.st_uid;
        names.push_back(std::move(one));
    }
}

// Opens the file behind a process's number for reading, if it still is the one that the walk found, and memory. A file
// that is something else by now is not opened: that could have an effect on a device. Below zero: -EACCES, if the file
// belongs to another user; else it is gone.
int open_memory(const std::string& root, const memory_number& of) {
    const std::uint32_t thread = living_thread_of(root, of.pid).value_or(of.pid);
    const owned_fd place(::open(fmt::format("{}/{}/fd/{}", root, thread, of.number).c_str(), O_PATH | O_CLOEXEC));
    struct stat about{};
    struct statfs system{};
    if (!place.is_open() || ::fstat(place.get(), &about) != 0 || ::fstatfs(place.get(), &system) != 0) return -ENOENT;
    if (!S_ISREG(about.st_mode) || about.st_dev != of.device || about.st_ino != of.inode) return -ENOENT;
    if (system.f_type != TMPFS_MAGIC) return -ENOENT;
    const int fd = ::open(fmt::format("{}/self/fd/{}", root, place.get()).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

// The arena that a lock byte belongs to: arenas of one file have their own (share/memory.hpp).
constexpr std::uint64_t bytes_of_an_arena = share::header_bytes / 2;
constexpr bool is_life_line(std::uint64_t byte) { return byte % bytes_of_an_arena < share::processes_most; }
constexpr std::uint64_t offset_of(std::uint64_t byte) { return byte / bytes_of_an_arena * share::header_bytes; }
static_assert(is_life_line(0) && is_life_line(2048 + 1023) && !is_life_line(share::processes_most));
static_assert(offset_of(0) == 0 && offset_of(1023) == 0 && offset_of(65536 / 2 + 5) == 65536);

// A file that may have arenas in it: each with the numbers through which processes have life lines there.
struct arena_memory_file {
    std::vector<const memory_number*> numbers;
    std::map<std::uint64_t, std::set<const memory_number*>> life_lines; // by offset
};
using file_key = std::pair<std::uint64_t, std::uint64_t>; // device, inode

// An arena may be at the beginning of memory that is called one, and wherever processes have life lines.
std::map<file_key, arena_memory_file> files_of(const std::vector<memory_number>& memory) {
    constexpr std::size_t arenas_most = 1024; // of one file
    std::map<file_key, arena_memory_file> files;
    for (const memory_number& one : memory) {
        arena_memory_file& file = files[{one.device, one.inode}];
        file.numbers.push_back(&one);
        if (one.is_called_arena) file.life_lines.try_emplace(0);
        for (const std::uint64_t byte : one.life_bytes) {
            if (!is_life_line(byte)) continue;
            if (file.life_lines.size() < arenas_most || file.life_lines.count(offset_of(byte)) != 0)
                file.life_lines[offset_of(byte)].insert(&one);
        }
    }
    return files;
}

// A process that has the memory open without a life line may use any of the arenas in it.
std::vector<arena_holder> holders_of(const arena_memory_file& file, const std::set<const memory_number*>& life_lines) {
    std::vector<arena_holder> holders;
    for (const memory_number* const one : file.numbers) { // by process, as the walk went
        if (holders.empty() || holders.back().who.pid != one->pid)
            holders.push_back({.who = {one->pid, one->command, {}}, .is_user = false});
        holders.back().who.numbers.push_back(one->number);
        if (life_lines.count(one) != 0) holders.back().is_user = true;
    }
    return holders;
}

// The first of the numbers that can be opened; below zero: none, as of open_memory.
int open_any(const std::string& root, const arena_memory_file& file) {
    int result = -ENOENT;
    for (const memory_number* const one : file.numbers) {
        const int fd = open_memory(root, *one);
        if (fd >= 0) return fd;
        if (fd == -EACCES) result = fd;
    }
    return result;
}

// The file of a name has a lock of ours as well, and no room.
bool has_room_for_header(int fd, std::uint64_t offset) {
    struct stat about{};
    return ::fstat(fd, &about) == 0 && offset + share::header_bytes > offset &&
           offset + share::header_bytes <= static_cast<std::uint64_t>(about.st_size);
}

} // namespace

std::vector<std::string> usual_name_directories() {
    std::vector<std::string> directories;
    const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
    if (runtime != nullptr && *runtime == '/') directories.push_back(std::string(runtime) + "/efd");
    for (const std::string& entry : entries_of("/dev/shm", names_most))
        if (entry.compare(0, 4, "efd-") == 0) directories.push_back("/dev/shm/" + entry);
    for (const std::string& entry : entries_of("/run/user", names_most))
        directories.push_back("/run/user/" + entry + "/efd");
    return directories;
}

std::vector<arena_name> read_arena_names(const std::vector<std::string>& directories) {
    std::vector<arena_name> names;
    for (const std::string& one : directories) read_names_in(one, names);
    return names;
}

arena_listing scan_arenas(const std::vector<memory_number>& memory, const arena_scan_options& options) {
    arena_listing listing;
    const std::map<file_key, arena_memory_file> files = files_of(memory);
    if (files.empty()) return listing;
    const std::vector<arena_name> names = read_arena_names(options.name_directories);
    std::uint64_t rest = options.bytes_of_all_most;
    for (const auto& [key, uses] : files) {
        const owned_fd file(open_any(options.root, uses));
        if (file.get() == -EACCES && uses.numbers.front()->is_called_arena)
            listing.refused.push_back({holders_of(uses, {}).front().who, refusal::other_owner});
        if (!file.is_open()) continue;
        for (const auto& [offset, life_lines] : uses.life_lines) {
            std::uint64_t budget = std::min(rest, options.bytes_most);
            rest -= budget;
            seen_arena found;
            const refusal why = read_arena(file.get(), offset, options, names, budget, found);
            rest += budget;
            found.holders = holders_of(uses, life_lines);
            if (why == refusal::none)
                listing.arenas.push_back(std::move(found));
            else if (rest < share::header_bytes)
                ++listing.unread;
            else if (uses.numbers.front()->is_called_arena ||
                     (why != refusal::not_an_arena && has_room_for_header(file.get(), offset)))
                listing.refused.push_back({found.holders.front().who, why});
        }
    }
    return listing;
}

} // namespace efd::cli
