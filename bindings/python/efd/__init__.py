# SPDX-License-Identifier: MIT
"""The Linux eventfd in user space, for Python.

    import efd

    done = efd.eventfd()        # in any thread: done.signal(), done.write(5); and here: n = done.read()

An efd.eventfd is a count that writers add to and readers take from. A system call is made only when somebody sleeps. Waits
let go of the GIL, and a signal handler that raises (Ctrl-C) ends them. Errors are OSError with errno and its subclasses:
BlockingIOError, TimeoutError, FileNotFoundError.

efd.wait_set waits for many; efd.arena has objects that several processes share; efd.aio is for asyncio. docs/python.md
is the guide.
"""

import copyreg as _copyreg

from ._efd import (
    EFD_ARENA_NO_LOOK, EFD_ARMED, EFD_CLOEXEC, EFD_EVERY, EFD_LEVEL, EFD_LINGER_AUTO, EFD_LINGER_OFF, EFD_NONBLOCK,
    EFD_SEMAPHORE, EFD_SHARED, __version__, arena, cancel_token, event, eventfd, renew_descriptors, system_calls,
    wait_set
)

__all__ = [
    "EFD_ARENA_NO_LOOK", "EFD_ARMED", "EFD_CLOEXEC", "EFD_EVERY", "EFD_LEVEL", "EFD_LINGER_AUTO", "EFD_LINGER_OFF",
    "EFD_NONBLOCK", "EFD_SEMAPHORE", "EFD_SHARED", "arena", "cancel_token", "event", "eventfd", "renew_descriptors",
    "system_calls", "wait_set"
]


def _attached(passed):
    import os

    fd = passed.detach()
    try:
        return arena.attach(fd)
    finally:
        os.close(fd)


def _reduce_arena(shared):
    """For multiprocessing: an arena with a name is opened by it, one without goes as a descriptor."""
    if shared.name is not None:
        return arena.open, (shared.name,)
    from multiprocessing import context, reduction

    if context.get_spawning_popen() is None:
        raise TypeError("an efd.arena without a name can be given to a process at its start, and not be pickled otherwise")
    return _attached, (reduction.DupFd(shared.fileno()),)


def _reduce_eventfd(handle):
    """For multiprocessing: an object of an arena goes as that arena and its id."""
    if handle.arena is None:
        raise TypeError("an efd.eventfd belongs to its process; for another process make it in an efd.arena, or for a "
                        "child of fork with shared=True")
    return arena.at, (handle.arena, handle.arena.id(handle))


def _refuse(handle):
    raise TypeError(f"an {type(handle).__module__}.{type(handle).__qualname__} belongs to its process and cannot be pickled")


_copyreg.pickle(arena, _reduce_arena)
_copyreg.pickle(eventfd, _reduce_eventfd)
_copyreg.pickle(wait_set, _refuse)
_copyreg.pickle(cancel_token, _refuse)
