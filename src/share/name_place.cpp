// SPDX-License-Identifier: MIT
// share/name_place.cpp: see name_place.hpp.
#include "share/name_place.hpp"

#include "os/fd.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace efd::share {
namespace {

// False: it does not fit.
template <std::size_t Room>
bool set_text(std::array<char, Room>& to, std::string_view first, std::string_view second = {}) noexcept {
    if (first.size() + second.size() >= Room) return false;
    const auto end = std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), to.begin()));
    std::fill(end, to.end(), '\0');
    return true;
}

bool is_directory_of_user(const char* path) noexcept {
    const int fd = os::open_directory(path);
    if (fd < 0) return false;
    const os::file_facts facts = os::facts_of(fd);
    os::close_known_fd(fd);
    return facts.is_directory && facts.owner == os::effective_user();
}

// A runtime directory that is not absolute, not the user's (as under sudo) or too long is passed over.
void choose_directory(name_place& place) noexcept {
    const char* const runtime = os::runtime_directory();
    if (runtime != nullptr && runtime[0] == '/' && set_text(place.directory, runtime) &&
        is_directory_of_user(runtime)) {
        (void)set_text(place.below, "efd");
        return;
    }
    std::array<char, 12> user{};
    const auto end = std::to_chars(user.data(), user.data() + user.size(), os::effective_user()).ptr;
    (void)set_text(place.directory, "/dev/shm");
    (void)set_text(place.below, "efd-", {user.data(), static_cast<std::size_t>(end - user.data())});
}

} // namespace

int open_place(const name_place& place, bool may_make) noexcept {
    const int parent = os::open_directory(place.directory.data());
    if (parent < 0) return parent;
    const int fd = os::open_directory_in(parent, place.below.data(), may_make);
    os::close_known_fd(parent);
    if (fd == -ELOOP || fd == -ENOTDIR) return -EACCES;
    if (fd < 0 || os::facts_of(fd).is_private_of(os::effective_user())) return fd;
    os::close_known_fd(fd);
    return -EACCES;
}

outcome find_place(std::string_view name, bool may_make, name_place& place, int& directory) noexcept {
    if (!is_arena_name(name)) return refusal::invalid_name;
    choose_directory(place);
    (void)set_text(place.file, name, ".arena"); // 53 bytes at most
    directory = open_place(place, may_make);
    if (directory >= 0) return refusal::none;
    if (directory == -EACCES || directory == -EPERM) return refusal::bad_directory;
    return directory == -ENOENT && !may_make ? refusal::not_found : outcome_of_file(directory);
}

void unlink_place(const name_place& place, int fd) noexcept {
    const int directory = open_place(place, false);
    if (directory < 0) return;
    if (os::facts_in(directory, place.file.data()).is_same_file(os::facts_of(fd)))
        (void)os::unlink_in(directory, place.file.data());
    os::close_known_fd(directory);
}

} // namespace efd::share
