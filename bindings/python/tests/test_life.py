# SPDX-License-Identifier: MIT
"""Nothing leaks: references of Python, its memory, efd's objects (whose ids are the smallest free numbers), descriptors."""

import asyncio
import gc
import os
import sys
import tracemalloc
import weakref

import efd
import efd.aio
import pytest


def refused(call, *arguments, **keywords):
    try:
        call(*arguments, **keywords)
    except (OSError, TypeError, ValueError, OverflowError):
        return
    raise AssertionError("not refused")


def eventfds():
    with efd.eventfd(1, semaphore=True) as e:
        e.signal()
        e.write(3)
        e.read(2, timeout=1)
        e.take()
        repr(e)
        e.fileno()
        assert e.count and e.flags and not e.nonblock and e.arena is None
        refused(e.write, 1.5)
        refused(e.read, 0)
        refused(e.read, colour=1)
    refused(e.read)
    refused(efd.eventfd, -1)
    refused(efd.eventfd, 0, 1 << 30)


def sets():
    with efd.wait_set() as s, efd.eventfd(3) as e, efd.wait_set() as inner:
        number = s.add(e, 2**60)
        s.add(inner, 1)
        s.wait_any()
        refused(s.try_any)
        e.signal()
        s.wait_ready()
        s.remove(number)
        refused(s.remove, number)
        refused(s.add, 1, 1)
        refused(s.wait_all, timeout=0)


def waits():
    token = efd.cancel_token()
    e = efd.eventfd()
    refused(e.read, timeout=0)
    refused(e.read, timeout=0.000001)
    token.request()
    refused(e.read, cancel=token)


def arenas():
    with efd.arena(slots=8) as arena:
        e = arena.make("name", 2)
        arena.find("name").read()
        assert arena.list() == [("name", arena.id(e))]
        s = arena.make_set()
        s.add(e, 4)
        e.signal()
        s.wait_any()
        refused(arena.find, "other")
        refused(arena.make, "name")
        refused(arena.at, 77)
        refused(efd.arena, "no/name")
        arena.remove("name")


def tasks():
    async def main():
        with efd.aio.eventfd() as e:
            reader = asyncio.ensure_future(e.read())
            cancelled = asyncio.ensure_future(e.read())
            await asyncio.sleep(0)
            cancelled.cancel()
            e.write(3)
            await reader

    asyncio.run(main())


@pytest.mark.parametrize(("act", "times"), [(eventfds, 300), (sets, 300), (waits, 300), (arenas, 30), (tasks, 10)])
def test_repetition_leaves_nothing_behind(act, times):
    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    constants = [None, True, False, 0, 1, efd.eventfd, efd.wait_set, efd.arena, efd.cancel_token, efd.event]
    for _ in range(3):
        act()  # what is made once for all
    gc.collect()
    first_id, first_descriptors = efd.eventfd().id, descriptors()
    tracemalloc.start()
    references = [sys.getrefcount(each) for each in constants]
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(times):
        act()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    references = [sys.getrefcount(each) - old for each, old in zip(constants, references, strict=True)]
    tracemalloc.stop()
    assert grown < 10 * times + 3000, f"{grown} bytes more after {times} rounds"
    assert max(map(abs, references)) < times // 2 + 5, references
    assert (efd.eventfd().id, descriptors()) == (first_id, first_descriptors)


def test_an_object_ends_with_its_last_handle():
    e = efd.eventfd()
    seen, number = weakref.ref(e), e.id
    s = efd.wait_set()
    s.add(e, 1)
    del e
    assert seen() is None
    assert efd.eventfd().id != number  # the set keeps the object
    s.close()
    assert efd.eventfd().id == number


def test_results_and_arguments_have_the_references_that_they_should():
    token, value, e, s = efd.cancel_token(), 10**15, efd.eventfd(10**15), efd.wait_set()
    s.add(e, value)
    before = [sys.getrefcount(each) for each in (token, value, e, s)]
    for _ in range(50):
        e.read(cancel=token)
        refused(e.read, timeout=0, cancel=token)
        e.write(value)
        s.wait_any()
        e.write(value)
    assert [sys.getrefcount(each) for each in (token, value, e, s)] == before
    assert sys.getrefcount(e.read()) <= 2
    arena = efd.arena()
    before = sys.getrefcount(arena)
    e = arena.make()
    assert sys.getrefcount(arena) == before + 1
    del e
    assert sys.getrefcount(arena) == before
