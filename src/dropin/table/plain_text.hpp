// SPDX-License-Identifier: MIT
// dropin/table/plain_text.hpp: the text functions of symbols.cpp, inline.
//
// libc's own text functions may be interposed by a sanitizer or a wrapper. These call dlsym(), and so the drop-in, for
// the next definition.
#pragma once

#include <cstddef>

namespace efd::dropin {

// Is `text` in the `room` bytes at `at`, up to their zero or their end?
[[gnu::always_inline]] inline bool is_text(const char* at, std::size_t room, const char* text) noexcept {
    for (std::size_t i = 0; i < room; ++i) {
        if (at[i] != text[i]) return false;
        if (text[i] == '\0') return true;
    }
    return true;
}

// The part of a path after its last slash.
[[gnu::always_inline]] inline const char* base_name(const char* path) noexcept {
    const char* name = path;
    for (const char* at = path; *at != '\0'; ++at)
        if (*at == '/') name = at + 1;
    return name;
}

} // namespace efd::dropin
