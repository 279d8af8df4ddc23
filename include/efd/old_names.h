/* SPDX-License-Identifier: MIT */
/* efd/old_names.h: the names of C that 0.1 had and 0.2 changed, for programs written before; <efd/wait_set.h> includes
 * it, unless EFD_NO_OLD_NAMES is defined. They go with 1.0. */
#ifndef EFD_OLD_NAMES_H
#define EFD_OLD_NAMES_H

/** @file */
/** @cond */

#include <efd/wait_set.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef efd_wait_set_t efd_set_t;
typedef efd_wait_set_event efd_set_event;
#define efd_wait_entry efd_wait_queue_entry

#define efd_wait_add efd_wait_queue_add
#define efd_wait_remove efd_wait_queue_remove
#define efd_wait_remove_and_read efd_wait_queue_remove_and_read

#define efd_set_create efd_wait_set_create
#define efd_set_destroy efd_wait_set_destroy
#define efd_set_add efd_wait_set_add
#define efd_set_add_set(set, inner) efd_wait_set_add_set(set, inner, 0)
#define efd_set_add_fd efd_wait_set_add_fd
#define efd_set_remove efd_wait_set_remove
#define efd_set_try_any efd_wait_set_try_any
#define efd_set_wait_any efd_wait_set_wait_any
#define efd_set_wait_ready efd_wait_set_wait_ready
#define efd_set_wait_all efd_wait_set_wait_all
#define efd_set_fd efd_wait_set_fd
#define efd_set_set_linger efd_wait_set_set_linger

static __inline__ efd_wait_options efd_old_options(uint64_t deadline_ns, efd_cancel_t* cancel) {
    efd_wait_options options = EFD_WAIT_OPTIONS_INIT;
    options.deadline_ns = deadline_ns;
    options.cancel = cancel;
    options.blocking = EFD_BLOCKING_ALWAYS;
    return options;
}
static __inline__ int efd_read_cancellable(efd_t* efd, uint64_t* value, uint64_t deadline_ns, efd_cancel_t* cancel) {
    const efd_wait_options options = efd_old_options(deadline_ns, cancel);
    return efd_read_with(efd, value, &options);
}
static __inline__ int efd_read_some_cancellable(efd_t* efd, uint64_t* value, uint64_t most, uint64_t deadline_ns,
                                                efd_cancel_t* cancel) {
    const efd_wait_options options = efd_old_options(deadline_ns, cancel);
    return efd_read_some_with(efd, value, most, &options);
}
static __inline__ int efd_write_cancellable(efd_t* efd, uint64_t value, uint64_t deadline_ns, efd_cancel_t* cancel) {
    const efd_wait_options options = efd_old_options(deadline_ns, cancel);
    return efd_write_with(efd, value, &options);
}
static __inline__ int efd_set_wait_any_cancellable(efd_wait_set_t* set, efd_wait_set_event* got, uint64_t deadline_ns,
                                                   efd_cancel_t* cancel) {
    const efd_wait_options options = efd_old_options(deadline_ns, cancel);
    return efd_wait_set_wait_any_with(set, got, &options);
}

#ifdef __cplusplus
}
#endif

/** @endcond */

#endif
