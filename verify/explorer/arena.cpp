// SPDX-License-Identifier: MIT
// The arena: the plain memory of a scenario, at one place, so that it can be saved and restored with the state.
//
// Owns the program's operator new and delete. While the arena is open (a scenario is being set up, or one of its fibers
// runs) memory comes from it and is given back only when an older state is restored; else from malloc.
#include "explorer/machine.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace explore {
namespace {

constexpr std::size_t arena_bytes = std::size_t{1} << 14;
constexpr std::size_t grain = 64; // contexts are aligned to cache lines

alignas(4096) unsigned char memory[arena_bytes];
std::size_t used = 0;
bool open = false;

bool in_arena(const void* p) noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(p);
    const auto first = reinterpret_cast<std::uintptr_t>(memory);
    return at >= first && at < first + arena_bytes;
}

void* take(std::size_t bytes) noexcept {
    if (!open) return std::malloc(bytes == 0 ? 1 : bytes);
    const std::size_t rounded = (bytes + grain - 1) / grain * grain;
    if (used + rounded > arena_bytes) return nullptr;
    void* const given = memory + used;
    used += rounded;
    return std::memset(given, 0, rounded);
}

void give(void* p) noexcept {
    if (!in_arena(p)) std::free(p);
}

} // namespace

unsigned char* arena_begin() noexcept { return memory; }
std::size_t& arena_used() noexcept { return used; }
void arena_open(bool now_open) noexcept { open = now_open; }

} // namespace explore

void* operator new(std::size_t bytes) {
    void* const given = explore::take(bytes);
    if (given == nullptr) std::abort();
    return given;
}
void* operator new(std::size_t bytes, const std::nothrow_t& /*unused*/) noexcept { return explore::take(bytes); }
void* operator new(std::size_t bytes, std::align_val_t /*64 at most*/) { return operator new(bytes); }
void operator delete(void* p) noexcept { explore::give(p); }
void operator delete(void* p, std::size_t /*unused*/) noexcept { explore::give(p); }
void operator delete(void* p, std::align_val_t /*unused*/) noexcept { explore::give(p); }
void operator delete(void* p, std::size_t /*unused*/, std::align_val_t /*unused*/) noexcept { explore::give(p); }
