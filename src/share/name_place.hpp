// SPDX-License-Identifier: MIT
// share/name_place.hpp: the directory of names, and the file of a name in it.
//
// Owns nothing; any thread.
#pragma once

#include "share/name_file.hpp"

namespace efd::share {

// Fills in where the name's file is, and opens its directory, made if it may be. The directory must belong to the user,
// with no rights for others: bad_directory. not_found: there is none, and it may not be made.
outcome find_place(std::string_view name, bool may_make, name_place& place, int& directory) noexcept;

// The directory of a place; below zero: it is gone, or not the user's alone.
[[nodiscard]] int open_place(const name_place& place, bool may_make) noexcept;

// Removes the file if the place still names the one that is open.
void unlink_place(const name_place& place, int fd) noexcept;

} // namespace efd::share
