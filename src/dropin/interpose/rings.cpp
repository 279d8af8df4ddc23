// SPDX-License-Identifier: MIT
// dropin/interpose/rings.cpp: the functions of liburing and libaio that make their system calls inline.
//
// The drop-in defines these names only in the libraries' own versions. A program that was linked with the library asks
// for a version, and gets the drop-in's function. A program that only tests whether a name exists does not find it, and
// a library's own function of that name stays as it is.
#include "dropin/interpose/next.hpp"
#include "dropin/interpose/passed.hpp"
#include "dropin/interpose/requests.hpp"

using namespace efd::dropin;

struct io_uring_params;

namespace {

using ring = const io_uring*;

void look_submit(call a) noexcept { before_submit(a.as<ring>(0)); }
void look_exit(call a) noexcept { before_ring_exit(a.as<ring>(0)); }
void look_files(call a) noexcept { before_ring_files(a.as<const int*>(1), a.as<unsigned>(2)); }
void look_update(call a) noexcept { before_ring_files(a.as<const int*>(2), a.as<unsigned>(3)); }
void look_update_tag(call a) noexcept { before_ring_files(a.as<const int*>(2), a.as<unsigned>(4)); }
template <class... Arguments>
int make_ring(efd::base::atomic<void*>& next, const char* name, const void* caller, io_uring* made,
              Arguments... arguments) {
    using real = int(Arguments...);
    before_ring(ring_kind::seen);
    void* found = next.load(efd::base::relaxed);
    if (found == nullptr) next.store(found = find_to_keep(name, caller), efd::base::relaxed);
    const int result = reinterpret_cast<real*>(found)(arguments...);
    if (result >= 0) after_ring(made);
    return result;
}

#define MAKE_RING(name, made, ...)                                                                                     \
    static constinit efd::base::atomic<void*> next{nullptr};                                                           \
    return make_ring(next, name, __builtin_return_address(0), made, __VA_ARGS__)

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

EFD_INTERPOSE int efd_as_io_uring_queue_init(unsigned entries, io_uring* made, unsigned flags) {
    MAKE_RING("io_uring_queue_init", made, entries, made, flags);
}
EFD_AS("LIBURING_2.0", io_uring_queue_init);

EFD_INTERPOSE int efd_as_io_uring_queue_init_params(unsigned entries, io_uring* made, io_uring_params* wanted) {
    MAKE_RING("io_uring_queue_init_params", made, entries, made, wanted);
}
EFD_AS("LIBURING_2.0", io_uring_queue_init_params);

EFD_INTERPOSE int efd_as_io_uring_queue_init_mem(unsigned entries, io_uring* made, io_uring_params* wanted,
                                                 void* memory, std::size_t length) {
    MAKE_RING("io_uring_queue_init_mem", made, entries, made, wanted, memory, length);
}
EFD_AS_LATER(io_uring_queue_init_mem);

EFD_INTERPOSE int efd_as_io_uring_queue_init_try_nosqarr(unsigned entries, io_uring* made, io_uring_params* wanted) {
    MAKE_RING("io_uring_queue_init_try_nosqarr", made, entries, made, wanted);
}
EFD_AS_LATER(io_uring_queue_init_try_nosqarr);

EFD_PASSED_AS("LIBURING_2.0", io_uring_queue_exit, look_exit)
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
