# SPDX-License-Identifier: MIT
"""bindings/python/tests/conftest.py: what the tests of the Python package share. Each wait has a bound of a minute; who has
to sleep first is seen asleep, by what the kernel says of its thread."""

import contextlib
import random
import threading
import time

import pytest

BOUND = 60


def _look(thread):
    """What the thread is doing, as far as the kernel says; None while it runs."""
    try:
        with open(f"/proc/self/task/{thread.native_id}/syscall", encoding="ascii") as file:
            line = file.read().strip()
    except OSError:
        return None
    return None if line in ("running", "") else line


def wait_until(condition, what="the condition"):
    end = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {BOUND} seconds"
        time.sleep(0.0005)  # pace: between looks


def wait_asleep(thread):
    """Until three looks find the thread in the same system call. The looks leave the GIL free, so it does not wait for that."""
    looks = []

    def same():
        looks.append(_look(thread))
        return len(looks) >= 3 and looks[-1] is not None and len(set(looks[-3:])) == 1

    wait_until(same, "sleep")


class background:
    """A call in a thread of its own; result() is what it returned, or raises what it raised."""

    def __init__(self, call, *arguments, **keywords):
        def run():
            try:
                self._value = call(*arguments, **keywords)
            except BaseException as error:
                self._error = error

        self._value = self._error = None
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def asleep(self):
        wait_asleep(self.thread)
        return self

    def result(self):
        self.thread.join(BOUND)
        assert not self.thread.is_alive(), "the call did not return"
        if self._error is not None:
            raise self._error
        return self._value


@contextlib.contextmanager
def once_main_sleeps(act):
    """Runs act() in a thread once the main thread sleeps inside the block."""

    def run():
        wait_asleep(threading.main_thread())
        act()

    started = background(run)
    yield
    started.result()


@pytest.fixture
def numbers():
    """A generator of numbers whose seed a failing test prints."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)
