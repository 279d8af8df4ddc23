// SPDX-License-Identifier: MIT
// dropin/interpose/rings.cpp: the functions of liburing and libaio that make their system calls inline.
//
// The drop-in defines these names only in the libraries' own versions. A program that was linked with the library asks
// for a version, and gets the drop-in's function. A program that only tests whether a name exists does not find it, and
// a library's own function of that name stays as it is.
#include "dropin/interpose/passed.hpp"
#include "dropin/interpose/requests.hpp"

using namespace efd::dropin;

namespace {

using ring = const io_uring*;

void look_submit(call a) noexcept { before_submit(a.as<ring>(0)); }
void look_files(call a) noexcept { before_ring_files(a.as<const int*>(1), a.as<unsigned>(2)); }
void look_update(call a) noexcept { before_ring_files(a.as<const int*>(2), a.as<unsigned>(3)); }
void look_update_tag(call a) noexcept { before_ring_files(a.as<const int*>(2), a.as<unsigned>(4)); }

} // namespace

// For functions that are newer than Debian 12, in every version that may have added them.
#define EFD_AS_LATER(name)                                                                                             \
    EFD_AS("LIBURING_2.4", name);                                                                                      \
    EFD_AS("LIBURING_2.5", name);                                                                                      \
    EFD_AS("LIBURING_2.6", name);                                                                                      \
    EFD_AS("LIBURING_2.7", name);                                                                                      \
    EFD_AS("LIBURING_2.8", name);                                                                                      \
    EFD_AS("LIBURING_2.9", name);                                                                                      \
    EFD_AS("LIBURING_2.10", name)

EFD_PASSED_AS("LIBURING_2.0", io_uring_queue_init, look_ring)
EFD_PASSED_AS("LIBURING_2.0", io_uring_queue_init_params, look_ring)
EFD_PASSED_LATE(io_uring_queue_init_mem, look_ring)
EFD_AS_LATER(io_uring_queue_init_mem);
EFD_PASSED_LATE(io_uring_queue_init_try_nosqarr, look_ring)
EFD_AS_LATER(io_uring_queue_init_try_nosqarr);
EFD_PASSED_AS("LIBURING_2.0", io_uring_queue_exit, look_ring_exit)
EFD_PASSED_AS("LIBURING_2.0", io_uring_submit, look_submit)
EFD_PASSED_AS("LIBURING_2.0", io_uring_submit_and_wait, look_submit)
EFD_PASSED_AS("LIBURING_2.2", io_uring_submit_and_wait_timeout, look_submit)
EFD_PASSED_AS("LIBURING_2.3", io_uring_submit_and_get_events, look_submit)
EFD_PASSED_LATE(io_uring_submit_and_wait_min_timeout, look_submit)
EFD_AS_LATER(io_uring_submit_and_wait_min_timeout);
// On a kernel without the timeout these add a request for it, and submit.
EFD_PASSED_AS("LIBURING_2.0", io_uring_wait_cqes, look_submit)
EFD_PASSED_AS("LIBURING_2.0", io_uring_wait_cqe_timeout, look_submit)
EFD_PASSED_AS("LIBURING_2.0", io_uring_register_files, look_files)
EFD_PASSED_AS("LIBURING_2.1", io_uring_register_files_tags, look_files)
EFD_PASSED_AS("LIBURING_2.0", io_uring_register_files_update, look_update)
EFD_PASSED_AS("LIBURING_2.1", io_uring_register_files_update_tag, look_update_tag)
EFD_PASSED_AS("LIBURING_2.3", io_uring_setup, look_own_ring)
EFD_PASSED_AS("LIBURING_2.3", io_uring_enter, look_own_ring)
EFD_PASSED_AS("LIBURING_2.3", io_uring_enter2, look_own_ring)

EFD_PASSED_AS("LIBAIO_0.4", io_setup, look_context)
EFD_PASSED_AS("LIBAIO_0.1", io_queue_init, look_context)
EFD_PASSED_AS("LIBAIO_0.1", io_submit, look_io_submit)
