# SPDX-License-Identifier: MIT
"""Waits: the GIL is free meanwhile, signals of Python's run, deadlines and cancel tokens end them; no unit is lost."""

import contextlib
import errno
import os
import signal
import socket
import threading
import time

import efd
import pytest
from conftest import BOUND, background, once_main_sleeps, wait_asleep, wait_until

FULL = 2**64 - 2


def read():
    e = efd.eventfd()
    return e.read, lambda: e.write(5), 5


def read_timed():
    e = efd.eventfd()
    return lambda: e.read(timeout=BOUND), lambda: e.write(5), 5


def read_some():
    e = efd.eventfd()
    return lambda: e.read(2, cancel=efd.cancel_token()), lambda: e.write(5), 2


def read_in_an_arena():
    e = efd.arena().make()
    return e.read, lambda: e.write(5), 5


def read_shared():
    e = efd.eventfd(shared=True)
    return e.read, lambda: e.write(5), 5


def write():
    e = efd.eventfd(FULL)
    return lambda: e.write(1), e.read, None


def wait_any():
    e, s = efd.eventfd(), efd.wait_set()
    s.add(e, 3)
    return s.wait_any, lambda: e.write(5), (3, 5, 1, 3)


def wait_any_of_an_arena():
    arena = efd.arena()
    e, s = arena.make(), arena.make_set()
    s.add(e, 3)
    return s.wait_any, lambda: e.write(5), (3, 5, 1, 3)


def wait_any_with_a_descriptor():
    e, s = efd.eventfd(), efd.wait_set()
    s.add(e, 3)
    ours, theirs = socket.socketpair()
    s.add_fd(ours, 1, 4)
    return lambda keep=(ours, theirs): s.wait_any(), lambda: e.write(5), (3, 5, 1, 3)


def wait_ready():
    e, s = efd.eventfd(), efd.wait_set()
    s.add(e, 3)
    return s.wait_ready, lambda: e.write(5), [(3, 0, 1, 3)]


def wait_all():
    e, s = efd.eventfd(), efd.wait_set()
    s.add(e, 3)
    return s.wait_all, lambda: e.write(5), [(3, 5, 1, 3)]


def receive():
    ours, theirs = socket.socketpair()
    arena = efd.arena(slots=8)
    return lambda: efd.arena.receive(ours).slots, lambda: arena.send(theirs), 8


WAITS = [read, read_timed, read_some, read_in_an_arena, read_shared, write, wait_any, wait_any_of_an_arena,
         wait_any_with_a_descriptor, wait_ready, wait_all, receive]  # fmt: skip


@contextlib.contextmanager
def handled(number, handler):
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("make", WAITS)
def test_ctrl_c_ends_a_wait_and_nothing_was_taken(make):
    wait, end, expected = make()
    with handled(signal.SIGINT, signal.default_int_handler):
        with once_main_sleeps(lambda: os.kill(os.getpid(), signal.SIGINT)), pytest.raises(KeyboardInterrupt):
            wait()
    end()
    assert wait() == expected


@pytest.mark.parametrize("make", WAITS)
def test_a_handler_that_returns_runs_and_the_wait_goes_on(make):
    wait, end, expected = make()
    ran = []

    def interrupt_then_end():
        for number in (1, 2):
            os.kill(os.getpid(), signal.SIGUSR1)
            wait_until(lambda number=number: len(ran) >= number, "the handler")
            wait_asleep(threading.main_thread())
        end()

    with handled(signal.SIGUSR1, lambda *_: ran.append(1)), once_main_sleeps(interrupt_then_end):
        assert wait() == expected
    assert len(ran) == 2


def test_an_exception_of_a_handler_comes_out_of_the_wait():
    class mine(Exception):
        pass

    def handler(*_):
        raise mine

    e = efd.eventfd()
    with handled(signal.SIGALRM, handler):
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with pytest.raises(mine):
            e.read()


@pytest.mark.parametrize("make", WAITS)
def test_a_waiting_thread_leaves_the_gil_to_others(make):
    wait, end, expected = make()
    waiting = background(wait).asleep()
    end()  # with the GIL, which the waiter does not have
    assert waiting.result() == expected


def test_a_deadline_ends_a_wait_and_takes_nothing():
    e, full, s = efd.eventfd(nonblock=True), efd.eventfd(FULL), efd.wait_set()
    s.add(e, 1)
    for call in (e.read, full.write, s.wait_any, s.wait_ready, s.wait_all):
        for timeout in (0, 0.002):
            before = time.monotonic()
            with pytest.raises(TimeoutError) as raised:
                call(timeout=timeout)
            assert raised.value.errno == errno.ETIMEDOUT
            assert time.monotonic() - before >= timeout
    e.write(3)
    assert e.read(timeout=0) == 3
    e.write(3)
    assert e.read(timeout=1e300) == 3


def test_a_token_ends_waits_of_now_and_later():
    token, e, s = efd.cancel_token(), efd.eventfd(), efd.wait_set()
    s.add(e, 1)
    waits = [background(call, cancel=token).asleep() for call in (e.read, e.read, s.wait_any)]
    assert not token.requested
    token.request()
    assert token.requested
    for each in waits:
        with pytest.raises(OSError) as raised:
            each.result()
        assert raised.value.errno == errno.ECANCELED
    with pytest.raises(OSError):
        e.read(cancel=token)
    e.write(2)
    assert e.read(cancel=token) == 2  # what can be taken is taken


def test_close_does_not_end_the_wait_of_another_thread():
    arena = efd.arena()
    e, other = arena.make("jobs"), arena.find("jobs")
    waiting = background(e.read).asleep()
    e.close()
    other.write(5)
    assert waiting.result() == 5


def test_a_set_that_a_thread_waits_on_is_not_closed():
    e, s = efd.eventfd(), efd.wait_set()
    s.add(e, 1)
    waiting = background(s.wait_any).asleep()
    with pytest.raises(OSError) as raised:
        s.close()
    assert raised.value.errno == errno.EBUSY
    e.signal()
    assert waiting.result().token == 1
    s.close()


@pytest.mark.parametrize("is_semaphore", [False, True])
def test_threads_take_each_unit_once(is_semaphore, numbers):
    """Four threads write, four read, some with deadlines that pass; what was taken is what was written."""
    e = efd.eventfd(semaphore=is_semaphore)
    rounds = 400
    stop = efd.cancel_token()

    def write_some(values):
        for value in values:
            if value == 1:
                e.signal()
            else:
                e.write(value)
        return sum(values)

    def read_all(timeout):
        taken = 0
        while True:
            try:
                taken += e.read(timeout=timeout, cancel=stop)
            except TimeoutError:
                if stop.requested:
                    return taken
            except OSError as error:
                assert error.errno == errno.ECANCELED
                return taken

    readers = [background(read_all, timeout) for timeout in (None, None, 0, 0.0001)]
    writers = [background(write_some, [numbers.choice([1, 1, 2, 3]) for _ in range(rounds)]) for _ in range(4)]
    written = sum(each.result() for each in writers)
    wait_until(lambda: e.count == 0, "the end of all reads")
    stop.request()
    assert sum(each.result() for each in readers) == written
