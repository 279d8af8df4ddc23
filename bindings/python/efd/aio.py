# SPDX-License-Identifier: MIT
"""efd.aio: eventfds in asyncio.

    done = efd.aio.eventfd()
    n = await done.read()           # or: n = await efd.aio.read(an_efd_eventfd)

Nothing is taken on behalf of a task that does not run: the loop only wakes a task, and the task takes. So a cancelled
read has taken nothing, and passes its wake on to the next. Tasks are served first come, first served.

An object of the process is watched through its descriptor. One of an arena has none: one thread for each loop and arena
waits in a set of the arena while tasks wait, and looks without taking.
"""

import asyncio
import collections
import errno
import threading
import weakref

from ._efd import eventfd as _eventfd

__all__ = ["eventfd", "read"]

_POKE = 0  # the token of the object that ends a thread's wait


class _descriptor_source:
    """Calls back in the loop while the object is readable: through its descriptor."""

    def __init__(self, loop, handle, ready):
        self._loop = loop
        self._fd = handle.fileno()
        loop.add_reader(self._fd, ready)

    def close(self):
        self._loop.remove_reader(self._fd)


class _arena_thread:
    """Waits in a set of the arena, and lets the loop call back for what is ready; ends with its last member."""

    def __init__(self, loop, arena):
        self._loop = loop
        self._arena = arena
        self._set = arena.make_set()
        self._poke = _eventfd()
        self._handled = _eventfd()
        self._set.add(self._poke, _POKE)
        self._members = {}  # token: (number in the set, callback); changed by the loop alone
        self._next_token = _POKE + 1
        self.is_ended = False
        threading.Thread(target=self._run, name="efd.aio", daemon=True).start()

    def add(self, handle, ready):
        token = self._next_token
        self._next_token += 1
        try:
            self._members[token] = (self._set.add(handle, token), ready)
        except OSError:
            if not self._members:
                self.end()
            raise
        return token

    def remove(self, token):
        number, _ = self._members.pop(token)
        self._set.remove(number)
        if not self._members:
            self.end()

    def end(self):
        """Called by the loop. The thread gives the set back when it has noticed."""
        self.is_ended = True
        _of_loop(self._loop).threads.pop(self._arena, None)
        self._poke.signal()
        self._handled.signal()

    def _run(self):
        while not self.is_ended:
            tokens = [event.token for event in self._set.wait_ready() if event.token != _POKE]
            if self.is_ended or not tokens:
                continue
            try:
                self._loop.call_soon_threadsafe(self._deliver, tokens)
            except RuntimeError:  # the loop is closed
                return
            self._handled.read()

    def _deliver(self, tokens):
        for token in tokens:
            if token in self._members:
                self._members[token][1]()
        self._loop.call_soon(self._handled.signal)  # behind the tasks that were woken


class _arena_source:
    """Calls back in the loop while the object is readable: through a set of its arena."""

    def __init__(self, loop, handle, ready):
        threads = _of_loop(loop).threads
        if handle.arena not in threads:
            threads[handle.arena] = _arena_thread(loop, handle.arena)
        self._thread = threads[handle.arena]
        self._token = self._thread.add(handle, ready)

    def close(self):
        self._thread.remove(self._token)


class _watch:
    """The tasks of one loop that wait for one object, and the source that calls back while any does."""

    def __init__(self, loop, handle):
        self._loop = loop
        self._handle = handle
        self._waiters = collections.deque()
        self._source = None
        self._woken = None  # the task's future that was woken and has not run yet

    async def read(self, most):
        if not self._waiters:
            taken = self._handle.take(most)
            if taken:
                return taken
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        taken = 0
        try:
            if self._source is None:
                source = _descriptor_source if self._handle.arena is None else _arena_source
                self._source = source(self._loop, self._handle, self._ready)
            while True:
                await waiter
                taken = self._handle.take(most)
                if taken:
                    return taken
                self._woken = None  # another thread or process was faster: wait again, still first in the row
                self._waiters[0] = waiter = self._loop.create_future()
        finally:
            self._leave(waiter, is_successful=bool(taken))

    def _ready(self):
        """The object is readable, or was a moment ago: one task may try."""
        if self._woken is not None:
            return
        if self._handle.closed:
            self._fail_all()
        elif not self._waiters:
            self._unwatch()
        elif self._handle.count:
            self._woken = self._waiters[0]
            if not self._woken.done():
                self._woken.set_result(None)

    def _leave(self, waiter, is_successful):
        self._waiters.remove(waiter)
        if self._woken is waiter:
            self._woken = None
        if not self._waiters:
            if is_successful:
                self._loop.call_soon(self._unwatch)  # the task often comes back at once
            else:
                self._unwatch()
        elif self._waiters and not self._handle.closed and self._handle.count:
            self._ready()  # what is left is for the next

    def _unwatch(self):
        if not self._waiters:
            self._end()

    def _end(self):
        watches = _of_loop(self._loop).watches
        if watches.get(self._handle) is self:
            del watches[self._handle]
        if self._source is not None:
            source, self._source = self._source, None
            source.close()

    def close(self):
        """Before the handle is closed: the descriptor is taken from the loop, and tasks that wait hear of it."""
        self._fail_all()
        self._end()

    def _fail_all(self):
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(OSError(errno.EBADF, "the eventfd was closed"))


class _loop_state:
    def __init__(self):
        self.watches = {}  # eventfd: _watch, while tasks wait
        self.threads = weakref.WeakKeyDictionary()  # arena: _arena_thread


_states = weakref.WeakKeyDictionary()


def _of_loop(loop):
    state = _states.get(loop)
    if state is None:
        state = _states[loop] = _loop_state()
    return state


async def read(handle, most=None):
    """What handle.read(most) returns, without blocking the loop. Cancelled, it has taken nothing.

    Any number of tasks may read one object. OSError with ENOSPC if the object or its arena has no room for another set.
    """
    loop = asyncio.get_running_loop()
    watches = _of_loop(loop).watches
    watch = watches.get(handle)
    if watch is None:
        taken = handle.take(most)
        if taken:
            return taken
        watch = watches[handle] = _watch(loop, handle)
    return await watch.read(most)


class eventfd:
    """An efd.eventfd whose read() is awaited. eventfd.of(handle) is one for an object that exists already.

    signal(), write() and take() do not sleep, and may be called by any thread.
    """

    def __init__(self, initval=0, flags=0, *, semaphore=False):
        self.handle = _eventfd(initval, flags, semaphore=semaphore)

    @classmethod
    def of(cls, handle):
        made = cls.__new__(cls)
        made.handle = handle
        return made

    async def read(self, most=None):
        """As efd.aio.read(self.handle, most)."""
        return await read(self.handle, most)

    def signal(self):
        """Adds one."""
        self.handle.signal()

    def write(self, value=1):
        """Adds value; BlockingIOError where the count has no room for it."""
        self.handle.try_write(value)

    def take(self, most=None):
        """What can be taken now, or 0."""
        return self.handle.take(most)

    @property
    def count(self):
        """The count at this moment."""
        return self.handle.count

    def close(self):
        """Closes the handle; reads that wait in this loop raise OSError with EBADF."""
        try:
            state = _of_loop(asyncio.get_running_loop())
        except RuntimeError:  # outside of a loop no task waits
            state = None
        if state is not None and self.handle in state.watches:
            state.watches[self.handle].close()
        self.handle.close()

    def __aiter__(self):
        return self

    async def __anext__(self):
        return await self.read()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exception):
        self.close()
