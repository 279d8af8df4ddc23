// SPDX-License-Identifier: MIT
// dropin/interpose/rings.cpp: io_uring and AIO contexts, and their requests that concern noted eventfds.
//
// A request that completes once when units arrive needs no help (docs/decisions/0010-cached-units.md). A request that
// reads, or completes for each write, would miss cached units, so the eventfd is demoted before the kernel gets the
// request. Requests are seen if they are made through liburing, libaio or syscall(io_submit). In a process that has any
// other ring nothing is promoted. Any thread; also in signal handlers.
//
// liburing and libaio make their system calls inline, so their functions are interposed. The drop-in defines these
// names only in the libraries' own versions. A program that was linked with the library asks for a version, and gets
// the drop-in's function. A program that only tests whether a name exists does not find it, and a library's own
// function of that name stays as it is.
#include "dropin/interpose/triggers.hpp"
#include "dropin/rules/kernel_side.hpp"
#include "dropin/rules/known_pages.hpp"
#include "dropin/table/policy.hpp"

#include <bit>
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

// Files that are registered with a ring; requests then name them by index.
void before_ring_files(const int* files, unsigned number) noexcept {
    if (files == nullptr || !any_to_demote()) return;
    for (unsigned i = 0; i < number; ++i) {
        int fd = -1;
        if (!look_at(&fd, &files[i], sizeof fd)) return;
        demote_fd(fd, reason::io_uring);
        if (is_own_epoll(fd)) before_nested_edges(); // a request names it by its index
    }
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

// Rings that liburing has made and not given up. A call that makes one may fail; then an unseen ring may be missed.
constinit base::atomic<int> seen_rings{0};

// Counts a text in what is read character by character. No other character of the text is like its first.
struct occurrences {
    const char* text;
    int number = 0;
    std::size_t matched = 0;

    void add(char next) noexcept {
        matched = next == text[matched] ? matched + 1 : next == text[0] ? 1 : 0;
        if (text[matched] != '\0') return;
        ++number;
        matched = 0;
    }
};

// Are there more mappings of rings than those of the seen ones? liburing maps a ring in two parts (before Linux 5.4 in
// three: there nothing is promoted beside a ring).
bool finds_unseen_ring() noexcept {
    // /proc/self/maps is empty once the first thread of the process has ended.
    const long opened = raw_call(SYS_openat, AT_FDCWD, "/proc/thread-self/maps", O_RDONLY | O_CLOEXEC, 0);
    if (is_error(opened)) return true;                       // there may be one
    const long high = private_dup(static_cast<int>(opened)); // the lowest number is the program's, at once
    const long maps = high < 0 ? opened : high;
    if (high >= 0) (void)raw_call(SYS_close, opened);
    occurrences rings{"[io_uring]\n"};
    occurrences contexts{"/[aio] (deleted)\n"};
    char text[1024] = {}; // small, because the program's stack may be
    long length = 0;
    while ((length = raw_call(SYS_read, maps, text, sizeof text)) > 0) {
        for (long i = 0; i < length; ++i) {
            rings.add(text[i]);
            contexts.add(text[i]);
        }
    }
    (void)raw_call(SYS_close, maps);
    return length < 0 || rings.number > 2 * seen_rings.load(base::relaxed) ||
           (contexts.number > 0 && !active_policy.has_ring.load(base::relaxed));
}

enum class ring_kind : unsigned char { seen, unseen };
// Before the process makes a ring or an AIO context.
void before_ring(ring_kind kind) noexcept {
    active_policy.has_ring.store(true, base::relaxed);
    if (kind == ring_kind::unseen) return demote_all_for_good(reason::io_uring);
    if (active_policy.level == profile::strict) return demote_all(reason::io_uring);
    demote_semaphores(reason::io_uring);
}

void on_ring(call /*a*/) noexcept {
    seen_rings.fetch_add(1, base::relaxed);
    before_ring(ring_kind::seen);
}
void on_ring_exit(call /*a*/) noexcept { seen_rings.fetch_sub(1, base::relaxed); }
// Before the kernel gets the requests that were added to the ring since the last submission.
void on_submit(call a) noexcept {
    if (!any_to_demote()) return;
    const auto* const ring = a.as<const io_uring*>(0);
    const io_uring_sq& queue = ring->sq;
    const unsigned doubled = (ring->flags & IORING_SETUP_SQE128) != 0 ? 1 : 0;
    for (unsigned i = queue.sqe_head; i != queue.sqe_tail; ++i)
        look_at_request(queue.sqes[static_cast<std::size_t>(i & *queue.kring_mask) << doubled]);
}

void on_files(call a) noexcept { before_ring_files(a.as<const int*>(1), a.as<unsigned>(2)); }
void on_update(call a) noexcept { before_ring_files(a.as<const int*>(2), a.as<unsigned>(3)); }
void on_update_tag(call a) noexcept { before_ring_files(a.as<const int*>(2), a.as<unsigned>(4)); }

} // namespace

// A program that makes such calls itself maps the ring itself, or registers files unseen.
void on_own_ring(call /*a*/) noexcept { before_ring(ring_kind::unseen); }
void on_context(call /*a*/) noexcept { before_ring(ring_kind::seen); }
void on_ring_register(call a) noexcept {
    constexpr unsigned by_index = 1U << 31; // the ring is named by its index
    switch (a.as<unsigned>(1) & ~by_index) {
    case IORING_REGISTER_FILES:
    case IORING_REGISTER_FILES_UPDATE:
    case IORING_REGISTER_FILES2:
    case IORING_REGISTER_FILES_UPDATE2: return before_ring(ring_kind::unseen);
    default: return;
    }
}

void on_io_submit(call a) noexcept {
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

using namespace efd::dropin;

// For functions that are newer than Debian 12, in every version that may have added them.
#define EFD_AS_LATER(name)                                                                                             \
    EFD_AS("LIBURING_2.4", name);                                                                                      \
    EFD_AS("LIBURING_2.5", name);                                                                                      \
    EFD_AS("LIBURING_2.6", name);                                                                                      \
    EFD_AS("LIBURING_2.7", name);                                                                                      \
    EFD_AS("LIBURING_2.8", name);                                                                                      \
    EFD_AS("LIBURING_2.9", name);                                                                                      \
    EFD_AS("LIBURING_2.10", name)

EFD_PASSED_AS("LIBURING_2.0", io_uring_queue_init, on_ring)
EFD_PASSED_AS("LIBURING_2.0", io_uring_queue_init_params, on_ring)
EFD_PASSED_LATE(io_uring_queue_init_mem, on_ring)
EFD_AS_LATER(io_uring_queue_init_mem);
EFD_PASSED_LATE(io_uring_queue_init_try_nosqarr, on_ring)
EFD_AS_LATER(io_uring_queue_init_try_nosqarr);
EFD_PASSED_AS("LIBURING_2.0", io_uring_queue_exit, on_ring_exit)
EFD_PASSED_AS("LIBURING_2.0", io_uring_submit, on_submit)
EFD_PASSED_AS("LIBURING_2.0", io_uring_submit_and_wait, on_submit)
EFD_PASSED_AS("LIBURING_2.2", io_uring_submit_and_wait_timeout, on_submit)
EFD_PASSED_AS("LIBURING_2.3", io_uring_submit_and_get_events, on_submit)
EFD_PASSED_LATE(io_uring_submit_and_wait_min_timeout, on_submit)
EFD_AS_LATER(io_uring_submit_and_wait_min_timeout);
// On a kernel without the timeout these add a request for it, and submit.
EFD_PASSED_AS("LIBURING_2.0", io_uring_wait_cqes, on_submit)
EFD_PASSED_AS("LIBURING_2.0", io_uring_wait_cqe_timeout, on_submit)
EFD_PASSED_AS("LIBURING_2.0", io_uring_register_files, on_files)
EFD_PASSED_AS("LIBURING_2.1", io_uring_register_files_tags, on_files)
EFD_PASSED_AS("LIBURING_2.0", io_uring_register_files_update, on_update)
EFD_PASSED_AS("LIBURING_2.1", io_uring_register_files_update_tag, on_update_tag)
EFD_PASSED_AS("LIBURING_2.3", io_uring_setup, on_own_ring)
EFD_PASSED_AS("LIBURING_2.3", io_uring_enter, on_own_ring)
EFD_PASSED_AS("LIBURING_2.3", io_uring_enter2, on_own_ring)
EFD_PASSED_AS("LIBURING_2.3", io_uring_register, on_ring_register)

EFD_PASSED_AS("LIBAIO_0.4", io_setup, on_context)
EFD_PASSED_AS("LIBAIO_0.1", io_queue_init, on_context)
EFD_PASSED_AS("LIBAIO_0.1", io_submit, on_io_submit)
