// SPDX-License-Identifier: MIT
// os/memory.cpp: see memory.hpp.
#include "os/memory.hpp"

#include "os/errno.hpp"

#include <efd/detail/base/atomic.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_futex
#define SYS_futex SYS_futex_time64 // riscv32 and its like have no other
#endif

namespace efd::os {
namespace {

static_assert(sizeof(user_segment) == sizeof(iovec) && offsetof(user_segment, base) == offsetof(iovec, iov_base) &&
              offsetof(user_segment, length) == offsetof(iovec, iov_len));

constexpr user_address no_limit = std::numeric_limits<user_address>::max();
constexpr user_address smallest_page = 4096; // pages may be larger: then this asks for more than it must
constexpr user_address word_bytes = 4;       // what a futex call looks at

base::atomic<user_address> user_limit{0};

// The kernel refuses a read of no bytes by its address before it refuses it by its length.
bool refused_by_place(int eventfd, user_address place) noexcept {
    return ::syscall(SYS_read, eventfd, place, 0L) < 0 && errno == EFAULT;
}

constexpr user_address page_of(user_address at) noexcept { return at & ~(smallest_page - 1); }
constexpr std::size_t left_in_page(user_address at) noexcept { return smallest_page - (at - page_of(at)); }
static_assert(left_in_page(0) == smallest_page && left_in_page(smallest_page - 1) == 1);

bool on_own_page(user_address at, std::size_t bytes) noexcept {
    const auto frame = reinterpret_cast<user_address>(__builtin_frame_address(0));
    return page_of(at) == page_of(frame) && bytes <= left_in_page(at);
}

// Has the kernel add zero to the word around `at`, atomically. It wakes no waiter on `nobody`; on the caller's word it
// wakes one futex waiter spuriously, if there is one and the word is below -2048.
bool is_writable(user_address at) noexcept {
    constexpr unsigned add_zero = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_LT, 0x800);
    const std::uint32_t nobody = 0;
    const user_address word = at & ~(word_bytes - 1);
    return ::syscall(SYS_futex, &nobody, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0L, word, add_zero) >= 0 ||
           errno != EFAULT;
}

// Reads the word around `at`, compares it, and moves no sleeper from it in either case.
bool is_readable(user_address at) noexcept {
    const std::uint32_t nobody = 0;
    const user_address word = at & ~(word_bytes - 1);
    return ::syscall(SYS_futex, word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, 0L, &nobody, 0) >= 0 ||
           errno != EFAULT;
}

// Stores each byte once, and the eight bytes of a count in one step. memcpy of a length that the compiler does not know
// may store some bytes twice, and another thread may have written there in between.
void store_once(char* to, const char* from, std::size_t bytes) noexcept {
    constexpr std::size_t whole = 8;
    std::size_t done = 0;
    for (; bytes - done >= whole; done += whole) std::memcpy(to + done, from + done, whole);
    if ((bytes & 4U) != 0) {
        std::memcpy(to + done, from + done, 4);
        done += 4;
    }
    if ((bytes & 2U) != 0) {
        std::memcpy(to + done, from + done, 2);
        done += 2;
    }
    if ((bytes & 1U) != 0) to[done] = from[done];
}

// Copies page by page, up to the first page that cannot be touched.
template <class Touchable, class Copy>
bool copy_pages(user_address at, std::size_t bytes, Touchable touchable, Copy copy) noexcept {
    const errno_keeper keeper;
    std::size_t done = 0;
    while (done < bytes) {
        const std::size_t part = std::min(bytes - done, left_in_page(at + done));
        if (!touchable(at + done)) return false;
        copy(done, part);
        done += part;
    }
    return true;
}

} // namespace

void* map_zeroed(std::size_t bytes) noexcept {
    void* const place = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return place == MAP_FAILED ? nullptr : place;
}

// Where the kernel has no huge pages the advice is refused, which changes nothing.
void* map_zeroed_huge(std::size_t bytes) noexcept {
    auto* const all = static_cast<unsigned char*>(map_zeroed(bytes + huge_page));
    if (all == nullptr) return nullptr;
    const std::size_t before = (huge_page - reinterpret_cast<std::uintptr_t>(all) % huge_page) % huge_page;
    if (before > 0) (void)::munmap(all, before);
    (void)::munmap(all + before + bytes, huge_page - before);
    (void)::madvise(all + before, bytes, MADV_HUGEPAGE);
    return all + before;
}

void probe_user_limit(int eventfd) noexcept {
    if (user_limit.load(base::relaxed) != 0) return;
    const errno_keeper keeper;
    user_address inside = 0;
    user_address outside = no_limit;
    if (!refused_by_place(eventfd, outside))
        return user_limit.store(no_limit, base::relaxed); // it cannot be known here
    while (outside - inside > 1) {
        const user_address middle = inside + (outside - inside) / 2;
        (refused_by_place(eventfd, middle) ? outside : inside) = middle;
    }
    user_limit.store(inside, base::relaxed);
}

bool in_user_space(user_address base, std::size_t length) noexcept {
    const user_address last = user_limit.load(base::relaxed);
    return length <= last && base <= last - length;
}

// NOLINTBEGIN(performance-no-int-to-ptr): a caller's address is a number until it is probed.
bool copy_to_user(user_address to, const void* from, std::size_t bytes) noexcept {
    const auto store = [&](std::size_t done, std::size_t part) {
        store_once(reinterpret_cast<char*>(to + done), static_cast<const char*>(from) + done, part);
    };
    if (!on_own_page(to, bytes)) return copy_pages(to, bytes, is_writable, store);
    store(0, bytes);
    return true;
}

bool copy_from_user(void* to, user_address from, std::size_t bytes) noexcept {
    const auto load = [&](std::size_t done, std::size_t part) {
        std::memcpy(static_cast<char*>(to) + done, reinterpret_cast<const void*>(from + done), part);
    };
    if (!on_own_page(from, bytes)) return copy_pages(from, bytes, is_readable, load);
    load(0, bytes);
    return true;
}
// NOLINTEND(performance-no-int-to-ptr)

} // namespace efd::os
