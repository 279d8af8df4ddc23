# SPDX-License-Identifier: MIT
"""examples/python/ring_reader.py: reads what examples/ring_to_python.cpp writes into a ring in shared memory, and sleeps
while the ring is empty.

    ring_reader.py NAME                 a thread that sleeps in read()
    ring_reader.py NAME --asyncio       a task that awaits; other tasks of the loop run meanwhile

`items` counts the messages that may be read, `room` the places that the writer may fill: a place is given back once its bytes
are copied.
"""

import argparse
import asyncio
import contextlib
import mmap
import struct

import efd
import efd.aio

PLACES = 64
BYTES = 4096
HEADER = struct.Struct("<QQ")  # length and number of a message


class reader:
    """The ring and the arena of that name; `with` gives both back."""

    def __init__(self, name):
        with open(f"/dev/shm/{name}", "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), PLACES * BYTES)
        self._arena = efd.arena.open(name)
        self.items = self._arena.find("items")
        self._room = self._arena.find("room")
        self._next = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._arena.close()
        self._memory.close()

    def take(self, count):
        """So many messages, which `items` has counted: number and bytes of each; no bytes: the last one."""
        for _ in range(count):
            start = self._next % PLACES * BYTES
            length, number = HEADER.unpack_from(self._memory, start)
            start += HEADER.size
            message = self._memory[start : start + min(length, BYTES - HEADER.size)]
            self._next += 1
            self._room.signal()  # no system call unless the writer sleeps
            yield number, message


class received:
    """Checks each message: they come in order, and each byte is the low byte of the number."""

    def __init__(self):
        self.messages = self.bytes = 0
        self.is_over = False

    def add(self, number, message):
        assert number == self.messages, f"message {number} instead of {self.messages}"
        if not message:
            self.is_over = True
            return
        assert message == bytes([number & 0xFF]) * (1 + number % (BYTES - HEADER.size)), f"message {number} has other bytes"
        self.messages += 1
        self.bytes += len(message)


def read_all(ring):
    got = received()
    while not got.is_over:
        for number, message in ring.take(ring.items.read()):  # sleeps; takes all that have come
            got.add(number, message)
    return got


async def read_all_in_loop(ring):
    got = received()
    while not got.is_over:
        for number, message in ring.take(await efd.aio.read(ring.items)):
            got.add(number, message)
    return got


async def beside_other_tasks(ring):
    """Reads while another task of the loop goes on."""

    async def tick():
        while True:
            await asyncio.sleep(0.01)  # delay: what the other task does

    other = asyncio.create_task(tick())
    got = await read_all_in_loop(ring)
    other.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await other
    return got


def main():
    words = argparse.ArgumentParser(description="reads a ring that a program in C++ fills")
    words.add_argument("name", help="of the ring, as given to ring_to_python")
    words.add_argument("--asyncio", action="store_true", help="await in an event loop instead of sleeping in a thread")
    chosen = words.parse_args()
    with reader(chosen.name) as ring:
        got = asyncio.run(beside_other_tasks(ring)) if chosen.asyncio else read_all(ring)
    print(f"{got.messages} messages read, {got.bytes} bytes, in order")


if __name__ == "__main__":
    main()
