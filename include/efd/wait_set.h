/* SPDX-License-Identifier: MIT */
/* efd/wait_set.h: many objects, one wait, for C; <efd/efd.h> includes it, and says what holds for all functions. */
#ifndef EFD_WAIT_SET_H
#define EFD_WAIT_SET_H

/** @file */

#include <efd/efd.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A set waits on many: objects, other sets, kernel descriptors, up to 2^20 members, each with a token of yours. A
 * waiter pays for what is ready. Any number of threads may wait on one set; members may join and leave meanwhile. No
 * ready member starves. */
typedef struct efd_wait_set efd_wait_set_t;

/** One rule for tokens: an event has the token by which the set that was asked knows its member, whether something was
 * taken or not. */
typedef struct efd_wait_set_event {
    uint64_t token;  /**< as given when the member joined the set that was asked */
    uint64_t value;  /**< what was taken; 0 where nothing is taken */
    uint32_t events; /**< POLLIN for an object or a set, what epoll said for a descriptor */
    uint64_t origin; /**< the token of the object that was taken from, in the set in which that stands; the same as
                        token unless the member is a set and something was taken */
} efd_wait_set_event;

/** A set, or NULL with ENOMEM. Not handler-safe, as all that makes and changes a set. */
EFD_C_API efd_wait_set_t* efd_wait_set_create(void) EFD_NOEXCEPT;
/** All members leave; inside a wait queue callback, those that another thread is busy with leave once it returned.
 * No thread may wait on the set any more. NULL is allowed and does nothing. */
EFD_C_API void efd_wait_set_destroy(efd_wait_set_t* set) EFD_NOEXCEPT;

/** @{ */
/** Joins; gives the number that names the member for efd_wait_set_remove. EBADF for NULL; ENOMEM, also beyond 2^20
 * members. An object, to which the set holds a reference: waits for no thread, and is allowed inside callbacks. A set:
 * what is ready in it is ready here; ELOOP if it, or one that stands in it, would have more than 32
 * sets above it; EINVAL if one would stand inside itself, or if inner has descriptors (add its efd_wait_set_fd then);
 * waits while another thread adds a set anywhere, EDEADLK inside a callback. A descriptor: events as for epoll_ctl(2);
 * EBADF, EEXIST, EPERM, EMFILE as there; EINVAL while the set stands in another; waits while another thread adds or
 * removes one, EDEADLK then inside a callback. A number that is closed before it is removed is reported as long as a
 * duplicate lives, as by epoll, and no longer once it was removed; added again it is another member. */
EFD_C_API int efd_wait_set_add(efd_wait_set_t* set, efd_t* efd, uint64_t token) EFD_NOEXCEPT;
EFD_C_API int efd_wait_set_add_set(efd_wait_set_t* set, efd_wait_set_t* inner, uint64_t token) EFD_NOEXCEPT;
EFD_C_API int efd_wait_set_add_fd(efd_wait_set_t* set, int fd, uint32_t events, uint64_t token) EFD_NOEXCEPT;
/** @} */
/** After it returned no thread takes from that member here: waits for those that do, alone or from all members; of a
 * descriptor also while another thread adds or removes one. EINVAL: no such member, or another thread removes it.
 * EDEADLK: inside a callback, where it would have to wait; nothing has changed. */
EFD_C_API int efd_wait_set_remove(efd_wait_set_t* set, int member) EFD_NOEXCEPT;
/** How many members there are at this moment; EBADF for NULL. */
EFD_C_API int efd_wait_set_size(const efd_wait_set_t* set) EFD_NOEXCEPT;

/** @{ */
/** Takes from one ready member, as efd_read does: the next in turn. Sleeps until deadline_ns (CLOCK_MONOTONIC,
 * absolute; EFD_FOREVER; 0 makes one try), or as the options say (NULL: for ever). EAGAIN from efd_wait_set_try_any and
 * with EFD_BLOCKING_NEVER, ETIMEDOUT, ECANCELED, EINTR (with descriptors among the members after any handler): nothing
 * was taken. EDEADLK: would sleep inside a wait queue callback. EINVAL: a wrong value of blocking, or a reserved word
 * that is not 0, before anything else but EBADF and EFAULT. Handler-safe without a cancel token. */
EFD_C_API int efd_wait_set_try_any(efd_wait_set_t* set, efd_wait_set_event* got) EFD_NOEXCEPT;
EFD_C_API int efd_wait_set_wait_any(efd_wait_set_t* set, efd_wait_set_event* got, uint64_t deadline_ns) EFD_NOEXCEPT;
EFD_C_API int efd_wait_set_wait_any_with(efd_wait_set_t* set, efd_wait_set_event* got,
                                         const efd_wait_options* options) EFD_NOEXCEPT;
/** @} */

/** @{ */
/** Looks, takes nothing: fills room with ready members, and gives how many. EINVAL: no room. Else as
 * efd_wait_set_wait_any. */
EFD_C_API int efd_wait_set_wait_ready(efd_wait_set_t* set, efd_wait_set_event* events, int room,
                                      uint64_t deadline_ns) EFD_NOEXCEPT;
EFD_C_API int efd_wait_set_wait_ready_with(efd_wait_set_t* set, efd_wait_set_event* events, int room,
                                           const efd_wait_options* options) EFD_NOEXCEPT;
/** @} */

/** @{ */
/** Takes from every member in one step, or from none; gives how many events there are. efd_wait_set_try_all says EAGAIN
 * where a member is not ready, and does not wait. A member that leaves meanwhile may be
 * left out. EINVAL: no members, no room for all, a member that is no object, or an object that joined twice.
 * EOPNOTSUPP: two or more objects once had a count of 2^27 or more. EDEADLK: inside a wait queue callback. Else as
 * efd_wait_set_wait_any. Not handler-safe. No call on an object, and none that adds a member, waits for a thread that
 * is stopped in the midst of this one, unless an object once had such a count. */
EFD_C_API int efd_wait_set_try_all(efd_wait_set_t* set, efd_wait_set_event* events, int room) EFD_NOEXCEPT;
EFD_C_API int efd_wait_set_wait_all(efd_wait_set_t* set, efd_wait_set_event* events, int room,
                                    uint64_t deadline_ns) EFD_NOEXCEPT;
EFD_C_API int efd_wait_set_wait_all_with(efd_wait_set_t* set, efd_wait_set_event* events, int room,
                                         const efd_wait_options* options) EFD_NOEXCEPT;
/** @} */

/** A descriptor that is readable while a member is ready, for any event loop. As efd_fd with EFD_LEVEL; one that was
 * closed behind our back gets another number, of a set with kernel descriptors with its next call that needs it. */
EFD_C_API int efd_wait_set_fd(efd_wait_set_t* set) EFD_NOEXCEPT;
/** How long a waiter looks before it sleeps; as efd_set_linger for an object. */
EFD_C_API int efd_wait_set_set_linger(efd_wait_set_t* set, long linger_us) EFD_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#ifndef EFD_NO_OLD_NAMES
#include <efd/old_names.h>
#endif

#endif
