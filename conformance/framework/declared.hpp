// SPDX-License-Identifier: MIT
// conformance/framework/declared.hpp: where a backend differs from the kernel by choice; `efd check` lists it beneath
// its table.
//
// docs/semantics.md says why; tests/claims/coverage_test.cpp checks that both name the same rows.
#pragma once

#include <array>
#include <string_view>

namespace efd::claims {

struct declared_difference {
    std::string_view backend; // as its column is named
    std::string_view rows;    // of docs/semantics.md
    std::string_view what;
};

inline constexpr std::array declared_differences{
    declared_difference{"library", "K-002", "flag bit 2^29 is EFD_SHARED"},
    declared_difference{"library", "K-005", "efd_create takes an initial value of 64 bits"},
    declared_difference{"library", "K-008", "EFD_CLOEXEC has no effect: there is no descriptor"},
    declared_difference{"library", "K-023", "a bad pointer that is not null is the caller's crash"},
    declared_difference{"library", "K-086", "of those blocked only who can go on is woken"},
    declared_difference{"library", "K-089, K-094",
                        "O_NONBLOCK set under a sleeper has no effect, a restart by a handler or not"},
    declared_difference{"library", "K-128", "ids are unique in the process, not in the system"},
    declared_difference{"library", "K-150", "a signal inside a wake is refused with EDEADLK, not dropped"},
    declared_difference{"library", "K-157", "nobody stays asleep behind an exclusive watcher"},
    declared_difference{
        "dropin", "K-035",
        "a value in a page that was unmapped or made unreadable since the kernel last read one there is SIGSEGV, "
        "not EFAULT (never with --profile strict)"},
    declared_difference{"dropin", "K-126",
                        "fdinfo read by another process lacks cached units until efd_dropin_show_counts()"},
    declared_difference{
        "dropin", "K-108, K-139",
        "who reads by inline system calls or another's pidfd_getfd gets the kernel's part of the count"},
    declared_difference{"two processes", "K-001, K-104", "O_NONBLOCK is each process's own"},
    declared_difference{"two processes", "K-128",
                        "ids are unique in the arena; which free one a new object has is not said"},
    declared_difference{"descriptor", "K-004", "costs two numbers of RLIMIT_NOFILE"},
    declared_difference{"descriptor", "K-050, K-054", "poll(2) and select(2) do not show POLLERR at 2^64-1"},
    declared_difference{"descriptor", "K-045, K-096", "a stop does not end a writev that sleeps in a later segment"},
    declared_difference{"descriptor", "K-002", "flag bits 2^29 and 2^30 are EFD_SHARED and EFD_EVERY"},
    declared_difference{"descriptor", "K-060, K-064, K-065, K-074",
                        "without EFD_EVERY an EPOLLET watcher has an edge for a write that leaves zero, not for each"},
    declared_difference{"descriptor", "K-067, K-069", "a semaphore read that leaves units is no edge for EPOLLOUT"},
    declared_difference{"descriptor", "K-101, K-103, K-163, K-164, K-166", "fork and clone copy it, exec loses it"},
    declared_difference{"descriptor", "K-165", "efd hears of a close_range at the next call for the number"},
    declared_difference{"descriptor", "K-102, K-108, K-110 to K-143",
                        "SCM_RIGHTS, pidfd_getfd, io_uring, AIO and KVM reach the bell, not the count"},
    declared_difference{"descriptor", "K-016, K-023 to K-025",
                        "a buffer that another thread unmaps during the call may be a crash"},
};

} // namespace efd::claims
