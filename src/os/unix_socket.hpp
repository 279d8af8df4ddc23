// SPDX-License-Identifier: MIT
// os/unix_socket.hpp: one message with one descriptor over a unix socket.
//
// Owns nothing. Results below zero are negated errno values; errno stays as it was. Any thread. A call sleeps where the
// socket blocks; it is no cancellation point, and a signal handler does not end it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace efd::os {

enum class socket_kind : unsigned char { none, stream, packets, datagrams, other }; // other: not of the unix family
[[nodiscard]] socket_kind socket_kind_of(int fd) noexcept;

// Sends the bytes and the descriptor in one message. EPIPE sends no SIGPIPE. How many bytes went.
[[nodiscard]] std::int64_t send_with_descriptor(int socket, std::span<const std::byte> bytes, int descriptor) noexcept;

struct received_message {
    std::size_t bytes = 0;
    int descriptor = -1;          // close-on-exec; the receiver's to close
    unsigned descriptors = 0;     // above one: all of them were closed
    bool is_cut = false;          // some bytes, or some descriptors, did not fit
    bool lost_descriptor = false; // the message had one, and this process had no number for it
};
// One message, or the bytes that are in a stream. Below zero: nothing was received.
[[nodiscard]] int receive_with_descriptor(int socket, std::span<std::byte> room, received_message& got) noexcept;

} // namespace efd::os
