// core/operation.hpp: what a caller who may have to wait is about to do, and where it would sleep.
//
// Owns nothing; lives on the stack of one call. Readers wait for data, writers for room, and one wait loop serves both.
#pragma once

#include <efd/core/context.hpp>
#include <efd/core/word.hpp>

#include "os/futex.hpp"

#include <cstdint>

namespace efd::core {

enum class side : unsigned char { reader, writer };

struct operation {
    side of;
    std::uint64_t amount; // a writer's: what to add; a reader's: the most to take, or as_mode; then what was taken
};

// A futex word and the value that it has while nobody has waked since its sleeper announced itself.
struct sleep_spot {
    const void* word = nullptr;
    park_word expected = 0;
};

inline os::futex_scope scope_of(const context& object) noexcept {
    return object.shared() ? os::futex_scope::shared : os::futex_scope::one_process;
}

} // namespace efd::core
