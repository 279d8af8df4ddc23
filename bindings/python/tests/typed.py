# SPDX-License-Identifier: MIT
"""bindings/python/tests/typed.py: a use of every part, for mypy to check; it is not run."""

import asyncio

import efd
import efd.aio


def threads(stop: efd.cancel_token) -> int:
    with efd.eventfd(1, semaphore=True) as e, efd.wait_set() as s:
        number: int = s.add(e, 7)
        s.add_fd(e, 1, 8)
        found: efd.event = s.wait_any(timeout=0.5, cancel=stop)
        ready: list[efd.event] = s.wait_ready(4) + s.wait_all()
        s.remove(number)
        return e.read(timeout=None) + found.value + ready[0].token + len(s)


def processes(name: str) -> list[tuple[str, int]]:
    with efd.arena.open_or_create(name, slots=8) as arena:
        frames: efd.eventfd = arena.make("frames")
        owner: efd.arena | None = frames.arena
        assert owner is not None
        arena.at(arena.id(frames)).signal()
        return arena.list()


async def tasks(handle: efd.eventfd) -> int:
    async with efd.aio.eventfd() as e:
        async for n in e:
            return n + await efd.aio.read(handle) + await asyncio.wait_for(e.read(2), 1.0)
    return 0
