# SPDX-License-Identifier: MIT
"""examples/python/shared_ring.py: one writer and several readers, in processes of their own, on one ring in
multiprocessing.shared_memory; a reader sleeps where the ring is empty instead of spinning.

    shared_ring.py                     a writer and three readers; prints what arrived, and the processor time while idle
    shared_ring.py --spin              the same, with readers that look at an index and yield, as many programs do today

Each reader has two objects in an arena: `items` counts messages that it has not read, `room` (a semaphore) the places that
the writer may fill. A reader may read as many messages as it has taken units, so no index is shared.
"""

import argparse
import multiprocessing
import os
import time
from multiprocessing import shared_memory

import efd

PLACES = 64
BYTES = 1024
MESSAGES = 2000
READERS = 3
IDLE_SECONDS = 1.0
LAST = b"end"


class ring:
    """The writer's or a reader's view; `mine` is the number of a reader."""

    def __init__(self, memory, arena, mine=None):
        self._bytes = memory.buf
        readers = range(READERS) if mine is None else [mine]
        self._items = [arena.find(f"items-{n}") for n in readers]
        self._room = [arena.find(f"room-{n}") for n in readers]
        self._next = 0
        self._unread = 0

    def write(self, message):
        for room in self._room:
            room.read()  # sleeps while a reader is a whole ring behind
        start = self._next % PLACES * BYTES
        self._bytes[start : start + 8] = len(message).to_bytes(8, "little")
        self._bytes[start + 8 : start + 8 + len(message)] = message
        self._next += 1
        for items in self._items:
            items.signal()  # no system call unless the reader sleeps

    def read(self):
        if self._unread == 0:
            self._unread = self._items[0].read()  # sleeps; takes all that have come
        return self._one()

    def read_by_spinning(self):
        while self._items[0].count == 0:
            os.sched_yield()
        self._unread = self._items[0].take(1)
        return self._one()

    def _one(self):
        start = self._next % PLACES * BYTES
        length = min(int.from_bytes(self._bytes[start : start + 8], "little"), BYTES - 8)
        message = bytes(self._bytes[start + 8 : start + 8 + length])
        self._next += 1
        self._unread -= 1
        self._room[0].signal()
        return message


def read_all(memory, arena, mine, spin, report):
    view = ring(memory, arena, mine)
    start = time.process_time()
    read = view.read_by_spinning if spin else view.read
    count = 0
    while read() != LAST:
        count += 1
    report.put((count, time.process_time() - start))
    report.close()
    report.join_thread()


def main():
    words = argparse.ArgumentParser(description="readers that sleep on a ring in shared memory, or spin")
    words.add_argument("--spin", action="store_true", help="readers look again and again instead of sleeping")
    words.add_argument("--idle", type=float, default=IDLE_SECONDS, help="seconds in which nothing is written")
    chosen = words.parse_args()
    context = multiprocessing.get_context("spawn")
    memory = shared_memory.SharedMemory(create=True, size=PLACES * BYTES)
    report = context.Queue()
    with efd.arena() as arena:
        for n in range(READERS):
            arena.make(f"items-{n}")
            arena.make(f"room-{n}", PLACES, semaphore=True)
        readers = [
            context.Process(target=read_all, args=(memory, arena, n, chosen.spin, report), daemon=True)
            for n in range(READERS)
        ]
        for reader in readers:
            reader.start()
        to = ring(memory, arena)
        for n in range(MESSAGES):
            to.write(b"message %d" % n)
        time.sleep(chosen.idle)  # delay: the time in which readers are idle is what is measured
        to.write(LAST)
        said = [report.get(timeout=60) for _ in readers]
        for reader in readers:
            reader.join(60)
    memory.close()
    memory.unlink()
    assert all(count == MESSAGES for count, _ in said), said
    seconds = sum(used for _, used in said)
    print(f"{MESSAGES} messages to {READERS} readers; processor time of the readers, with {chosen.idle:g} s idle: {seconds:.2f} s")


if __name__ == "__main__":
    main()
