# SPDX-License-Identifier: MIT
"""Between processes: fork, multiprocessing by fork and by spawn, and a killed peer."""

import errno
import multiprocessing
import os
import signal
import subprocess
import sys

import efd
import pytest
from conftest import BOUND, background


def child_of(act):
    """The exit status of a forked child that runs act(): 0 if it returned a true value."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(BOUND)
            status = 0 if act() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_forked_child_has_a_copy_of_a_private_object():
    e = efd.eventfd(3)
    fd = e.fileno()

    def child():
        efd.renew_descriptors()
        return e.fileno() >= 0 and e.read() == 3 and e.count == 0

    assert child_of(child) == 0
    assert (e.fileno(), e.count) == (fd, 3)


@pytest.mark.parametrize("make", [lambda: efd.eventfd(shared=True), lambda: efd.arena().make()])
def test_a_forked_child_shares_a_shared_object(make):
    e = make()
    waiting = background(lambda: e.read(timeout=BOUND)).asleep()
    assert child_of(lambda: e.write(5) is None) == 0
    assert waiting.result() == 5


def test_a_fork_among_waiting_threads_leaves_both_sides_working():
    shared, private = efd.eventfd(shared=True), efd.eventfd()
    waits = [background(private.read).asleep(), background(shared.read).asleep()]

    def child():
        private.write(1)
        shared.write(2)
        return private.read() == 1

    assert child_of(child) == 0
    assert waits[1].result() == 2
    private.write(7)
    assert waits[0].result() == 7


def answer(arena, requests, replies):
    """In another process: each number comes back once."""
    found = arena.find("by name")
    for _ in range(20):
        replies.write(requests.read(1, timeout=BOUND))
    found.signal()


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("is_named", [False, True])
def test_multiprocessing_takes_an_arena_and_its_objects(method, is_named):
    context = multiprocessing.get_context(method)
    with efd.arena(f"python-{method}-{os.getpid()}" if is_named else None) as arena:
        requests, replies, by_name = arena.make(), arena.make(), arena.make("by name")
        process = context.Process(target=answer, args=(arena, requests, replies))
        process.start()
        requests.write(20)
        taken = 0
        while taken < 20:
            taken += replies.read(timeout=BOUND)
        assert by_name.read(timeout=BOUND) == 1
        process.join(BOUND)
        assert process.exitcode == 0


def test_units_of_a_killed_process_stay_and_its_death_is_said():
    arena = efd.arena(first_look_ms=1, last_look_ms=20)
    ready = efd.eventfd(shared=True)
    pid = os.fork()
    if pid == 0:
        signal.alarm(BOUND)
        jobs = arena.make("jobs")
        jobs.write(3)
        ready.signal()
        signal.pause()
    ready.read(timeout=BOUND)
    waiting = arena.find("jobs", waiting=True)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert waiting.read(timeout=BOUND) == 3
    with pytest.raises(OSError) as raised:
        waiting.read(owner_death=True, timeout=BOUND)
    assert raised.value.errno == errno.EOWNERDEAD


SUBINTERPRETERS = """
import _xxsubinterpreters as interpreters
import efd
program = '''
import efd
e = efd.eventfd(5)
assert e.read() == 5
try:
    e.try_read()
except BlockingIOError:
    e.signal()
with efd.arena() as arena:
    arena.make("x").signal()
'''
for _ in range(3):
    one = interpreters.create()
    interpreters.run_string(one, program)
    interpreters.destroy(one)
print(efd.eventfd().id)
"""

EXIT_UNDER_WAITS = """
import atexit, threading, efd
e, s = efd.eventfd(), efd.wait_set()
s.add(efd.eventfd(), 1)
for call in (e.read, e.read, s.wait_any):
    threading.Thread(target=call, daemon=True).start()
class late:
    def __del__(self):
        e.signal()          # wakes a thread while the interpreter ends
        efd_type(7).read()
efd_type = efd.eventfd
keep = late()
keep.itself = keep
atexit.register(e.signal)
print("ended")
"""

NEVER_CLOSED = """
import efd, efd.aio
arena = efd.arena()
keep = [efd.eventfd(), arena, arena.make(), arena.make_set(), efd.wait_set(), efd.cancel_token()]
keep[0].fileno()
print("ended")
"""


@pytest.mark.parametrize(("program", "said"), [(SUBINTERPRETERS, "0"), (EXIT_UNDER_WAITS, "ended"), (NEVER_CLOSED, "ended")])
def test_an_interpreter_ends_cleanly(program, said):
    words = [sys.executable, "-X", "dev", "-c", program]
    if program is SUBINTERPRETERS and sys.version_info >= (3, 13):
        pytest.skip("the module of subinterpreters has another name here")
    done = subprocess.run(words, capture_output=True, text=True, timeout=BOUND, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, said, "")
