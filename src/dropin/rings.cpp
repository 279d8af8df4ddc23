// dropin/rings.cpp: see rings.hpp.
#include "dropin/rings.hpp"

#include "dropin/descriptors.hpp"
#include "dropin/escapes.hpp"
#include "dropin/kernel_calls.hpp"
#include "dropin/parked_count.hpp"
#include "dropin/policy.hpp"
#include "dropin/raw_call.hpp"

#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

namespace efd::dropin {
namespace {

const void* pointer_of(std::uint64_t in_request) noexcept {
    return reinterpret_cast<const void*>(in_request); // NOLINT(performance-no-int-to-ptr): requests hold them like this
}

// A poll that completes once says what is true; one that completes for each write must be told of each.
constexpr bool tells_once(const io_uring_sqe& asked) noexcept {
    return (asked.len & IORING_POLL_ADD_MULTI) == 0 && (asked.poll32_events & (EPOLLET | EPOLLEXCLUSIVE)) == 0;
}

// Requests whose `fd` is not the file that they work on, or that name another beside it.
void look_at_others(const io_uring_sqe& asked) noexcept {
    switch (asked.opcode) {
    case IORING_OP_FILES_UPDATE: return before_ring_files(static_cast<const int*>(pointer_of(asked.addr)), asked.len);
    case IORING_OP_EPOLL_CTL:
        return before_epoll_ctl(static_cast<int>(asked.len), static_cast<int>(asked.off),
                                static_cast<const epoll_event*>(pointer_of(asked.addr)));
    case IORING_OP_SENDMSG:
    case IORING_OP_SENDMSG_ZC: return before_sendmsg(static_cast<const msghdr*>(pointer_of(asked.addr)));
    case IORING_OP_SPLICE:
    case IORING_OP_TEE:
        if ((asked.splice_flags & SPLICE_F_FD_IN_FIXED) == 0) gone_astray(asked.splice_fd_in, reason::spliced);
        return;
    default: return;
    }
}

void look_at(const io_uring_sqe& asked) noexcept {
    look_at_others(asked);
    const bool each_time = asked.opcode == IORING_OP_POLL_ADD && !tells_once(asked);
    if ((asked.flags & IOSQE_FIXED_FILE) == 0 && each_time && is_noted_epoll(asked.fd)) before_nested_edges();
    if ((asked.flags & IOSQE_FIXED_FILE) != 0 || slot_of(asked.fd) == nullptr) return;
    if (asked.opcode == IORING_OP_NOP || asked.opcode == IORING_OP_POLL_REMOVE) return;
    if (asked.opcode == IORING_OP_POLL_ADD && !each_time) return;
    gone_astray(asked.fd, reason::io_uring);
    if (asked.opcode == IORING_OP_CLOSE) forget(asked.fd);
}

// Is the file behind this name of /proc/self/fd an io_uring.
bool is_ring(int directory, const char* name) noexcept {
    constexpr char wanted[] = "anon_inode:[io_uring]";
    char link[sizeof wanted] = {};
    const long length = raw_call(SYS_readlinkat, directory, name, link, sizeof link);
    return length == static_cast<long>(sizeof wanted - 1) && std::memcmp(link, wanted, sizeof wanted - 1) == 0;
}

// A decimal number; -1: "." or "..".
int number_in(const char* name) noexcept {
    int number = -1;
    for (; *name >= '0' && *name <= '9'; ++name) number = (number < 0 ? 0 : number * 10) + (*name - '0');
    return number;
}

bool finds_unseen_ring() noexcept {
    const long directory = raw_call(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (is_error(directory)) return true; // who cannot look does not know
    const auto at = static_cast<int>(directory);
    bool found = false;
    alignas(dirent64) char entries[512] = {}; // the program's stack may be a small one
    for (long length = 1; length > 0 && !found;) {
        length = raw_call(SYS_getdents64, at, entries, sizeof entries);
        found = length < 0;
        for (long i = 0; i < length && !found;) {
            const auto& one = *reinterpret_cast<const dirent64*>(&entries[i]);
            const int fd = number_in(one.d_name);
            found = fd >= 0 && !is_noted_ring(fd) && is_ring(at, one.d_name);
            i += one.d_reclen;
        }
    }
    (void)raw_call(SYS_close, at);
    return found;
}

} // namespace

void before_ring(ring_kind kind) noexcept {
    if (kind == ring_kind::unseen) rules.has_unseen_ring.store(true, base::relaxed);
    rules.has_ring.store(true, base::relaxed);
    if (kind == ring_kind::unseen || rules.level == profile::strict) return all_gone_astray(reason::io_uring);
    for_each([](int fd, slot& there) { doubt(there, fd); });
}

void before_ring_register(unsigned operation) noexcept {
    switch (operation) {
    case IORING_REGISTER_FILES:
    case IORING_REGISTER_FILES_UPDATE:
    case IORING_REGISTER_FILES2:
    case IORING_REGISTER_FILES_UPDATE2: return before_ring(ring_kind::unseen);
    default: return;
    }
}

void after_ring(const io_uring* made) noexcept { note_ring(made->ring_fd); }
void before_ring_exit(const io_uring* given_up) noexcept { forget_ring(given_up->ring_fd); }

void before_submit(const io_uring* ring) noexcept {
    if (!any_noted()) return;
    const io_uring_sq& queue = ring->sq;
    const unsigned doubled = (ring->flags & IORING_SETUP_SQE128) != 0 ? 1 : 0;
    for (unsigned i = queue.sqe_head; i != queue.sqe_tail; ++i)
        look_at(queue.sqes[static_cast<std::size_t>(i & *queue.kring_mask) << doubled]);
}

void before_ring_files(const int* files, unsigned number) noexcept {
    if (files == nullptr || !any_at_stake()) return;
    for (unsigned i = 0; i < number; ++i) {
        int fd = -1;
        if (!copy_from_program(&fd, &files[i], sizeof fd)) return;
        gone_astray(fd, reason::io_uring);
    }
}

void before_io_submit(long number, iocb* const* requests) noexcept {
    if (requests == nullptr || !any_at_stake()) return;
    for (long i = 0; i < number; ++i) {
        std::uint64_t at = 0; // as the kernel reads it
        iocb asked{};
        if (!copy_from_program(&at, static_cast<const void*>(requests + i), sizeof at) ||
            !copy_from_program(&asked, pointer_of(at), sizeof asked))
            return;
        const bool reads = asked.aio_lio_opcode == IOCB_CMD_PREAD || asked.aio_lio_opcode == IOCB_CMD_PREADV;
        if (reads) gone_astray(static_cast<int>(asked.aio_fildes), reason::io_uring);
    }
}

bool sees_all_rings() noexcept {
    if (!rules.has_unseen_ring.load(base::relaxed) && finds_unseen_ring())
        rules.has_unseen_ring.store(true, base::relaxed);
    return !rules.has_unseen_ring.load(base::relaxed);
}

} // namespace efd::dropin
