# SPDX-License-Identifier: MIT
"""tests/dropin/programs/python_load.py: os.eventfd, asyncio and multiprocessing, N times each; knows nothing of efd.
"""

import asyncio
import multiprocessing
import os
import sys
import threading


def eventfds(number):
    """A thread adds, the other takes: to the unit; and in semaphore mode."""
    fd = os.eventfd(0, os.EFD_CLOEXEC)

    def add():
        for _ in range(number):
            os.eventfd_write(fd, 3)

    adder = threading.Thread(target=add)
    adder.start()
    total = 0
    while total < 3 * number:
        total += os.eventfd_read(fd)
    adder.join()
    os.close(fd)
    fd = os.eventfd(number, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    ones = sum(os.eventfd_read(fd) for _ in range(number))
    try:
        os.eventfd_read(fd)
    except BlockingIOError:
        ones += 1
    os.close(fd)
    return total, ones


async def loop(number):
    """A thread calls into the loop; the loop watches an eventfd besides."""
    loop = asyncio.get_running_loop()
    fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    done, taken = loop.create_future(), 0

    def ready():
        nonlocal taken
        taken += os.eventfd_read(fd)
        if taken == number and not done.done():
            done.set_result(taken)

    loop.add_reader(fd, ready)

    def write():
        for _ in range(number):
            os.eventfd_write(fd, 1)

    await asyncio.gather(asyncio.to_thread(write), done)
    loop.remove_reader(fd)
    os.close(fd)
    return taken


def square(n):
    return n * n


def processes(number):
    """A pool, and an eventfd that a child has from its parent."""
    fd = os.eventfd(0)
    child = os.fork()
    if child == 0:
        for _ in range(number):
            os.eventfd_write(fd, 1)
        os._exit(0)
    total = 0
    while total < number:
        total += os.eventfd_read(fd)
    os.waitpid(child, 0)
    os.close(fd)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return total, sum(pool.map(square, range(100)))


if __name__ == "__main__":
    times = int(sys.argv[1])
    print(processes(times), eventfds(times), asyncio.run(loop(times)))
    print(len(os.listdir("/proc/self/fd")), "descriptors")
