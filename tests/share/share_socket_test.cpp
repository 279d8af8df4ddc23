// SPDX-License-Identifier: MIT
// tests/share/share_socket_test.cpp: an arena sent over unix sockets of every kind, and what hostile senders send.
#include "os/unix_socket.hpp"
#include "share/kernel_files.hpp"
#include "share/memory.hpp"
#include "share/socket.hpp"
#include "support/child.hpp"
#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace {

using namespace efd::share;
using namespace efd::tests;

struct socket_ends {
    kernel_file one;
    kernel_file other;
};
socket_ends pair_of(int type) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
    return {kernel_file(ends[0]), kernel_file(ends[1])};
}

arena_memory new_arena() {
    arena_memory made;
    EXPECT_EQ(arena_memory::create({}, made), refusal::none);
    return made;
}

arena_message message_of(const arena_memory& memory) {
    return {.magic = message_magic,
            .version = layout_version,
            .byte_order = byte_order_mark,
            .offset = 0,
            .is_placed = 0,
            .reserved = 0,
            .identity = memory.own_header().identity};
}

// Any bytes with any number of descriptors, as a hostile peer would send them.
bool send_raw(int socket, const void* bytes, std::size_t number, const std::vector<int>& descriptors) {
    const std::size_t length = descriptors.size() * sizeof(int);
    std::vector<unsigned char> control(CMSG_SPACE(length));
    iovec all{const_cast<void*>(bytes), number};
    msghdr message{};
    message.msg_iov = &all;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = static_cast<decltype(message.msg_controllen)>(control.size());
        cmsghdr& part = *reinterpret_cast<cmsghdr*>(control.data());
        part.cmsg_level = SOL_SOCKET;
        part.cmsg_type = SCM_RIGHTS;
        part.cmsg_len = static_cast<decltype(part.cmsg_len)>(CMSG_LEN(length));
        std::memcpy(CMSG_DATA(&part), descriptors.data(), length);
    }
    // A libc may have a bound of its own for the descriptors of a message.
    return ::syscall(SYS_sendmsg, socket, &message, MSG_NOSIGNAL) == static_cast<long>(number);
}

class share_socket : public testing::TestWithParam<int> {
  protected:
    // What receiving comes to; afterwards there are as many descriptors as before.
    static outcome receive(int socket) {
        const std::size_t before = open_descriptors();
        arena_memory made;
        const outcome what = receive_arena(socket, {}, made);
        EXPECT_EQ(made.is_mapped(), what == refusal::none);
        made.reset();
        EXPECT_EQ(open_descriptors(), before);
        return what;
    }
    const arena_memory arena_ = new_arena();
    const socket_ends ends_ = pair_of(GetParam());
};
INSTANTIATE_TEST_SUITE_P(kinds, share_socket, testing::Values(SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM),
                         [](const auto& kind) {
                             if (kind.param == SOCK_STREAM) return "stream";
                             return kind.param == SOCK_DGRAM ? "dgram" : "seqpacket";
                         });

TEST_P(share_socket, what_is_sent_is_received) {
    const std::size_t before = open_descriptors();
    {
        arena_memory got;
        ASSERT_EQ(send_arena(ends_.one.fd(), arena_), refusal::none);
        ASSERT_EQ(receive_arena(ends_.other.fd(), {}, got), refusal::none);
        EXPECT_TRUE(got.own_header().identity == arena_.own_header().identity);
        EXPECT_EQ(::fcntl(got.descriptor().number(), F_GETFD), FD_CLOEXEC);
        arena_.mapping().header()[arena_.where().slots_at] = std::byte{3};
        EXPECT_EQ(got.mapping().header()[arena_.where().slots_at], std::byte{3});
        EXPECT_EQ(open_descriptors(), before + 1);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(share_socket, several_in_a_row_come_one_by_one) {
    const arena_memory second = new_arena();
    ASSERT_EQ(send_arena(ends_.one.fd(), arena_), refusal::none);
    ASSERT_EQ(send_arena(ends_.one.fd(), second), refusal::none);
    arena_memory got;
    ASSERT_EQ(receive_arena(ends_.other.fd(), {}, got), refusal::none);
    EXPECT_TRUE(got.own_header().identity == arena_.own_header().identity);
    ASSERT_EQ(receive_arena(ends_.other.fd(), {}, got), refusal::none);
    EXPECT_TRUE(got.own_header().identity == second.own_header().identity);
}

TEST_P(share_socket, a_placed_arena_comes_with_its_offset) {
    const kernel_file file = hostile_memory({.header = {}, .bytes = 1 << 20, .mode = 0777, .seals = F_SEAL_SHRINK});
    arena_memory placed;
    ASSERT_EQ(arena_memory::place(file.fd(), 65536, {.size = {.slots = 10}}, {}, placed), refusal::none);
    ASSERT_EQ(send_arena(ends_.one.fd(), placed), refusal::none);
    arena_memory got;
    ASSERT_EQ(receive_arena(ends_.other.fd(), {}, got), refusal::none);
    EXPECT_EQ(got.offset(), 65536U);
    EXPECT_TRUE(got.is_placed());
    EXPECT_TRUE(got.own_header().identity == placed.own_header().identity);
}

TEST_P(share_socket, a_child_sends_what_it_made_and_ends) {
    const int status = status_of_child([this] {
        const arena_memory made = new_arena();
        made.mapping().header()[made.where().slots_at] = std::byte{77};
        return send_arena(ends_.one.fd(), made).is_refused() ? 1 : 0;
    });
    ASSERT_EQ(status, 0);
    arena_memory got;
    ASSERT_EQ(receive_arena(ends_.other.fd(), {}, got), refusal::none);
    EXPECT_EQ(got.mapping().header()[got.where().slots_at], std::byte{77});
}

std::atomic<int> handled;

TEST_P(share_socket, a_receiver_sleeps_until_the_arena_comes_also_over_a_signal_handler) {
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer runs a handler when the call that it interrupts is over";
    handled = 0;
    struct sigaction without_restart{};
    struct sigaction before{};
    without_restart.sa_handler = [](int) { ++handled; };
    ASSERT_EQ(::sigaction(SIGUSR1, &without_restart, &before), 0);
    outcome what = refusal::system;
    {
        observed_thread receiver([&] {
            arena_memory got;
            what = receive_arena(ends_.other.fd(), {}, got);
        });
        const auto sleeps = [&] { return receiver.tid() != 0 && sleeps_now(receiver.tid()); };
        EXPECT_TRUE(eventually(sleeps));
        EXPECT_EQ(::pthread_kill(receiver.native(), SIGUSR1), 0);
        EXPECT_TRUE(eventually([] { return handled == 1; }));
        EXPECT_TRUE(eventually([&] { return receiver.done() || sleeps(); }));
        EXPECT_FALSE(receiver.done());
        const outcome sent = send_arena(ends_.one.fd(), arena_);
        EXPECT_EQ(sent, refusal::none);
        if (sent.is_refused()) ::shutdown(ends_.other.fd(), SHUT_RDWR); // the receiver comes back
        EXPECT_TRUE(receiver.seen_done());
    }
    ::sigaction(SIGUSR1, &before, nullptr);
    EXPECT_EQ(what, refusal::none);
}

TEST_P(share_socket, one_that_does_not_block_says_so) {
    for (const kernel_file* const end : {&ends_.one, &ends_.other})
        ASSERT_EQ(::fcntl(end->fd(), F_SETFL, O_RDWR | O_NONBLOCK), 0);
    EXPECT_EQ(receive(ends_.other.fd()), refusal::would_block);
    int sent = -1;
    outcome what = refusal::none;
    while (sent < 100'000 && !what.is_refused()) {
        what = send_arena(ends_.one.fd(), arena_);
        ++sent;
    }
    EXPECT_EQ(what, refusal::would_block);
    for (int i = 0; i < sent; ++i) ASSERT_EQ(receive(ends_.other.fd()), refusal::none);
    EXPECT_EQ(receive(ends_.other.fd()), refusal::would_block);
}

TEST_P(share_socket, a_closed_end_is_closed_and_no_signal) {
    socket_ends ends = pair_of(GetParam());
    {
        const kernel_file gone = std::move(ends.one);
    }
    EXPECT_EQ(send_arena(ends.other.fd(), arena_), refusal::closed);
    if (GetParam() != SOCK_DGRAM) {
        EXPECT_EQ(receive(ends.other.fd()), refusal::closed);
    }
    const kernel_file alone(::socket(AF_UNIX, GetParam() | SOCK_CLOEXEC, 0));
    EXPECT_EQ(send_arena(alone.fd(), arena_), refusal::closed);
}

TEST_P(share_socket, a_message_that_is_no_arena_is_refused_and_closed) {
    const arena_message good = message_of(arena_);
    const int fd = arena_.descriptor().number();
    const std::array<char, 200> zeros{};
    std::array<char, sizeof good + 1> longer{};
    std::memcpy(longer.data(), &good, sizeof good);
    const bool has_bounds = GetParam() != SOCK_STREAM;
    struct {
        const char* what;
        const void* bytes;
        std::size_t number;
        std::vector<int> descriptors;
        bool applies;
    } const cases[] = {
        {"no descriptor", &good, sizeof good, {}, true},
        {"two descriptors", &good, sizeof good, {fd, fd}, true},
        {"three descriptors", &good, sizeof good, {fd, fd, fd}, true},
        {"more than there is room for", &good, sizeof good, std::vector<int>(253, fd), true},
        {"garbage", zeros.data(), sizeof good, {fd}, true},
        {"garbage without a descriptor", zeros.data(), zeros.size(), {}, has_bounds},
        {"one byte", &good, 1, {fd}, true},
        {"too short", &good, sizeof good - 1, {fd}, true},
        {"too long", longer.data(), longer.size(), {fd}, has_bounds},
        {"empty", &good, 0, {}, GetParam() == SOCK_DGRAM},
        {"empty with a descriptor", &good, 0, {fd}, has_bounds},
    };
    for (const auto& one : cases) {
        if (!one.applies) continue;
        ASSERT_TRUE(send_raw(ends_.one.fd(), one.bytes, one.number, one.descriptors)) << one.what;
        EXPECT_EQ(receive(ends_.other.fd()), refusal::bad_message) << one.what;
    }
    ASSERT_EQ(send_arena(ends_.one.fd(), arena_), refusal::none);
    EXPECT_EQ(receive(ends_.other.fd()), refusal::none) << "the next message is as it was sent";
}

// An identity of zeros would be complete without its last byte.
TEST_P(share_socket, a_message_that_is_too_short_is_refused_whatever_its_missing_bytes_are) {
    const kernel_file zero_identity = hostile_memory({});
    arena_message message = message_of(arena_);
    message.identity = {};
    ASSERT_TRUE(send_raw(ends_.one.fd(), &message, sizeof message, {zero_identity.fd()}));
    EXPECT_EQ(receive(ends_.other.fd()), refusal::none);
    ASSERT_TRUE(send_raw(ends_.one.fd(), &message, sizeof message - 1, {zero_identity.fd()}));
    EXPECT_EQ(receive(ends_.other.fd()), refusal::bad_message);
}

TEST_P(share_socket, a_received_number_is_closed_by_exec_from_the_beginning) {
    const arena_message message = message_of(arena_);
    ASSERT_TRUE(send_raw(ends_.one.fd(), &message, sizeof message, {arena_.descriptor().number()}));
    std::array<std::byte, sizeof message> room{};
    efd::os::received_message got;
    ASSERT_EQ(efd::os::receive_with_descriptor(ends_.other.fd(), room, got), 0);
    const kernel_file received(got.descriptor);
    EXPECT_EQ(got.bytes, sizeof message);
    EXPECT_EQ(::fcntl(received.fd(), F_GETFD), FD_CLOEXEC);
}

TEST_P(share_socket, each_field_of_a_message_is_looked_at) {
    const auto received = [this](auto change, int fd) {
        arena_message message = message_of(arena_);
        change(message);
        EXPECT_TRUE(send_raw(ends_.one.fd(), &message, sizeof message, {fd}));
        return receive(ends_.other.fd());
    };
    const int fd = arena_.descriptor().number();
    using m = arena_message;
    EXPECT_EQ(received([](m&) {}, fd), refusal::none);
    EXPECT_EQ(received([](m& x) { x.magic ^= 1; }, fd), refusal::bad_message);
    EXPECT_EQ(received([](m& x) { x.version += 1; }, fd), refusal::other_version);
    EXPECT_EQ(received([](m& x) { x.byte_order = 0x04030201; }, fd), refusal::other_byte_order);
    EXPECT_EQ(received([](m& x) { x.is_placed = 2; }, fd), refusal::bad_message);
    EXPECT_EQ(received([](m& x) { x.reserved = 1; }, fd), refusal::bad_message);
    EXPECT_EQ(received([](m& x) { x.offset = 4096; }, fd), refusal::bad_message);
    EXPECT_EQ(received([](m& x) { x.identity[3] ^= 1; }, fd), refusal::bad_message);
    EXPECT_EQ(received([](m& x) { x.is_placed = 1, x.offset = 65536; }, fd), refusal::not_an_arena);
    EXPECT_EQ(received([](m& x) { x.is_placed = 1, x.offset = ~0ULL; }, fd), refusal::invalid_options);
    EXPECT_EQ(received([](m&) {}, ends_.one.fd()), refusal::not_memory);
    const kernel_file unsealed = hostile_memory({.seals = 0});
    EXPECT_EQ(received([](m&) {}, unsealed.fd()), refusal::not_sealed);
}

TEST_P(share_socket, credentials_and_other_additions_of_the_kernel_do_not_disturb) {
    constexpr int on = 1;
    constexpr int pass_pidfd = 76; // SO_PASSPIDFD, Linux 6.5
    ASSERT_EQ(::setsockopt(ends_.other.fd(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
    (void)::setsockopt(ends_.other.fd(), SOL_SOCKET, pass_pidfd, &on, sizeof on);
    ASSERT_EQ(send_arena(ends_.one.fd(), arena_), refusal::none);
    EXPECT_EQ(receive(ends_.other.fd()), refusal::none);
}

TEST_P(share_socket, a_receiver_without_a_free_number_says_so) {
    ASSERT_EQ(send_arena(ends_.one.fd(), arena_), refusal::none);
    const int status = status_of_child([this] {
        const rlimit few{64, 64};
        if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
        while (::dup(0) >= 0) {
        }
        arena_memory got;
        return receive_arena(ends_.other.fd(), {}, got) == refusal::no_descriptor ? 0 : 2;
    });
    EXPECT_EQ(status, 0);
}

TEST(share_socket_kind, what_is_no_unix_socket_is_refused) {
    const arena_memory arena = new_arena();
    arena_memory got;
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const kernel_file reader(ends[0]);
    const kernel_file writer(ends[1]);
    const kernel_file internet(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    for (const int fd : {reader.fd(), writer.fd(), internet.fd(), -1}) {
        EXPECT_EQ(send_arena(fd, arena), refusal::bad_socket);
        EXPECT_EQ(receive_arena(fd, {}, got), refusal::bad_socket);
    }
}

TEST(share_socket_kind, an_arena_whose_descriptor_the_program_closed_is_not_sent) {
    const arena_memory arena = new_arena();
    const socket_ends ends = pair_of(SOCK_STREAM);
    const int number = arena.descriptor().number();
    ASSERT_EQ(::dup2(ends.other.fd(), number), number);
    EXPECT_EQ(send_arena(ends.one.fd(), arena), refusal::bad_descriptor);
    ::close(number);
    EXPECT_EQ(send_arena(ends.one.fd(), arena), refusal::bad_descriptor);
}

} // namespace
