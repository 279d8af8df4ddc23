# SPDX-License-Identifier: MIT
"""asyncio: tasks are served in turn, a cancelled read has taken nothing, and no unit is lost; for objects of the process and
of an arena alike."""

import asyncio
import errno
import threading

import efd
import efd.aio
import pytest
from conftest import BOUND


@pytest.fixture(params=["process", "arena"])
def handle(request):
    return efd.eventfd() if request.param == "process" else efd.arena().make()


@pytest.fixture(params=["process", "arena"])
def permits(request):
    return efd.eventfd(semaphore=True) if request.param == "process" else efd.arena().make(semaphore=True)


def run(main):
    return asyncio.run(asyncio.wait_for(main, BOUND))


async def turns(number=3):
    for _ in range(number):
        await asyncio.sleep(0)


def test_a_read_takes_what_is_there_or_waits_for_it(handle):
    async def main():
        e = efd.aio.eventfd.of(handle)
        handle.write(2)
        assert await e.read() == 2
        for _ in range(3):
            reader = asyncio.create_task(e.read())
            await turns()
            assert not reader.done()
            e.write(3)
            assert await reader == 3

    run(main())


def test_another_thread_wakes_the_loop(handle):
    async def main():
        e = efd.aio.eventfd.of(handle)
        threading.Thread(target=lambda: [handle.signal() for _ in range(500)]).start()
        taken = 0
        async for n in e:
            taken += n
            if taken == 500:
                break

    run(main())


def test_tasks_are_served_in_turn(permits):
    async def main():
        order = []

        async def take(name):
            await efd.aio.read(permits)
            order.append(name)

        tasks = [asyncio.create_task(take(name)) for name in range(10)]
        await turns()
        permits.write(4)
        while len(order) < 4:
            await asyncio.sleep(0)
        permits.write(6)
        await asyncio.gather(*tasks)
        assert order == list(range(10))

    run(main())


@pytest.mark.parametrize("when", ["before", "after the wake", "in the same turn"])
def test_a_cancelled_read_takes_nothing(handle, when):
    async def main():
        reader = asyncio.create_task(efd.aio.read(handle))
        await turns()
        if when == "after the wake":
            handle.write(3)
            await turns(2)  # the loop may have woken the task by now
        if when == "in the same turn":
            handle.write(3)
        is_cancelled = reader.cancel()
        if is_cancelled:
            with pytest.raises(asyncio.CancelledError):
                await reader
        if when == "before":
            handle.write(3)
        taken = 0 if is_cancelled else reader.result()
        assert taken + handle.take() == 3

    run(main())


def test_a_cancelled_task_passes_its_wake_on(handle):
    async def main():
        first, second = (asyncio.create_task(efd.aio.read(handle)) for _ in range(2))
        await turns()
        handle.write(3)
        first.cancel()
        assert await second == 3
        assert first.cancelled()

    run(main())


def test_random_cancels_lose_no_unit(permits, numbers):
    """Tasks that are cancelled at any turn, and a thread that signals: what was taken and what is left is what was written."""
    units = 300

    async def main():
        taken = 0

        async def take_one():
            nonlocal taken
            taken += await efd.aio.read(permits)

        writer = threading.Thread(target=lambda: [permits.signal() for _ in range(units)])
        writer.start()
        tasks = set()
        while taken + permits.count < units or writer.is_alive():
            tasks.add(asyncio.create_task(take_one()))
            await turns(numbers.randrange(4))
            for task in [task for task in tasks if numbers.random() < 0.3]:
                task.cancel()
            tasks = {task for task in tasks if not task.done()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.join()
        assert taken + permits.count == units

    run(main())


def test_a_timeout_of_asyncio_is_a_cancel(handle):
    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(efd.aio.read(handle), 0.001)
        handle.signal()
        assert await efd.aio.read(handle) == 1

    run(main())


def test_close_ends_reads_that_wait():
    async def main():
        e = efd.aio.eventfd()
        reader = asyncio.create_task(e.read())
        await turns()
        e.close()
        with pytest.raises(OSError) as raised:
            await reader
        assert raised.value.errno == errno.EBADF
        with pytest.raises(OSError):
            await e.read()

    run(main())


def test_one_handle_serves_one_loop_after_another_and_two_at_once(permits):
    async def main():
        reader = asyncio.create_task(efd.aio.read(permits))
        await turns()
        permits.signal()
        await reader

    for _ in range(3):
        run(main())
    other = threading.Thread(target=run, args=(main(),))
    other.start()
    run(main())
    other.join(BOUND)
    assert not other.is_alive() and permits.count == 0


def test_no_reader_stays_in_the_loop(handle):
    async def main():
        reader = asyncio.create_task(efd.aio.read(handle))
        await turns()
        handle.signal()
        await reader
        await turns()
        state = efd.aio._of_loop(asyncio.get_running_loop())
        assert not state.watches and not state.threads
        handle.signal()  # nobody watches
        assert handle.take() == 1

    run(main())


def test_an_object_without_a_descriptor_or_an_arena_says_what_to_do():
    with pytest.raises(OSError, match="make it in an efd.arena"):
        run(efd.aio.read(efd.eventfd(shared=True)))


def test_many_objects_of_an_arena_take_one_thread():
    arena = efd.arena(sets=1)
    handles = [arena.make() for _ in range(50)]

    async def main():
        readers = [asyncio.create_task(efd.aio.read(handle)) for handle in handles]
        await turns()
        for n, handle in enumerate(handles, 1):
            handle.write(n)
        assert await asyncio.gather(*readers) == list(range(1, 51))

    run(main())
