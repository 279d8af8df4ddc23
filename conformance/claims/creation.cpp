// SPDX-License-Identifier: MIT
// conformance/claims/creation.cpp: section A of docs/semantics.md, creation.
//
// One function for each row. Flags and initial values hold for every object; limits and F_GETFL need a number. Runs in
// a process of its own (claim.hpp), which may lower its limits.
#include "conformance/framework/counts.hpp"
#include "conformance/framework/raw_calls.hpp"

#include <climits>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace efd::claims {
namespace {

constexpr int valid_flags[] = {EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC};

// One of the eight combinations of the valid flags.
int combination(unsigned which) {
    int flags = 0;
    for (unsigned bit = 0; bit < 3; ++bit)
        if ((which >> bit & 1U) != 0) flags |= valid_flags[bit];
    return flags;
}

int error_of_make(trial& t, std::uint64_t initval, int flags) {
    int error = 0;
    const auto made = t.on().make(initval, flags, error);
    return made != nullptr ? 0 : error;
}

// Takes every descriptor that a lowered limit leaves; the process's end gives them back.
void use_up_descriptors(trial& t) {
    const rlimit few{64, 64};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) t.not_here("the limit of descriptors cannot be lowered");
    while (::dup(STDERR_FILENO) >= 0 || errno == EINTR) {
    }
    if (errno != EMFILE) t.not_here("the descriptors could not be used up");
}

// More than one: a sanitizer that checks an object needs two for a pipe.
void free_some_descriptors() {
    for (int fd = 40; fd < 44; ++fd) ::close(fd);
}

std::size_t open_descriptors() {
    std::size_t open = 0;
    for (int fd = 0; fd < 1024; ++fd)
        if (::fcntl(fd, F_GETFD) >= 0) ++open;
    return open;
}

} // namespace

CLAIM(K_001, object, "every combination of SEMAPHORE, NONBLOCK and CLOEXEC is accepted") {
    for (unsigned which = 0; which < 8; ++which) {
        const int flags = combination(which);
        const auto o = t.make(3, flags);
        t.expect_equal(o->semaphore(), (flags & EFD_SEMAPHORE) != 0, "semaphore mode as asked");
        t.expect_equal(o->nonblock(), (flags & EFD_NONBLOCK) != 0, "O_NONBLOCK as asked");
        t.expect_equal(o->count(), 3U, "initial count");
    }
}

CLAIM(K_002, object, "any other flag bit, alone or beside valid ones, is EINVAL") {
    for (unsigned bit = 0; bit < 32; ++bit) {
        const auto flag = static_cast<int>(1U << bit);
        if ((flag & (combination(7) | t.on().own_flags())) != 0) continue; // EFD_EVERY, EFD_SHARED
        const std::string name = "flag bit " + std::to_string(bit);
        t.expect_error(error_of_make(t, 0, flag), EINVAL, name + " alone");
        for (unsigned which = 1; which < 8; ++which)
            t.expect_error(error_of_make(t, 0, flag | combination(which)), EINVAL, name + " beside valid flags");
    }
    t.expect_error(error_of_make(t, 0, -1), EINVAL, "flags -1");
}

CLAIM(K_003, number, "flags are checked before a descriptor is taken: EINVAL wins over EMFILE") {
    use_up_descriptors(t);
    t.expect_error(error_of_make(t, 0, 2), EINVAL, "invalid flags without a free descriptor");
    t.expect_error(error_of_make(t, 0, 0), EMFILE, "valid flags without a free descriptor");
}

CLAIM(K_004, number, "without a free descriptor: EMFILE") {
    use_up_descriptors(t);
    t.expect_error(error_of_make(t, 0, 0), EMFILE, "no free descriptor");
    free_some_descriptors();
    t.expect_error(error_of_make(t, 0, 0), 0, "with free descriptors again");
}

CLAIM(K_005, object, "initial values 0 to UINT_MAX; eventfds take 32 bits, objects all but 2^64-1") {
    for (const std::uint64_t initval : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0x80000000U},
                                        std::uint64_t{UINT_MAX} - 1, std::uint64_t{UINT_MAX}})
        t.expect_equal(t.make(initval)->count(), initval, "initial count");
    const auto wide = t.make(0x100000001U);
    if (wide->number() >= 0) {
        t.expect_equal(wide->count(), 1U, "0x100000001 in the register");
        t.expect_equal(t.make(top)->count(), std::uint64_t{UINT_MAX}, "2^64-1 in the register");
    } else { // declared difference: efd_create takes a 64-bit initial value
        t.expect_equal(wide->count(), 0x100000001U, "0x100000001 as 64-bit initial value");
        t.expect_equal(t.make(largest)->count(), largest, "2^64-2 as initial value");
        t.expect_error(error_of_make(t, top, 0), EINVAL, "2^64-1 as initial value");
    }
}

CLAIM(K_006, descriptor, "the legacy call takes no flags: blocking, no cloexec, no semaphore") {
#ifdef SYS_eventfd
    const auto fd = static_cast<int>(::syscall(SYS_eventfd, 3UL, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC | 2));
    t.expect(fd >= 0, "a second register value is ignored");
    t.expect_equal(::fcntl(fd, F_GETFL), O_RDWR, "F_GETFL");
    t.expect_equal(::fcntl(fd, F_GETFD), 0, "F_GETFD");
    std::uint64_t value = 0;
    t.expect_equal(::read(fd, &value, sizeof value), 8, "read");
    t.expect_equal(value, 3U, "all at once, as no semaphore");
#else
    t.not_here("this architecture has no legacy eventfd call");
#endif
}

CLAIM(K_007, number, "F_GETFL is O_RDWR, with O_NONBLOCK if asked, and nothing else") {
    for (unsigned which = 0; which < 8; ++which) {
        const int flags = combination(which);
        const answer found = t.calls().fcntl(t.make(0, flags)->number(), F_GETFL, 0);
        expect_result(t, found, O_RDWR | (flags & EFD_NONBLOCK), "F_GETFL");
    }
}

CLAIM(K_008, number, "FD_CLOEXEC is set exactly if EFD_CLOEXEC was") {
    for (unsigned which = 0; which < 8; ++which) {
        const int flags = combination(which);
        const int claimed = (flags & EFD_CLOEXEC) != 0 ? FD_CLOEXEC : 0;
        expect_result(t, t.calls().fcntl(t.make(0, flags)->number(), F_GETFD, 0), claimed, "F_GETFD");
    }
}

CLAIM(K_009, number, "the lowest free descriptor number is used") {
    const auto low = t.make();
    const auto middle = t.make();
    const auto spare = static_cast<int>(t.calls().dup(middle->number()).result);
    t.calls().close(spare);
    t.expect_equal(t.make()->number(), spare, "the number above the last");
    const auto high = t.make();
    t.calls().close(low->number()); // the object's own close fails later
    t.expect_equal(t.make()->number(), low->number(), "a number freed below");
}

CLAIM(K_010, object, "semaphore mode is fixed for life and no file status flag") {
    for (const int mode : {0, int{EFD_SEMAPHORE}}) {
        const auto o = t.make(5, mode);
        o->set_nonblock(true);
        o->set_nonblock(false);
        if (o->number() >= 0) {
            expect_result(t, t.calls().fcntl(o->number(), F_SETFL, O_RDWR | EFD_SEMAPHORE), 0, "F_SETFL with the bit");
            t.expect_equal(t.calls().fcntl(o->number(), F_GETFL, 0).result & EFD_SEMAPHORE, 0, "the bit in F_GETFL");
        }
        t.expect_equal(o->semaphore(), mode != 0, "semaphore mode afterwards");
        expect_read(t, *o, 0, mode != 0 ? 1U : 5U, "read afterwards");
    }
}

CLAIM(K_011, object, "EFD_CLOEXEC is O_CLOEXEC, EFD_NONBLOCK is O_NONBLOCK, EFD_SEMAPHORE is 1") {
    static_assert(EFD_CLOEXEC == O_CLOEXEC && EFD_NONBLOCK == O_NONBLOCK && EFD_SEMAPHORE == 1);
    const auto o = t.make(2, O_CLOEXEC | O_NONBLOCK | 1);
    t.expect(o->semaphore(), "flag 1 makes a semaphore");
    t.expect(o->nonblock(), "flag O_NONBLOCK makes it non-blocking");
    if (o->number() >= 0) expect_result(t, t.calls().fcntl(o->number(), F_GETFD, 0), FD_CLOEXEC, "F_GETFD");
}

CLAIM(K_012, object, "a failed creation leaves neither descriptor nor id behind") {
    constexpr int failures = 4000;
    const int id_before = t.make()->id();
    const bool has_number = t.make()->number() >= 0;
    const bool ids_are_ours = t.make()->descriptor() < 0;
    const std::size_t open_before = open_descriptors();
    for (int i = 0; i < failures; ++i) error_of_make(t, 0, 2);
    t.expect_equal(open_descriptors(), open_before, "open descriptors after failures");
    if (has_number) {
        use_up_descriptors(t);
        for (int i = 0; i < failures; ++i) error_of_make(t, 0, 0);
        free_some_descriptors();
    }
    const int id_after = t.make()->id();
    if (ids_are_ours)
        t.expect_equal(id_after, id_before, "id after failures");
    else // the kernel's are system-wide, and others may have made some meanwhile; but not thousands
        t.expect(id_after < id_before + failures, "ids after failures");
}

} // namespace efd::claims
