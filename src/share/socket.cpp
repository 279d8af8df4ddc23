// SPDX-License-Identifier: MIT
// share/socket.cpp: see socket.hpp.
#include "share/socket.hpp"

#include "os/unix_socket.hpp"

#include <cerrno>
#include <span>
#include <utility>

namespace efd::share {
namespace {

constexpr outcome check_message(const arena_message& m) noexcept {
    if (m.magic != message_magic) return refusal::bad_message;
    if (m.byte_order != byte_order_mark) return refusal::other_byte_order;
    if (m.version != layout_version) return refusal::other_version;
    if (m.is_placed > 1 || m.reserved != 0) return refusal::bad_message;
    return m.is_placed == 0 && m.offset != 0 ? refusal::bad_message : refusal::none;
}
constexpr arena_message plain{.magic = message_magic,
                              .version = layout_version,
                              .byte_order = byte_order_mark,
                              .offset = 0,
                              .is_placed = 0,
                              .reserved = 0,
                              .identity = {}};
static_assert(check_message(plain) == refusal::none);
static_assert(check_message({}) == refusal::bad_message);

outcome of_socket(std::int64_t negative_errno) noexcept {
    switch (-negative_errno) {
    case EAGAIN: return refusal::would_block;
    case EPIPE:
    case ECONNRESET:
    case ECONNREFUSED:
    case ENOTCONN:
    case EDESTADDRREQ: return refusal::closed;
    default: return outcome_of(static_cast<int>(negative_errno));
    }
}

outcome check_socket(os::socket_kind kind) noexcept {
    const bool is_unix = kind != os::socket_kind::none && kind != os::socket_kind::other;
    return is_unix ? refusal::none : refusal::bad_socket;
}

// Of a message that is exactly one arena, its descriptor.
outcome take_message(int socket, arena_message& message, os::owned_fd& descriptor) noexcept {
    const os::socket_kind kind = os::socket_kind_of(socket);
    if (const outcome what = check_socket(kind); what.is_refused()) return what;
    os::received_message got;
    const int received = os::receive_with_descriptor(socket, std::as_writable_bytes(std::span(&message, 1)), got);
    if (received < 0) return of_socket(received);
    descriptor = os::owned_fd(got.descriptor);
    const bool is_empty = got.bytes == 0 && got.descriptors == 0;
    if (is_empty && kind != os::socket_kind::datagrams) return refusal::closed;
    if (got.lost_descriptor) return refusal::no_descriptor;
    if (got.is_cut || got.bytes != sizeof message || got.descriptors != 1) return refusal::bad_message;
    return check_message(message);
}

} // namespace

outcome send_arena(int socket, const arena_memory& sent) noexcept {
    if (const outcome what = check_socket(os::socket_kind_of(socket)); what.is_refused()) return what;
    if (!sent.descriptor().is_intact()) return refusal::bad_descriptor;
    arena_message message = plain;
    message.offset = sent.offset();
    message.is_placed = sent.is_placed() ? 1 : 0;
    message.identity = sent.own_header().identity;
    const std::int64_t went =
        os::send_with_descriptor(socket, std::as_bytes(std::span(&message, 1)), sent.descriptor().number());
    if (went < 0) return of_socket(went);
    return went == sizeof message ? outcome() : outcome(refusal::system, EIO); // the kernel sends so few at once
}

outcome receive_arena(int socket, const trust& allowed, arena_memory& made) noexcept {
    arena_message message{};
    os::owned_fd descriptor;
    if (const outcome what = take_message(socket, message, descriptor); what.is_refused()) return what;
    arena_memory fresh;
    const int fd = descriptor.number();
    const outcome attached = message.is_placed != 0 ? arena_memory::attach_at(fd, message.offset, allowed, fresh)
                                                    : arena_memory::attach(fd, allowed, fresh);
    if (attached.is_refused()) return attached;
    if (fresh.own_header().identity != message.identity) return refusal::bad_message;
    made = std::move(fresh);
    return refusal::none;
}

} // namespace efd::share
