# SPDX-License-Identifier: MIT
"""bindings/python/bench/rows.py: the rows of bench.py: the ways to signal, what is done with them, and each row's subjects.

A peer of a subject is a thread, or a process of fork that dies with this one. One thread measures.
"""

import asyncio
import ctypes
import faulthandler
import functools
import itertools
import mmap
import multiprocessing
import os
import queue
import signal
import threading

import efd
import efd.aio

PR_SET_PDEATHSIG = 1
FORK = multiprocessing.get_context("fork")


# ---- What is called: one class for each way to signal, with the same two calls.


class kernel_count:
    """An eventfd of the kernel, through os."""

    def __init__(self):
        self._fd = os.eventfd(0)
        self.signal = functools.partial(os.eventfd_write, self._fd, 1)
        self.wait = functools.partial(os.eventfd_read, self._fd)

    def fileno(self):
        return self._fd

    def close(self):
        os.close(self._fd)


class efd_count:
    """A private object."""

    def __init__(self):
        self.object = efd.eventfd()
        self.signal, self.wait, self.close = self.object.signal, self.object.read, self.object.close


class arena_count:
    """An object of an arena: all in one, as programs do it."""

    arena = None

    def __init__(self):
        if arena_count.arena is None:
            arena_count.arena = efd.arena()
        self.object = arena_count.arena.make()
        self.signal, self.wait, self.close = self.object.signal, self.object.read, self.object.close


class semaphore_count:
    """A semaphore of threading or multiprocessing."""

    def __init__(self, made):
        self.signal, self.wait, self.close = made.release, made.acquire, lambda: None


class event_flag:
    """An Event of threading or multiprocessing: a flag, no count; a wait here also clears it, as a read does."""

    def __init__(self, made):
        self.signal, self.close = made.set, lambda: None
        self._wait, self._clear = made.wait, made.clear

    def wait(self):
        self._wait()
        self._clear()


# ---- One subject of a row: `run(n)` does it n times.


class repeated:
    """Calls on one object, in this thread."""

    def __init__(self, make, *calls):
        self._object = make()
        self._calls = [getattr(self._object, call) for call in calls]

    def run(self, times):
        if len(self._calls) == 1:
            (first,) = self._calls
            for _ in itertools.repeat(None, times):
                first()
        else:
            first, second = self._calls
            for _ in itertools.repeat(None, times):
                first()
                second()

    def close(self):
        self._object.close()


def processors():
    return sorted(os.sched_getaffinity(0))


class echo:
    """Another thread or process that answers each signal of `request` with one of `reply`, until it is closed."""

    def __init__(self, make, in_process, processor=None):
        self.request, self.reply = make(), make()
        self._is_over = mmap.mmap(-1, mmap.PAGESIZE)
        parts = {"target": self._answer, "args": (processor,), "daemon": True}
        self._peer = FORK.Process(**parts) if in_process else threading.Thread(**parts)
        self._peer.start()

    def _answer(self, processor):
        if isinstance(self._peer, FORK.Process):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            faulthandler.cancel_dump_traceback_later()
        if processor is not None:
            os.sched_setaffinity(0, {processor})
        wait, answer, is_over = self.request.wait, self.reply.signal, self._is_over
        while True:
            wait()
            if is_over[0]:
                return
            answer()

    def close(self):
        self._is_over[0] = 1
        self.request.signal()
        self._peer.join()
        for one in self.request, self.reply:
            one.close()


class round_trip:
    """Both sides sleep in turn; each on the processor that is said."""

    def __init__(self, make, in_process=False, own=None, peer=None):
        self._before = os.sched_getaffinity(0)
        self._own = own
        self._peer = echo(make, in_process, peer)

    def run(self, times):
        if self._own is not None:
            os.sched_setaffinity(0, {self._own})
        request, wait = self._peer.request.signal, self._peer.reply.wait
        for _ in itertools.repeat(None, times):
            request()
            wait()
        os.sched_setaffinity(0, self._before)

    def close(self):
        self._peer.close()


class loop_trip:
    """An event loop that signals, and awaits the answer of another thread or process."""

    def __init__(self, make, in_process=False):
        self._peer = echo(make, in_process)
        self._loop = asyncio.new_event_loop()

    def run(self, times):
        self._loop.run_until_complete(self._trips(times))

    async def _trips(self, times):
        request, awaited = self._peer.request.signal, self.awaited
        for _ in itertools.repeat(None, times):
            request()
            await awaited()

    async def awaited(self):
        return await efd.aio.read(self._peer.reply.object)

    def close(self):
        self._peer.close()
        self._loop.close()


class kernel_loop_trip(loop_trip):
    """The loop watches the eventfd of the kernel; its callback reads and wakes the task."""

    def __init__(self, make, in_process=False):
        super().__init__(make, in_process)
        self._answered = None
        self._loop.add_reader(self._peer.reply.fileno(), self._on_ready)

    def _on_ready(self):
        self._answered.set_result(self._peer.reply.wait())

    def awaited(self):
        self._answered = self._loop.create_future()
        return self._answered

    def close(self):
        self._loop.remove_reader(self._peer.reply.fileno())
        super().close()


class executor_loop_trip(loop_trip):
    """A thread of the loop's executor sleeps for it, as with all that has no descriptor."""

    def awaited(self):
        return self._loop.run_in_executor(None, self._peer.reply.wait)

    def close(self):
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        super().close()


class call_soon_loop_trip:
    """A thread that answers by loop.call_soon_threadsafe, Python's own way between threads of one process."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._asked = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self):
        while (future := self._asked.get()) is not None:
            self._loop.call_soon_threadsafe(future.set_result, None)

    def run(self, times):
        self._loop.run_until_complete(self._trips(times))

    async def _trips(self, times):
        for _ in itertools.repeat(None, times):
            future = self._loop.create_future()
            self._asked.put(future)
            await future

    def close(self):
        self._asked.put(None)
        self._thread.join()
        self._loop.close()


# ---- The rows.

SEMAPHORES = {
    "mp_semaphore": lambda: semaphore_count(FORK.Semaphore(0)),
    "mp_event": lambda: event_flag(FORK.Event()),
}
THREADS = {
    "threading_semaphore": lambda: semaphore_count(threading.Semaphore(0)),
    "threading_event": lambda: event_flag(threading.Event()),
}
LOSS_CALL = "Python's call is most of the time; a semaphore counts one at a time, and has no descriptor, deadline or set"
LOSS_SLEEP = "Both sides sleep each time: the sleep, the wake and Python's own work are the cost, and no object spares them"


class row:
    """A name, a unit, and its subjects: how each is made, by name."""

    def __init__(self, name, title, subjects, note="", loss=""):
        self.name, self.title, self.subjects, self.note, self.loss = name, title, subjects, note, loss


def calls_of(*calls):
    makers = {"kernel": kernel_count, "efd": efd_count, "efd_arena": arena_count, **SEMAPHORES, **THREADS}
    return {name: (lambda make=make: repeated(make, *calls)) for name, make in makers.items()}


def trips_between_processes(own, peer):
    makers = {"kernel": kernel_count, "efd": arena_count, **SEMAPHORES}
    return {name: (lambda make=make: round_trip(make, True, own, peer)) for name, make in makers.items()}


def all_rows():
    trips = {"kernel": kernel_count, "efd": efd_count, **THREADS}
    first, last = processors()[0], processors()[-1]
    return [
        row("py_signal_idle", "signal, nobody waits", calls_of("signal"), "events: set(), of one that is set", LOSS_CALL),
        row("py_write_read", "signal and read", calls_of("signal", "wait"), "events: set(), wait(), clear()", LOSS_CALL),
        row(
            "py_pingpong_threads",
            "round trip, two threads",
            {name: (lambda make=make: round_trip(make)) for name, make in trips.items()},
            "on whatever processors they get; one thread at a time has the GIL",
            "signal() keeps the GIL, for which the thread that it wakes waits a second time; os.eventfd_write gives it up first",
        ),
        row(
            "py_pingpong_same_core",
            "round trip, two processes, one processor",
            trips_between_processes(first, first),
            "efd: objects of an arena",
            LOSS_SLEEP,
        ),
        row(
            "py_pingpong_two_cores",
            "round trip, two processes, two processors" if first != last else "",
            trips_between_processes(first, last),
            "efd: objects of an arena",
            LOSS_SLEEP,
        ),
        row(
            "py_asyncio_thread",
            "round trip, a loop and a thread",
            {
                "kernel": lambda: kernel_loop_trip(kernel_count),
                "efd": lambda: loop_trip(efd_count),
                "call_soon": call_soon_loop_trip,
                "executor": lambda: executor_loop_trip(THREADS["threading_semaphore"]),
            },
            "kernel: add_reader(); call_soon: call_soon_threadsafe(); executor: run_in_executor() of a semaphore",
            "signal() also writes to the descriptor that the loop watches, and keeps the GIL, for which the loop then waits",
        ),
        row(
            "py_asyncio_process",
            "round trip, a loop and a process",
            {
                "kernel": lambda: kernel_loop_trip(kernel_count, True),
                "efd": lambda: loop_trip(arena_count, True),
                "executor": lambda: executor_loop_trip(SEMAPHORES["mp_semaphore"], True),
            },
            "efd: objects of an arena, for which a thread waits; executor: run_in_executor() of mp_semaphore",
            "A thread waits for the loop, and wakes it by a descriptor: one wake more than where the kernel wakes the loop",
        ),
    ]
