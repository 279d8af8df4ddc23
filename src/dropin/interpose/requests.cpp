// SPDX-License-Identifier: MIT
// dropin/interpose/requests.cpp: see requests.hpp.
#include "dropin/interpose/requests.hpp"

#include "dropin/rules/known_pages.hpp"
#include "dropin/table/policy.hpp"
#include "dropin/table/table.hpp"

#include <bit>
#include <cstring>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

namespace efd::dropin {
namespace {

const void* pointer_of(std::uint64_t in_request) noexcept {
    return reinterpret_cast<const void*>(in_request); // NOLINT(performance-no-int-to-ptr): requests hold integers
}

// A poll that completes once needs no help. One that completes for each write must see each write.
constexpr bool completes_once(const io_uring_sqe& asked) noexcept {
    return (asked.len & IORING_POLL_ADD_MULTI) == 0 && (asked.poll32_events & (EPOLLET | EPOLLEXCLUSIVE)) == 0;
}

// Requests that work on another file than `fd`, or on a second one.
void look_at_others(const io_uring_sqe& asked) noexcept {
    switch (asked.opcode) {
    case IORING_OP_FILES_UPDATE: return before_ring_files(static_cast<const int*>(pointer_of(asked.addr)), asked.len);
    case IORING_OP_EPOLL_CTL:
        return before_epoll_ctl(asked.fd, static_cast<int>(asked.len), static_cast<int>(asked.off),
                                static_cast<const epoll_event*>(pointer_of(asked.addr)));
    case IORING_OP_SENDMSG:
    case IORING_OP_SENDMSG_ZC: return before_sendmsg(static_cast<const msghdr*>(pointer_of(asked.addr)));
    default: return;
    }
}

void look_at_request(const io_uring_sqe& asked) noexcept {
    look_at_others(asked);
    if ((asked.flags & IOSQE_FIXED_FILE) != 0) return;
    const bool each_time = asked.opcode == IORING_OP_POLL_ADD && !completes_once(asked);
    if (each_time && is_own_epoll(asked.fd)) before_nested_edges();
    if (asked.opcode == IORING_OP_CLOSE) return demote_and_forget(asked.fd, reason::io_uring);
    if (slot_of(asked.fd) == nullptr) return;
    if (asked.opcode == IORING_OP_NOP || asked.opcode == IORING_OP_POLL_REMOVE) return;
    if (asked.opcode == IORING_OP_POLL_ADD && !each_time) return;
    demote_fd(asked.fd, reason::io_uring);
}

// The memory of the rings whose requests are seen.
constinit base::atomic<std::uintptr_t> ring_places[96];

void note_place(const void* at) noexcept {
    for (auto& place : ring_places) {
        std::uintptr_t free = 0;
        if (place.compare_exchange_strong(free, address_of(at), base::acq_rel, base::relaxed)) return;
        if (free == address_of(at)) return;
    }
}
void forget_place(const void* at) noexcept {
    for (auto& place : ring_places) {
        std::uintptr_t expected = address_of(at);
        (void)place.compare_exchange_strong(expected, 0, base::acq_rel, base::relaxed);
    }
}
bool is_known_place(std::uintptr_t at) noexcept {
    for (const auto& place : ring_places)
        if (place.load(base::relaxed) == at) return true;
    return false;
}

// One line of /proc/self/maps, as its characters come.
class mapping_line {
  public:
    // True: the line that ends here maps a ring that is not seen.
    bool ends_with(char next) noexcept {
        if (next != '\n') {
            add(next);
            return false;
        }
        const bool is_unseen = (has_name("[io_uring]") && !is_known_place(start_)) ||
                               (has_name("/[aio] (deleted)") && !rules.has_ring.load(base::relaxed));
        *this = {};
        return is_unseen;
    }

  private:
    void add(char next) noexcept {
        const bool is_letter = next >= 'a' && next <= 'f';
        is_in_start_ = is_in_start_ && ((next >= '0' && next <= '9') || is_letter);
        if (is_in_start_) start_ = start_ * 16 + static_cast<unsigned>(is_letter ? next - 'a' + 10 : next - '0');
        std::memmove(last_, last_ + 1, sizeof last_ - 1);
        last_[sizeof last_ - 1] = next;
    }
    template <std::size_t Length>
    [[nodiscard]] bool has_name(const char (&name)[Length]) const noexcept {
        static_assert(Length - 1 <= sizeof last_);
        return std::memcmp(last_ + sizeof last_ - (Length - 1), name, Length - 1) == 0;
    }

    std::uintptr_t start_ = 0;
    bool is_in_start_ = true;
    char last_[16] = {};
};

bool finds_unseen_ring() noexcept {
    const long maps = raw_call(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    if (is_error(maps)) return true; // there may be one
    bool found = false;
    mapping_line line;
    char text[1024] = {}; // small, because the program's stack may be
    for (long length = 1; length > 0 && !found;) {
        length = raw_call(SYS_read, maps, text, sizeof text);
        found = length < 0;
        for (long i = 0; i < length && i < long{sizeof text}; ++i) found = line.ends_with(text[i]) || found;
    }
    (void)raw_call(SYS_close, maps);
    return found;
}

} // namespace

void before_ring(ring_kind kind) noexcept {
    rules.has_ring.store(true, base::relaxed);
    if (kind == ring_kind::unseen) return demote_all_for_good(reason::io_uring);
    if (rules.level == profile::strict) return demote_all(reason::io_uring);
    demote_semaphores(reason::io_uring);
}

void look_own_ring(call /*a*/) noexcept { before_ring(ring_kind::unseen); }
void look_context(call /*a*/) noexcept { before_ring(ring_kind::seen); }
void look_ring_register(call a) noexcept {
    switch (a.as<unsigned>(1)) {
    case IORING_REGISTER_FILES:
    case IORING_REGISTER_FILES_UPDATE:
    case IORING_REGISTER_FILES2:
    case IORING_REGISTER_FILES_UPDATE2: return before_ring(ring_kind::unseen);
    default: return;
    }
}

void after_ring(const io_uring* made) noexcept {
    note_place(made->sq.ring_ptr);
    note_place(made->cq.ring_ptr);
    note_place(made->sq.sqes);
}
void before_ring_exit(const io_uring* given_up) noexcept {
    forget_place(given_up->sq.ring_ptr);
    forget_place(given_up->cq.ring_ptr);
    forget_place(given_up->sq.sqes);
}

void before_submit(const io_uring* ring) noexcept {
    if (!any_not_demoted()) return;
    const io_uring_sq& queue = ring->sq;
    const unsigned doubled = (ring->flags & IORING_SETUP_SQE128) != 0 ? 1 : 0;
    for (unsigned i = queue.sqe_head; i != queue.sqe_tail; ++i)
        look_at_request(queue.sqes[static_cast<std::size_t>(i & *queue.kring_mask) << doubled]);
}

void before_ring_files(const int* files, unsigned number) noexcept {
    if (files == nullptr || !any_not_demoted()) return;
    for (unsigned i = 0; i < number; ++i) {
        int fd = -1;
        if (!look_at(&fd, &files[i], sizeof fd)) return;
        demote_fd(fd, reason::io_uring);
    }
}

void look_io_submit(call a) noexcept {
    const auto* const requests = a.as<iocb* const*>(2);
    if (requests == nullptr || !any_not_demoted()) return;
    for (long i = 0; i < a.as<long>(1); ++i) {
        std::uint64_t at = 0; // as the kernel reads it
        iocb asked{};
        if (!look_at(&at, static_cast<const void*>(requests + i), sizeof at) ||
            !look_at(&asked, pointer_of(at), sizeof asked))
            return;
        if (asked.aio_lio_opcode != IOCB_CMD_POLL) demote_fd(static_cast<int>(asked.aio_fildes), reason::io_uring);
    }
}

bool sees_all_rings() noexcept {
    // The search takes long in a large process, so only the 1st, 2nd, 4th, 8th promotion and so on make it.
    static constinit base::atomic<std::uint64_t> promotions{0};
    if (!std::has_single_bit(promotions.fetch_add(1, base::relaxed) + 1) || !finds_unseen_ring()) return true;
    before_ring(ring_kind::unseen);
    return false;
}

} // namespace efd::dropin
