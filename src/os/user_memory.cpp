// os/user_memory.cpp: see user_memory.hpp.
#include "os/user_memory.hpp"

#include "os/errno_keeper.hpp"

#include <efd/base/atomic.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace efd::os {
namespace {

static_assert(sizeof(user_segment) == sizeof(iovec) && offsetof(user_segment, base) == offsetof(iovec, iov_base) &&
              offsetof(user_segment, length) == offsetof(iovec, iov_len));

constexpr user_address no_border = std::numeric_limits<user_address>::max();
constexpr std::size_t shown_bytes = 8;       // the size of the kernel's signal set, or it will not look at one
constexpr user_address smallest_page = 4096; // pages may be larger: then this asks for more than it must

base::atomic<user_address> border{0};

enum class look : unsigned char { there, not_there, unknown };

// A read of nothing is refused by where it points before it is refused by its length.
bool refused_by_place(int eventfd, user_address place) noexcept {
    return ::syscall(SYS_read, eventfd, place, 0L) < 0 && errno == EFAULT;
}

bool on_own_page(user_address at, std::size_t bytes) noexcept {
    const auto frame = reinterpret_cast<user_address>(__builtin_frame_address(0));
    const user_address page = frame & ~(smallest_page - 1);
    return at - page < smallest_page && bytes <= smallest_page - (at - page);
}

// A signal set is read before the unknown way to use it is refused.
look look_for_reading(user_address at) noexcept {
    constexpr long no_way = 99;
    if (::syscall(SYS_rt_sigprocmask, no_way, at, 0L, shown_bytes) == 0) return look::unknown;
    return errno == EFAULT ? look::not_there : look::there;
}

// The signal mask of now is written there; for the kernel a null address is no address.
look look_for_writing(user_address at) noexcept {
    if (at == 0) return look::unknown;
    if (::syscall(SYS_rt_sigprocmask, long{SIG_BLOCK}, 0L, at, shown_bytes) == 0) return look::there;
    return errno == EFAULT ? look::not_there : look::unknown;
}

bool refused_to_copy(ssize_t moved) noexcept { return moved < 0 && errno != EFAULT; }

} // namespace

void learn_border(int eventfd) noexcept {
    if (border.load(base::relaxed) != 0) return;
    const errno_keeper keeper;
    user_address inside = 0;
    user_address outside = no_border;
    if (!refused_by_place(eventfd, outside)) return border.store(no_border, base::relaxed); // cannot be told here
    while (outside - inside > 1) {
        const user_address middle = inside + (outside - inside) / 2;
        (refused_by_place(eventfd, middle) ? outside : inside) = middle;
    }
    border.store(inside, base::relaxed);
}

bool in_user_space(user_address base, std::size_t length) noexcept {
    const user_address last = border.load(base::relaxed);
    return length <= last && base <= last - length;
}

// NOLINTBEGIN(performance-no-int-to-ptr): a caller's address is a number until it is known to be there.
bool copy_to_user(user_address to, const void* from, std::size_t bytes) noexcept {
    if (on_own_page(to, bytes)) {
        std::memcpy(reinterpret_cast<void*>(to), from, bytes);
        return true;
    }
    const errno_keeper keeper;
    look seen = look::unknown;
    if (bytes == shown_bytes) seen = look_for_writing(to);
    if (seen != look::there) {
        const iovec here{const_cast<void*>(from), bytes};
        const iovec there{reinterpret_cast<void*>(to), bytes};
        const ssize_t moved = ::process_vm_writev(::getpid(), &here, 1, &there, 1, 0);
        if (!refused_to_copy(moved)) return moved == static_cast<ssize_t>(bytes);
        if (seen == look::not_there) return false;
    }
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return true;
}

bool copy_from_user(void* to, user_address from, std::size_t bytes) noexcept {
    if (on_own_page(from, bytes)) {
        std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
        return true;
    }
    const errno_keeper keeper;
    look seen = look::unknown;
    if (bytes == shown_bytes) seen = look_for_reading(from);
    if (seen != look::there) {
        const iovec here{to, bytes};
        const iovec there{reinterpret_cast<void*>(from), bytes};
        const ssize_t moved = ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0);
        if (!refused_to_copy(moved)) return moved == static_cast<ssize_t>(bytes);
        if (seen == look::not_there) return false;
    }
    std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
    return true;
}

// NOLINTEND(performance-no-int-to-ptr)

} // namespace efd::os
