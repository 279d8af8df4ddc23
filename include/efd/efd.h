/* SPDX-License-Identifier: MIT */
/* efd/efd.h: the Linux eventfd in user space, for C (C89 and later) and everything that can call C.
 *
 * An efd_t is the object behind an eventfd: a 64-bit count that writers add to and readers take from. An operation
 * enters the kernel only when a thread is asleep. Every behaviour is the kernel's; the K-numbers name the claim
 * in docs/semantics.md that a function answers to. Where a function is called "handler-safe", a signal handler may call
 * it.
 *
 * Functions that return int give 0, or -1 with errno set; errno is kept as it was on success. A null object is EBADF
 * (there is nothing behind the name), a null place for a value is EFAULT, and then nothing has been taken.
 *
 * A call on an object that does not sleep ends wherever other threads are stopped, and once a write or signal has
 * returned no reader sleeps, and no descriptor of the object is silent, because another thread is stopped in one of its
 * own (E7 in docs/races.md). Only making objects, sets and numbers takes a lock.
 *
 * The object is reference-counted. Each efd_create and each efd_get has its efd_put; the last one frees object
 * and id. No function is a thread cancellation point: pthread_cancel neither ends a call nor a sleep in one, and a
 * thread ends at its next point after the call. A sleep that is to be ended from outside takes an efd_cancel_t. A
 * siglongjmp out of a call may take another sleeper's wake with it; descriptors come to say what the count is after
 * some more calls. A thread whose wait has returned may give the last reference back while another one is still inside
 * the efd_write or efd_signal that ended the wait.
 */
#ifndef EFD_EFD_H
#define EFD_EFD_H

/** @file */

#include <efd/version.h>

#include <stddef.h> /* NULL */
#include <stdint.h>
#include <sys/eventfd.h> /* EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC */
#include <sys/uio.h>     /* struct iovec, ssize_t */

#ifdef __cplusplus
extern "C" {
#endif

/** The object; it is made by efd_create, and given back by efd_put. */
typedef struct efd_object efd_t;

/* ---- life -------------------------------------------------------------------------------------------------------- */

/** Among the flags of efd_create and efd_eventfd: children of fork share it, as they share a kernel's eventfd (K-101),
 * and get no copy. No O_* has this bit, and the kernel is never given it. efd_flags does not show it.
 *
 * An object of efd_create then lives in an arena that the process makes for itself and its children (efd/arena.h): the
 * parent, its children and their children signal and wait for it, also after one of them has ended or was killed. What
 * efd/arena.h says of an arena's objects holds: EOPNOTSUPP from efd_fd, efd_wait_queue_add and efd_wait_set_add; a
 * sleeper whose writer was killed looks again, after 50 ms at first, after a second at most; ids are those of the
 * arena, and no smallest number. EFD_NONBLOCK and linger are each process's own. Exec ends it, as all memory. A process
 * has up to 2^20 such objects. Each arena, of 16384, costs two descriptors, which a program that closes all descriptors
 * closes: then the process counts as dead there, and an object that no other process holds may become another one's. In
 * the child of vfork no call of efd is allowed; a child of _Fork, or of a clone without CLONE_VM, first makes such an
 * object.
 *
 * A number of efd_eventfd then is an eventfd of the kernel, and efd_fd_* hand every call on to it: exact in each
 * respect, at the kernel's price. Plain read(2) and write(2), other processes, exec, SCM_RIGHTS, io_uring reach the
 * count too, and nothing marks such a number: one that plain close(2) ended is taken for the eventfd still, also by
 * efd_fd_close, whatever it names by then. EOPNOTSUPP from efd_fd_ctx: there is no object. After exec the number is an
 * eventfd that efd does not know: EBADF from efd_fd_*. */
#define EFD_SHARED 0x20000000

/** Makes an object with count initval and one reference. flags: 0, or any of EFD_SEMAPHORE (read takes one, K-014),
 * EFD_NONBLOCK (efd_read and efd_write say EAGAIN, K-018, K-037), EFD_CLOEXEC (kept, without effect as there is no
 * descriptor), EFD_SHARED. Its id is the smallest non-negative number that no living object of the process has (K-128).
 * NULL with EINVAL: another flag bit (K-002), or initval 2^64-1, which no object can start with (K-005).
 * NULL with ENOMEM: out of memory; nothing is left behind (K-012). With EFD_SHARED also ENOSPC: no memory for an arena,
 * or every slot is taken; EMFILE, ENFILE; ENOSYS: without /proc. Any thread; not handler-safe. */
EFD_C_API efd_t* efd_create(uint64_t initval, int flags) EFD_NOEXCEPT;

/** One more reference; returns its argument. NULL gives NULL with EBADF. Handler-safe. */
EFD_C_API efd_t* efd_get(efd_t* efd) EFD_NOEXCEPT;

/** Gives a reference back. NULL is allowed and does nothing. One put too many stops the program with a sentence, if the
 * place has not been taken by a new object meanwhile. Handler-safe. */
EFD_C_API void efd_put(efd_t* efd) EFD_NOEXCEPT;

/* ---- read and write ---------------------------------------------------------------------------------------------- */

/** Takes the whole count, or one in semaphore mode, into *value (K-013, K-014). At count zero sleeps (K-019), or says
 * EAGAIN with EFD_NONBLOCK (K-018). EINTR: a signal handler without SA_RESTART ran while it slept, and no write had
 * chosen it before (K-093, K-097); nothing was taken. EDEADLK: would sleep inside a wait queue callback.
 * Handler-safe. */
EFD_C_API int efd_read(efd_t* efd, uint64_t* value) EFD_NOEXCEPT;

/** The greatest count that a write can bring about (K-036); only a signal gets one further. */
#define EFD_COUNT_MAX (UINT64_MAX - 1)

/** Adds value (K-031). EINVAL: value is 2^64-1 (K-034). Without room below 2^64-1 sleeps until there is (K-038), or
 * says EAGAIN with EFD_NONBLOCK (K-037). EINTR, EDEADLK as efd_read; then nothing was added. Handler-safe. */
EFD_C_API int efd_write(efd_t* efd, uint64_t value) EFD_NOEXCEPT;

/** @{ */
/** As efd_read and efd_write, but never sleep: EAGAIN instead, whatever the object's flags. Handler-safe. */
EFD_C_API int efd_try_read(efd_t* efd, uint64_t* value) EFD_NOEXCEPT;
EFD_C_API int efd_try_write(efd_t* efd, uint64_t value) EFD_NOEXCEPT;
/** @} */

/** @{ */
/** As efd_read and efd_write, but sleep whatever the object's flags, until CLOCK_MONOTONIC reaches deadline_ns
 * (absolute, nanoseconds), or timeout_ns from now. ETIMEDOUT: it passed, and there still was nothing to take, or no
 * room; a deadline in the past makes one try. A wait that times out takes nothing and costs no other thread a wake.
 * Handler-safe. */
EFD_C_API int efd_read_until(efd_t* efd, uint64_t* value, uint64_t deadline_ns) EFD_NOEXCEPT;
EFD_C_API int efd_write_until(efd_t* efd, uint64_t value, uint64_t deadline_ns) EFD_NOEXCEPT;
EFD_C_API int efd_read_for(efd_t* efd, uint64_t* value, uint64_t timeout_ns) EFD_NOEXCEPT;
EFD_C_API int efd_write_for(efd_t* efd, uint64_t value, uint64_t timeout_ns) EFD_NOEXCEPT;
/** @} */

/** @{ */
/** Takes up to `most` units into *value and leaves the rest: in one call what so many reads of a semaphore would take
 * with no other reader between (K-180). Without EFD_SEMAPHORE as well, where efd_read takes all: then a reader that
 * sleeps is woken for the rest. At zero as efd_read, and the forms are its. EINVAL: most is 0, before anything else but
 * EBADF and EFAULT. On a number of efd_eventfd ask efd_fd_ctx for the object. Handler-safe. */
EFD_C_API int efd_read_some(efd_t* efd, uint64_t* value, uint64_t most) EFD_NOEXCEPT;
EFD_C_API int efd_try_read_some(efd_t* efd, uint64_t* value, uint64_t most) EFD_NOEXCEPT;
EFD_C_API int efd_read_some_until(efd_t* efd, uint64_t* value, uint64_t most, uint64_t deadline_ns) EFD_NOEXCEPT;
EFD_C_API int efd_read_some_for(efd_t* efd, uint64_t* value, uint64_t most, uint64_t timeout_ns) EFD_NOEXCEPT;
/** @} */

/** The deadline that never comes. */
#define EFD_FOREVER UINT64_MAX

/** Adds one, never blocks, saturates at 2^64-1, from where a read takes 2^64-1 (K-133, K-148). EDEADLK: called inside a
 * wait queue callback; nothing was added (K-150): a signal handler that may interrupt one should use
 * efd_signal_deferred or efd_write. Handler-safe. */
EFD_C_API int efd_signal(efd_t* efd) EFD_NOEXCEPT;

/* ---- cancellation ------------------------------------------------------------------------------------------------ */

/** A cancel token ends waits: any number of them, on any objects, in any threads, now and later. */
typedef struct efd_cancel efd_cancel_t;

/** A token, or NULL with ENOMEM. Any thread; not handler-safe. */
EFD_C_API efd_cancel_t* efd_cancel_create(void) EFD_NOEXCEPT;

/** Every wait with this token ends with ECANCELED, unless there was something to take (room to write) when it looked
 * for the last time: it never takes or adds and then says cancelled. Also for waits that begin later. Any thread; not
 * handler-safe. 0, or -1 with EBADF for NULL. */
EFD_C_API int efd_cancel_request(efd_cancel_t* cancel) EFD_NOEXCEPT;

/** Ends the token. No wait that uses it may be in progress, and no request. NULL is allowed and does nothing. Any
 * thread; not handler-safe. */
EFD_C_API void efd_cancel_destroy(efd_cancel_t* cancel) EFD_NOEXCEPT;

/* ---- waiting with options ---------------------------------------------------------------------------------------- */

/** How a call waits. Begin with EFD_WAIT_OPTIONS_INIT, which waits for ever, and as the object's flags say. */
typedef struct efd_wait_options {
    uint64_t deadline_ns; /**< CLOCK_MONOTONIC, absolute; EFD_FOREVER; ETIMEDOUT then, and 0 makes one try */
    efd_cancel_t* cancel; /**< ECANCELED once it is requested; or NULL */
    int blocking;         /**< EFD_BLOCKING_ and so on */
    int owner_death; /**< not 0, of an object of an arena that this process only waits for: EOWNERDEAD once the last
                        process that signals it was killed; see efd_arena_find_waiting */
    uint64_t reserved[2]; /**< 0 */
} efd_wait_options;

#define EFD_BLOCKING_AS_FLAGGED 0 /**< EAGAIN with EFD_NONBLOCK, which a set has not */
#define EFD_BLOCKING_NEVER 1      /**< EAGAIN instead of a sleep */
#define EFD_BLOCKING_ALWAYS 2     /**< whatever the object's flags */
/** For ever, and as the object's flags say. */
#define EFD_WAIT_OPTIONS_INIT {EFD_FOREVER, NULL, EFD_BLOCKING_AS_FLAGGED, 0, {0, 0}}

/** @{ */
/** As efd_read, efd_read_some and efd_write, as the options say; NULL for options: as EFD_WAIT_OPTIONS_INIT. EINVAL:
 * another value of blocking, or a reserved word that is not 0, before anything else but EBADF and EFAULT. Handler-safe
 * without a cancel token. */
EFD_C_API int efd_read_with(efd_t* efd, uint64_t* value, const efd_wait_options* options) EFD_NOEXCEPT;
EFD_C_API int efd_read_some_with(efd_t* efd, uint64_t* value, uint64_t most,
                                 const efd_wait_options* options) EFD_NOEXCEPT;
EFD_C_API int efd_write_with(efd_t* efd, uint64_t value, const efd_wait_options* options) EFD_NOEXCEPT;
/** @} */

/* ---- looking ----------------------------------------------------------------------------------------------------- */

/** What poll(2) would say at this moment, POLLIN, POLLOUT, POLLERR of <poll.h> (K-047 to K-057); -1 with EBADF for
 * NULL. Takes nothing. Handler-safe. */
EFD_C_API int efd_poll(const efd_t* efd) EFD_NOEXCEPT;

/** The count at this moment; 0 for NULL. Handler-safe. */
EFD_C_API uint64_t efd_count(const efd_t* efd) EFD_NOEXCEPT;

/** The id, as "eventfd-id" in fdinfo (K-128); -1 with EBADF for NULL. Handler-safe. */
EFD_C_API int efd_id(const efd_t* efd) EFD_NOEXCEPT;

/** The flags it was made with, EFD_NONBLOCK as it is now; -1 with EBADF for NULL. Handler-safe. */
EFD_C_API int efd_flags(const efd_t* efd) EFD_NOEXCEPT;

/** Turns EFD_NONBLOCK on or off. The next call honours it, one that sleeps does not notice (K-089, K-104).
 * Handler-safe.
 */
EFD_C_API int efd_set_nonblock(efd_t* efd, int on) EFD_NOEXCEPT;

/** How many system calls efd has made to sleep and to wake in this process, so far. Before it rings or silences a
 * descriptor it looks whether the number is its own still: that call is not counted. Handler-safe. */
EFD_C_API uint64_t efd_system_calls(void) EFD_NOEXCEPT;

/* ---- the calls themselves ---------------------------------------------------------------------------------------- */

/* For programs that know eventfd(2): the same calls on the same kind of number, and the count stays in user space. The
 * number is the lowest that was free and names a real kernel descriptor: hand it to poll, select, epoll, io_uring or
 * any event loop, which are notified as with EFD_LEVEL of efd_fd, or EFD_EVERY. Everything else goes through the
 * functions here. Plain read(2) and write(2) on it reach the doorbell, not the count, and so do the kernel's own
 * signallers (a ring's registered eventfd, IOCB_FLAG_RESFD): a loop is woken by them, reads nothing, and after the
 * second such read is woken no more (docs/decisions/0015-every.md has the way that counts); plain close(2) and dup(2)
 * do what they do, but efd does not hear of it: then efd_fd_close says EBADF and leaves alone what bears the number
 * now, the object is kept until the number is given out here again, and until then the other calls take the number for
 * what it was. (If efd_fd_close is the first call here that names the number it closes what bears it now, as close(2)
 * would.) The first other call gives the object a second, close-on-exec number for itself, from 512 upwards if the
 * limit allows; where no number is free it does without.
 *
 * In the child of a fork the same numbers name copies, unless they were made with EFD_SHARED: objects of the child's
 * own, with the count of that moment, and nothing that one process does is seen in the other. fork(2) costs nothing for
 * them: a number gets the child's own file with the first call for it (see efd_renew_descriptors). A child of fork in a
 * program with other threads may call what is handler-safe, a child of vfork nothing. What survives exec is a kernel
 * eventfd without the count. A program started by posix_spawn(3) or vfork shares the file of a number without
 * EFD_CLOEXEC: if it reads there, the descriptor here is silent until the next write that leaves zero or doubles the
 * count.
 *
 * EBADF: the number is not one of efd_eventfd, efd_fd_dup or efd_fd_fcntl, or was closed by efd_fd_close; said before
 * anything else (K-158). */

/** eventfd(2): a descriptor with count initval (K-001, K-005, K-009). EFD_EVERY among the flags: each write is an edge,
 * as efd_fd says; efd_flags does not show it. EFD_SHARED: an eventfd of the kernel, each of whose writes is an edge in
 * any case. EINVAL: another flag bit, before anything is taken (K-002, K-003). EMFILE, ENFILE, ENOMEM as there (K-004),
 * nothing left behind (K-012). Not handler-safe. */
EFD_C_API int efd_eventfd(unsigned initval, int flags) EFD_NOEXCEPT;

/** read(2): 8 with the count, or one in semaphore mode, in the first 8 bytes of buf (K-013 to K-019, K-030). -1 with
 * EINVAL: len below 8, before everything but EFAULT for a range outside user space (K-016, K-024). EAGAIN (K-018).
 * EINTR as efd_read (K-093, K-094). EFAULT: buf is not there; the count has been taken, as in the kernel (K-023,
 * K-025). EDEADLK as efd_read. A buffer on the caller's stack costs no system call; another one may cost one.
 * Handler-safe. */
EFD_C_API ssize_t efd_fd_read(int fd, void* buf, size_t len) EFD_NOEXCEPT;

/** readv(2): one read, its 8 bytes spread over the segments (K-020, K-022). 0 for segments without any bytes, EINVAL
 * for 1 to 7 bytes in all (K-021), for more than 1024 segments, and for lengths beyond SSIZE_MAX. EFAULT also for iov
 * (K-159). Handler-safe. */
EFD_C_API ssize_t efd_fd_readv(int fd, const struct iovec* iov, int iovcnt) EFD_NOEXCEPT;

/** write(2): 8, and the value is added (K-031). -1 with EINVAL: len is not 8 (K-032, K-033), or the value 2^64-1
 * (K-034). EFAULT: after the length, before the value (K-035). EAGAIN (K-037), EINTR (K-095), EDEADLK as efd_write.
 * Handler-safe. */
EFD_C_API ssize_t efd_fd_write(int fd, const void* buf, size_t len) EFD_NOEXCEPT;

/** writev(2): one write for each segment, up to the first that fails; the bytes of those before it, or its error if it
 * was the first (K-041, K-042, K-045). Handler-safe. */
EFD_C_API ssize_t efd_fd_writev(int fd, const struct iovec* iov, int iovcnt) EFD_NOEXCEPT;

/** close(2). Calls that sleep on the descriptor go on, and keep the object (K-090). With the last number of a file its
 * watches end (K-075), and its wait queue hears POLLHUP (K-154). Not handler-safe. */
EFD_C_API int efd_fd_close(int fd) EFD_NOEXCEPT;

/** dup(2): the lowest free number for the same file: count, id and O_NONBLOCK are shared, close-on-exec is off (K-100).
 * EMFILE, ENOMEM. Not handler-safe. */
EFD_C_API int efd_fd_dup(int fd) EFD_NOEXCEPT;

/** fcntl(2), where argument is the third of its arguments, or 0, or a pointer as a long. F_GETFL and F_SETFL see and
 * set O_NONBLOCK of the file, for all its numbers, from the next call on (K-007, K-089, K-104 to K-106); F_SETSIG keeps
 * a number for F_GETSIG, and no signal is ever sent (K-107); F_DUPFD and F_DUPFD_CLOEXEC give a number as efd_fd_dup.
 * All other commands are the kernel's on the number. Handler-safe but for F_DUPFD. */
EFD_C_API int efd_fd_fcntl(int fd, int command, long argument) EFD_NOEXCEPT;

/** ioctl(2): FIONBIO sets O_NONBLOCK of the file as F_SETFL does (K-104); argument points to an int. All others are the
 * kernel's on the number. EFAULT: argument is not there. Handler-safe. */
EFD_C_API int efd_fd_ioctl(int fd, unsigned long request, void* argument) EFD_NOEXCEPT;

/** The object behind the descriptor, with a reference of the caller's (efd_put), as eventfd_ctx_fdget: a signaller
 * needs no descriptor and may outlive it (K-144, K-151). EFD_NONBLOCK of it is the file's O_NONBLOCK. Its efd_fd is the
 * file's own, EFD_LEVEL, and EINVAL once the file is closed. NULL with EBADF, or EOPNOTSUPP for a number with
 * EFD_SHARED. Handler-safe. */
EFD_C_API efd_t* efd_fd_ctx(int fd) EFD_NOEXCEPT;

/** What /proc/self/fdinfo would show of a kernel's eventfd in this state (K-126 to K-130), as snprintf: the text is cut
 * to size bytes with its ending zero, and the whole length is returned. EFAULT: buf is NULL and size is not 0. With
 * EFD_SHARED it is what /proc shows: EMFILE and ENFILE where no number is free to read that with, EOPNOTSUPP without
 * /proc. Not handler-safe. */
EFD_C_API int efd_fd_fdinfo(int fd, char* buf, size_t size) EFD_NOEXCEPT;

/* ---- a descriptor for event loops -------------------------------------------------------------------------------- */

#define EFD_LEVEL 0 /**< readable while the count is above zero */
#define EFD_ARMED 1 /**< one edge for each efd_arm */
#define EFD_EVERY                                                                                                      \
    0x40000000 /**< as EFD_LEVEL, and each write is an edge. Also a flag of efd_eventfd: no O_* has this               \
                    bit, and the kernel is never given it */

/** The descriptor of the object, made when first asked for: close-on-exec, to be watched and not read, closed with the
 * object. The same number each time, unless it was closed by others meanwhile: then a new one. Whatever bears the old
 * number is neither written to nor closed. EFD_LEVEL: poll(2) and its like say of it what efd_poll says, but for
 * POLLERR, once no call that changes the count between zero and not zero is running; the write that leaves zero and the
 * read that reaches zero enter the kernel. A write that leaves zero is an edge for EPOLLET; one above zero is not,
 * unless the library cannot be sure that the ring before it is still there. EFD_ARMED: silent until efd_arm. EFD_EVERY:
 * as EFD_LEVEL, and each write or signal is an edge and wakes one waiter of each epoll, also where nothing was read
 * since the one before (K-060 to K-066, K-073, K-074); where it meets a read, perhaps one edge more. For programs that
 * signal again without draining. Each write enters the kernel then, which is what the other two ways save. EINVAL:
 * another way, or the object has a descriptor of another way. EMFILE, ENFILE, ENOMEM as eventfd(2), nothing left
 * behind. Not handler-safe. */
EFD_C_API int efd_fd(efd_t* efd, int how) EFD_NOEXCEPT;

/** For daemons, after closefrom(3) or the like, and for the child of a fork: makes anew, at once, what efd_fd would
 * make anew at the next call for its object. A descriptor of efd_fd that was closed behind our back gets another
 * number, which efd_fd says, and so do those of a set, which efd_wait_set_fd says; those of efd_eventfd are gone with
 * their close. In the child of a fork all numbers that are open get the child's own files; without this each does when
 * its object is first called for in a way that needs it. So a child that watches an inherited number before it makes
 * any other call for it calls this first. -1 with EMFILE, ENFILE, ENOMEM: the first that could not be made; the others
 * are. Not handler-safe. */
EFD_C_API int efd_renew_descriptors(void) EFD_NOEXCEPT;

/** For an EFD_ARMED descriptor: what of `events` (POLLIN, POLLOUT) holds already; if 0, the next write or signal
 * (POLLIN), or the next read where there was no room (POLLOUT), rings once: one edge. Changes at the same moment may
 * make one edge each. Watch for EPOLLIN in either case, with EPOLLET or a multishot poll, which need no read of the
 * descriptor; other watchers see it ready from the first ring on. EINVAL: no such descriptor, or no events.
 * Handler-safe. */
EFD_C_API int efd_arm(efd_t* efd, unsigned events) EFD_NOEXCEPT;

/* ---- linger ------------------------------------------------------------------------------------------------------ */

#define EFD_LINGER_OFF 0L     /**< not at all */
#define EFD_LINGER_AUTO (-1L) /**< up to the measured price of a sleep */

/** How long a reader looks before it sleeps. EFD_LINGER_OFF (the start value, unless the environment says otherwise:
 * EFD_LINGER=off|auto|MICROSECONDS), EFD_LINGER_AUTO: up to the measured price of a sleep, not on the processor that
 * the last wake came from, ever more rarely while it does not pay; or 1 to 1000000 microseconds. EINVAL: another value.
 * Handler-safe. */
EFD_C_API int efd_set_linger(efd_t* efd, long linger_us) EFD_NOEXCEPT;

/* ---- wait queue -------------------------------------------------------------------------------------------------- */

/** An entry of an object's wait queue: a function that is called for each write or signal (key has POLLIN) or read (key
 * has POLLOUT) whose key meets `mask` (K-156). Set callback, mask, exclusive and context before adding, leave
 * `reserved` to efd. The entry stays yours: keep it until efd_wait_queue_remove returned, or until its callback removed
 * it. An entry that is not exclusive is always called; of the exclusive ones, first come first, those until one returns
 * more than zero. A callback may write, read, add and remove; a call in it that would have to sleep says EDEADLK. It
 * runs in the thread that wrote, signalled or read, or in one that runs this object's callbacks already;
 * never twice at once. It must return: what leaves it by an exception, pthread_exit or a cancellation ends the program,
 * with a sentence, and a longjmp out of it leaves the object without callbacks for good. */
typedef struct efd_wait_queue_entry {
    int (*callback)(struct efd_wait_queue_entry* entry, unsigned key); /**< The function. */
    unsigned mask;                                                     /**< What it is called for. */
    int exclusive;                                                     /**< Whether one of several is enough. */
    void* context;                                                     /**< Yours. */
    union {
        uint64_t space[8];
        void* alignment;
    } reserved; /**< For efd. */
} efd_wait_queue_entry;

/** An entry, not in a queue: efd_wait_queue_entry entry = EFD_WAIT_QUEUE_ENTRY_INIT(on_wake, POLLIN, 0, context); */
#define EFD_WAIT_QUEUE_ENTRY_INIT(callback, mask, exclusive, context)                                                  \
    {                                                                                                                  \
        callback, mask, exclusive, context, {{0}}                                                                      \
    }

/** Adds the entry. If ready is not NULL, *ready is what poll said at the step after which nothing can be missed. The
 * queue holds a reference to the object for each entry. EINVAL: no callback, or added already. ENOMEM. EFAULT: entry is
 * NULL. reserved must be zero the first time, as EFD_WAIT_QUEUE_ENTRY_INIT makes it. Waits for no thread, also where
 * another thread is stopped in a callback; an entry may then hear of a wake that came just before it. Not handler-safe;
 * allowed inside callbacks. */
EFD_C_API int efd_wait_queue_add(efd_t* efd, efd_wait_queue_entry* entry, unsigned* ready) EFD_NOEXCEPT;

/** Removes the entry. After it returned the callback does not run and will not: where another thread runs callbacks of
 * the object, or removes another entry, it waits for that; inside a callback of the object it does not. EINVAL: not in
 * this object's queue. EDEADLK: inside a callback of another object, where it would have to wait; nothing changed,
 * efd_defer it. Not handler-safe. */
EFD_C_API int efd_wait_queue_remove(efd_t* efd, efd_wait_queue_entry* entry) EFD_NOEXCEPT;

/** Removes the entry and reads into *count in one step, as far as its callback can tell (K-152). EAGAIN: the count was
 * zero, and *count is; the entry is removed all the same. EINVAL, EDEADLK as efd_wait_queue_remove; nothing was read.
 * Not handler-safe. */
EFD_C_API int efd_wait_queue_remove_and_read(efd_t* efd, efd_wait_queue_entry* entry, uint64_t* count) EFD_NOEXCEPT;

/** 1, or 0 inside a callback, where efd_signal is refused (K-150). Handler-safe. */
EFD_C_API int efd_signal_allowed(void) EFD_NOEXCEPT;

/** efd_signal for a caller that may be inside a callback, never refused: counts and wakes sleepers at once; callbacks
 * are called when the running one has returned. EBADF for NULL. Handler-safe. */
EFD_C_API int efd_signal_deferred(efd_t* efd) EFD_NOEXCEPT;

/** Work for later: run by the same thread after its outermost callback returned, at once outside a callback. The
 * structure stays yours; keep it until it ran. EFAULT, EINVAL for a null work or callback. Handler-safe if the work is.
 */
typedef struct efd_work {
    void (*callback)(struct efd_work* work); /**< The work. */
    void* reserved;                          /**< For efd. */
} efd_work;
/** Hands the work over, as efd_work says. EFAULT, EINVAL as there. */
EFD_C_API int efd_defer(efd_work* work) EFD_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#include <efd/arena.h>    /* between processes */
#include <efd/wait_set.h> /* many at once */

#endif
