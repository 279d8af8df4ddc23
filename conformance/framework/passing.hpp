// SPDX-License-Identifier: MIT
// conformance/framework/passing.hpp: descriptors sent over a socket (SCM_RIGHTS).
//
// Owns nothing: one function sends, one receives. Any thread. Invariant: -1 if nothing was received.
#pragma once

#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

namespace efd::claims {

inline bool send_descriptor(int socket, int fd) {
    char byte = 'x';
    iovec part{&byte, 1};
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof fd)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = space;
    message.msg_controllen = sizeof space;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return ::sendmsg(socket, &message, 0) == 1;
}

inline int receive_descriptor(int socket) {
    char byte = 0;
    iovec part{&byte, 1};
    int fd = -1;
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof fd)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = space;
    message.msg_controllen = sizeof space;
    if (::recvmsg(socket, &message, 0) != 1) return -1;
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

} // namespace efd::claims
