// SPDX-License-Identifier: MIT
// share/socket.hpp: sends an arena over a unix socket, and receives one; one message with one descriptor.
//
// Owns nothing. What comes over the socket is untrusted: a message that is not exactly what send_arena sends is
// refused, its descriptors are closed, and the memory that it brings is attached to with all checks. Any thread; two
// that send on one socket do not mix. A call sleeps where the socket blocks, also over signal handlers. Who the sender
// is (SO_PEERCRED) is for the caller to ask.
#pragma once

#include "share/memory.hpp"
#include "share/refusal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace efd::share {

inline constexpr std::uint64_t message_magic = 0x7364'6e65'7364'6665; // "efdsends" where the least byte comes first

// The bytes of the message. No program reads them but this file.
struct arena_message {
    std::uint64_t magic;
    std::uint32_t version; // of the layout
    std::uint32_t byte_order;
    std::uint64_t offset;
    std::uint32_t is_placed; // 0 or 1
    std::uint32_t reserved;  // 0
    std::array<std::uint8_t, 16> identity;
};
static_assert(sizeof(arena_message) == 48 && offsetof(arena_message, identity) == 32);

// would_block, closed, bad_socket; bad_descriptor: the program has closed the arena's descriptor.
outcome send_arena(int socket, const arena_memory& sent) noexcept;

// Takes one message. would_block, closed, bad_socket, bad_message, no_descriptor, and what an attach refuses.
outcome receive_arena(int socket, const trust& allowed, arena_memory& made) noexcept;

} // namespace efd::share
