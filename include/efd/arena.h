/* SPDX-License-Identifier: MIT */
/* efd/arena.h: eventfds in memory that several processes share, for C; <efd/efd.h> includes it, and says what holds for
 * all functions. docs/share.md says what a killed or a hostile peer can do. */
#ifndef EFD_ARENA_H
#define EFD_ARENA_H

/** @file */

#include <efd/efd.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An arena has objects that every process which holds it can signal and wait for, without a descriptor for each. An
 * object has a name, or an id that fits into a ring beside the data; the handle is an efd_t, and what reads, writes and
 * waits does so as for any other, but for efd_fd, wait queues, and sets that are not the arena's own (efd_arena_set),
 * which say EOPNOTSUPP. A child of fork has its
 * parent's arenas and objects. Nothing here is handler-safe. */
typedef struct efd_arena efd_arena_t;
struct efd_wait_set; /* efd_wait_set_t */

/** How large an arena is, for good, and who may open it. Zero stands for what is usual, so {0} is valid. */
typedef struct efd_arena_options {
    uint32_t slots;         /**< objects at once: 1024, up to 2^27 */
    uint32_t processes;     /**< that hold it at once: 64, up to 1024 */
    uint32_t names;         /**< of objects at once: as many as slots, 4096 at most; up to 2^20 */
    uint32_t mode;          /**< which users may attach: 0600 */
    int sparse;             /**< not 0: memory is taken at first use, and a machine without any ends the program */
    uint32_t first_look_ms; /**< how soon a sleeper looks by itself, in case its writer was killed: 50;
                               EFD_ARENA_NO_LOOK: it does not */
    uint32_t last_look_ms;  /**< later looks come after twice as long, up to this: 1000, up to 60000; not less than
                               first_look_ms */
    uint32_t sets;          /**< at once, of all processes: 16, up to 1024 */
    uint32_t reserved[4];   /**< 0 */
} efd_arena_options;

/** Of first_look_ms: no sleeper looks by itself. One beside a unit whose writer was killed sleeps until the next
 * write. */
#define EFD_ARENA_NO_LOOK UINT32_MAX

/** What memory of others is accepted beyond sealed memory of the own user. Zero is the narrowest. */
typedef struct efd_arena_trust {
    int unsealed;         /**< not 0: also memory that its holders can make smaller, which ends this program (SIGBUS) */
    int other_owner;      /**< not 0: also memory of another user */
    uint32_t mode;        /**< nobody beyond this mode may be able to write to it: 0600 */
    uint32_t reserved[5]; /**< 0 */
} efd_arena_trust;

/** @{ */
/** A new arena; name: NULL, for children of fork and for efd_arena_send, or 1 to 47 letters, digits, '.', '_' and '-',
 * no '.' in front. options: NULL, or as they say. NULL with errno, and efd_arena_refusal says what to do: EINVAL,
 * ENOMEM, EMFILE, ENFILE, ENOSYS (no /proc); ENOSPC: the machine or the cgroup has not as much memory; EEXIST: a living
 * process holds an arena of that name; ETIMEDOUT: another keeps the name's lock; EACCES: the directory of names is open
 * to others. */
EFD_C_API efd_arena_t* efd_arena_create(const char* name, const efd_arena_options* options) EFD_NOEXCEPT;
/** The arena that living processes of this user hold under that name. trust: NULL, or what it says. NULL with errno as
 * efd_arena_create and efd_arena_attach, and: ENOENT: no living process holds one; EXDEV, EACCES: they live in another
 * pid namespace, or belong to another user, and can only send it; EFAULT: no name. */
EFD_C_API efd_arena_t* efd_arena_open(const char* name, const efd_arena_trust* trust) EFD_NOEXCEPT;
/** As efd_arena_open, or as efd_arena_create where there is none. */
EFD_C_API efd_arena_t* efd_arena_open_or_create(const char* name, const efd_arena_options* options,
                                                const efd_arena_trust* trust) EFD_NOEXCEPT;
/** The arena of a descriptor that came from elsewhere, which stays the caller's. Looked at before the memory is
 * touched: EPERM: not sealed; EINVAL: no memory of that kind, or no arena; EACCES: read-only, another owner, open to
 * others; EIO: a forged header or size; ENOTSUP: another layout or byte order; EUSERS: as many processes as it was made
 * for hold it. */
EFD_C_API efd_arena_t* efd_arena_attach(int fd, const efd_arena_trust* trust) EFD_NOEXCEPT;
/** A new arena in a part of a memfd that the caller shares with its peers already; offset: a multiple of the page. What
 * stands there is overwritten. EINVAL also: the file ends before it. */
EFD_C_API efd_arena_t* efd_arena_place(int fd, uint64_t offset, const efd_arena_options* options,
                                       const efd_arena_trust* trust) EFD_NOEXCEPT;
/** The arena that was placed there; as efd_arena_attach. */
EFD_C_API efd_arena_t* efd_arena_attach_at(int fd, uint64_t offset, const efd_arena_trust* trust) EFD_NOEXCEPT;
/** @} */

/** @{ */
/** Sends the arena over a unix socket, in one message; receives such a message, with all looks of efd_arena_attach.
 * They wait where the socket blocks. ENOTSOCK, EAGAIN, EPIPE, EBADMSG (another message), EMFILE. */
EFD_C_API int efd_arena_send(efd_arena_t* arena, int socket) EFD_NOEXCEPT;
EFD_C_API efd_arena_t* efd_arena_receive(int socket, const efd_arena_trust* trust) EFD_NOEXCEPT;
/** @} */

/** Gives the arena back; objects that this process holds keep the memory. NULL is allowed and does nothing. */
EFD_C_API void efd_arena_close(efd_arena_t* arena) EFD_NOEXCEPT;

/** Why this thread's last call of a function above failed, and what to do: one line, never NULL, good for ever. */
EFD_C_API const char* efd_arena_refusal(void) EFD_NOEXCEPT;

/** A new object, with one reference; flags as efd_create. Without a name it lives as long as a living process holds a
 * reference; with one (1 to 47 bytes) until the name is removed as well. NULL with EBADF; EINVAL: as efd_create, or the
 * name; ENOSPC: every slot, or every name, is in use; EEXIST; ETIMEDOUT: a process keeps the lock of names; ESTALE:
 * this process counts as dead here, since its life line was closed (closefrom). */
EFD_C_API efd_t* efd_arena_make(efd_arena_t* arena, const char* name, uint64_t initval, int flags) EFD_NOEXCEPT;
/** The object of that name, with one more reference. NULL with EBADF; EFAULT: no name; EINVAL: a name of another
 * length; ENOENT: no object has it; ETIMEDOUT and ESTALE as efd_arena_make. */
EFD_C_API efd_t* efd_arena_find(efd_arena_t* arena, const char* name) EFD_NOEXCEPT;
/** The object of that id, with one more reference. NULL with EBADF; ESTALE: it is gone, and its slot may have another
 * one; or as efd_arena_make says. */
EFD_C_API efd_t* efd_arena_at(efd_arena_t* arena, uint64_t id) EFD_NOEXCEPT;
/** @{ */
/** As efd_arena_find and efd_arena_at, by a process that only waits for the object: waiters with owner_death of
 * efd_wait_options do not count on it. */
EFD_C_API efd_t* efd_arena_find_waiting(efd_arena_t* arena, const char* name) EFD_NOEXCEPT;
EFD_C_API efd_t* efd_arena_at_waiting(efd_arena_t* arena, uint64_t id) EFD_NOEXCEPT;
/** @} */
/** A set of the arena: it takes objects of the arena as well as private objects and private sets, and a process that
 * writes to one of them wakes the threads that wait on the set. It belongs to this process: in a child of fork all
 * calls say ESTALE, but for efd_wait_set_destroy. An object of the arena stands in up to 4 sets: ENOSPC from
 * efd_wait_set_add. efd_wait_set_wait_all with an object of the arena, and a place in another set: EOPNOTSUPP. Its
 * waits say EIO, too, beside a peer that never stops changing what they look at, and ESTALE as efd_arena_make; so do
 * efd_wait_set_fd and efd_wait_set_add_fd, which say EOPNOTSUPP without /proc. The descriptor of efd_wait_set_fd is
 * readable while a member is ready, and until a try has said EAGAIN; also once after the last process that has
 * signalled a member is gone. Some processes do not make it readable: docs/share.md. NULL with EBADF, ENOMEM, ESTALE;
 * ENOSPC: every set of the arena has a living owner. */
EFD_C_API struct efd_wait_set* efd_arena_set(efd_arena_t* arena) EFD_NOEXCEPT;
/** The id of an object of this arena, for efd_arena_at in any process that holds the arena. 0 with EBADF for NULL,
 * EINVAL for an object of elsewhere. */
EFD_C_API uint64_t efd_arena_id(const efd_arena_t* arena, const efd_t* efd) EFD_NOEXCEPT;
/** Takes the name away; the object lives as long as somebody holds it. Errors as efd_arena_find. */
EFD_C_API int efd_arena_remove(efd_arena_t* arena, const char* name) EFD_NOEXCEPT;
/** Calls back for each name of this moment, and gives how many. The callback may call everything; the name is good
 * until it returns. EBADF, EFAULT: no callback, ENOMEM, ETIMEDOUT, ESTALE. */
EFD_C_API int efd_arena_list(efd_arena_t* arena, void (*callback)(const char* name, uint64_t id, void* context),
                             void* context) EFD_NOEXCEPT;
/** Frees what killed processes have held; gives how many these were. efd_arena_make does so by itself where it is out
 * of slots. EBADF, ESTALE. */
EFD_C_API int efd_arena_reap(efd_arena_t* arena) EFD_NOEXCEPT;

/** The descriptor of the memory, to be passed on; it stays the arena's. EBADF. */
EFD_C_API int efd_arena_fd(const efd_arena_t* arena) EFD_NOEXCEPT;
/** Objects at once. EBADF. */
EFD_C_API int efd_arena_slots(const efd_arena_t* arena) EFD_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
