// SPDX-License-Identifier: MIT
// os/unix_socket.cpp: see unix_socket.hpp.
#include "os/unix_socket.hpp"

#include "os/errno.hpp"
#include "os/fd.hpp"
#include "os/raw_call.hpp"
#include "os/shared_memory.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace efd::os {
namespace {

constexpr int pidfd_kind = 4; // SCM_PIDFD, Linux 6.5: a descriptor, too

// Room for more descriptors than one, so that a message with more is seen as such, and for what the socket's owner has
// asked the kernel to add (SO_PASSCRED, SO_PASSPIDFD, SO_PASSSEC).
constexpr std::size_t control_bytes = 512;

// Of one control message: takes one descriptor out, and closes the others.
void take_descriptors(const cmsghdr& part, const unsigned char* data, received_message& got) noexcept {
    const bool is_rights = part.cmsg_type == SCM_RIGHTS;
    if (part.cmsg_level != SOL_SOCKET || (!is_rights && part.cmsg_type != pidfd_kind)) return;
    const std::size_t length = part.cmsg_len - CMSG_LEN(0);
    for (std::size_t at = 0; at + sizeof(int) <= length; at += sizeof(int)) {
        int fd = -1;
        std::memcpy(&fd, data + at, sizeof fd);
        if (fd < 0) continue; // of SCM_PIDFD: there was no number
        if (is_rights && ++got.descriptors == 1)
            got.descriptor = fd;
        else
            close_known_fd(fd);
    }
}

} // namespace

socket_kind socket_kind_of(int fd) noexcept {
    const errno_keeper keeper;
    const auto option = [fd](int name) {
        int value = -1;
        ::socklen_t length = sizeof value;
        return ::getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
    };
    const int type = option(SO_TYPE);
    if (type < 0) return socket_kind::none;
    if (option(SO_DOMAIN) != AF_UNIX) return socket_kind::other;
    if (type == SOCK_STREAM) return socket_kind::stream;
    return type == SOCK_SEQPACKET ? socket_kind::packets : socket_kind::datagrams;
}

std::int64_t send_with_descriptor(int socket, std::span<const std::byte> bytes, int descriptor) noexcept {
    const errno_keeper keeper;
    alignas(cmsghdr) std::array<unsigned char, CMSG_SPACE(sizeof(int))> control{};
    iovec all{const_cast<std::byte*>(bytes.data()), bytes.size()}; // sendmsg does not write to it
    msghdr message{};
    message.msg_iov = &all;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr& part = *reinterpret_cast<cmsghdr*>(control.data());
    part.cmsg_level = SOL_SOCKET;
    part.cmsg_type = SCM_RIGHTS;
    part.cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(&part), &descriptor, sizeof descriptor);
    long sent = 0;
    do sent = ::syscall(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0 ? sent : -errno;
}

int receive_with_descriptor(int socket, std::span<std::byte> room, received_message& got) noexcept {
    const errno_keeper keeper;
    alignas(cmsghdr) std::array<unsigned char, control_bytes> control{};
    iovec all{room.data(), room.size()};
    msghdr message{};
    message.msg_iov = &all;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    long length = 0;
    do length = ::syscall(SYS_recvmsg, socket, &message, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    if (length < 0) return -errno;
    got = {};
    got.bytes = static_cast<std::size_t>(length);
    got.is_cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part))
        take_descriptors(*part, CMSG_DATA(part), got);
    if (got.descriptors > 1) {
        close_known_fd(got.descriptor);
        got.descriptor = -1;
    }
    got.lost_descriptor = (message.msg_flags & MSG_CTRUNC) != 0 && got.descriptors == 0 && !has_free_number();
    return 0;
}

} // namespace efd::os
