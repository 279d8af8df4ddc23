// SPDX-License-Identifier: MIT
// dropin/table/policy.cpp: see policy.hpp.
#include "dropin/table/policy.hpp"

#include "dropin/rules/known_pages.hpp"
#include "dropin/table/symbols.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <errno.h>
#include <fnmatch.h>

namespace efd::dropin {

constinit policy active_policy;

namespace {

const char* setting(const char* name) noexcept {
    const char* const value = std::getenv(name);
    return value == nullptr || value[0] == '\0' ? nullptr : value;
}

// Copies of what the process was started with, because programs overwrite it to show their state.
constinit char program[64] = {};
constinit char patterns_kept[2][most_patterns] = {};

// False: the text does not fit.
template <std::size_t Room>
bool keep(char (&into)[Room], const char* text) noexcept {
    const std::size_t length = std::strlen(text);
    if (length >= Room) return false;
    std::memcpy(into, text, length + 1);
    return true;
}

// Does one of the patterns, separated by commas, match the name?
bool listed(const char* patterns, const char* name) noexcept {
    char one[most_patterns];
    while (*patterns != '\0') {
        const std::size_t length = std::strcspn(patterns, ",");
        std::memcpy(one, patterns, length);
        one[length] = '\0';
        if (::fnmatch(one, name, 0) == 0) return true;
        patterns += length;
        if (*patterns == ',') ++patterns;
    }
    return false;
}

// Copies the list of patterns to `kept`, if the variable is set. False: too long.
bool read_patterns(const char* name, char (&kept)[most_patterns], const char*& into) noexcept {
    const char* const list = setting(name);
    if (list == nullptr) return true;
    into = kept;
    return keep(kept, list);
}

} // namespace

bool read_policy() noexcept {
    const char* const on = setting("EFD_DROPIN");
    if (on != nullptr && !is_on(on)) return false;
    if (const char* const name = setting("EFD_DROPIN_PROFILE"); name != nullptr)
        (void)read_profile(name, active_policy.level);
    if (!read_patterns("EFD_DROPIN_ALLOW", patterns_kept[0], active_policy.allowed) ||
        !read_patterns("EFD_DROPIN_DENY", patterns_kept[1], active_policy.denied))
        return false;
    if (!keep(program, ::program_invocation_short_name)) std::memcpy(program, "?", 2);
    trusts_pages = active_policy.level != profile::strict;
    return true;
}

bool policy::lets_promote(const fd_slot& slot) const noexcept {
    // A multishot poll completes for each write, and a read of a semaphore leaves units that it has reported already.
    if ((level == profile::strict || is_semaphore(slot)) && has_ring.load(base::relaxed)) return false;
    return sees_all == nullptr || sees_all();
}

bool policy::welcomes(const char* site) const noexcept {
    if (denied != nullptr && (listed(denied, program) || listed(denied, site))) return false;
    return allowed == nullptr || listed(allowed, program) || listed(allowed, site);
}

void write_site(char (&into)[sizeof(report_record::site)], const void* address) noexcept {
    code_place found{};
    if (!find_place(address, found)) return;
    const char* const object = found.object[0] == '\0' ? program : found.object;
    if (found.symbol != nullptr)
        (void)std::snprintf(into, sizeof into, "%.40s!%.48s+0x%zx", object, found.symbol, found.offset);
    else
        (void)std::snprintf(into, sizeof into, "%.64s+0x%zx", object, found.offset);
}

} // namespace efd::dropin
