# SPDX-License-Identifier: MIT
"""Arenas within one process: names, ids, ways to get one, sets, and errors that say what to do."""

import errno
import mmap
import os
import pickle
import select
import socket

import efd
import pytest
from conftest import background


@pytest.fixture
def name():
    return f"python-test-{os.getpid()}"


def error_of(call):
    with pytest.raises(OSError) as raised:
        call()
    return raised.value.errno


def test_a_name_leads_to_the_same_objects(name):
    with efd.arena(name, slots=16) as made, efd.arena.open(name) as opened:
        assert (made.name, opened.slots, made.closed) == (name, 16, False)
        first, found = made.make("frames", 2), opened.find("frames")
        found.write(3)
        assert first.read() == 5
        assert made.list() == [("frames", made.id(first))] and made.id(first) == opened.id(found)
        assert opened.at(made.id(first)).arena is opened
        with pytest.raises(FileExistsError):
            opened.make("frames")
        with pytest.raises(FileExistsError, match="living process"):
            efd.arena(name)
        opened.remove("frames")
        assert opened.list() == []
        with pytest.raises(FileNotFoundError):
            opened.find("frames")
        first.close()  # an object keeps the memory and the name
        found.close()
    with pytest.raises(FileNotFoundError, match="no living process holds"):
        efd.arena.open(name)
    with efd.arena.open_or_create(name, slots=4) as again:
        assert again.slots == 4


def test_an_object_outlives_its_arenas_handle():
    arena = efd.arena()
    e = arena.make(semaphore=True)
    arena.close()
    e.write(2)
    assert e.read() == 1 and e.arena.closed


def test_an_id_of_a_gone_object_is_estale():
    arena = efd.arena()
    e = arena.make()
    number = arena.id(e)
    e.close()
    assert error_of(lambda: arena.at(number)) == errno.ESTALE
    assert error_of(lambda: arena.id(efd.eventfd())) == errno.EINVAL


def test_a_full_arena_is_enospc_and_reaps():
    arena = efd.arena(slots=2)
    held = [arena.make(), arena.make()]
    assert error_of(arena.make) == errno.ENOSPC
    del held[0]
    arena.make()
    assert arena.reap() == 0


def test_a_unix_socket_carries_an_arena():
    ours, theirs = socket.socketpair()
    with efd.arena() as arena, ours, theirs:
        arena.send(ours)
        received = efd.arena.receive(theirs)
        number = arena.id(e := arena.make())
        received.at(number).write(4)
        assert e.read() == 4
        ours.send(b"no arena")
        assert error_of(lambda: efd.arena.receive(theirs)) == errno.EBADMSG
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            efd.arena.receive(theirs)
    assert error_of(lambda: arena.send(theirs.fileno() if theirs.fileno() >= 0 else 0)) == errno.EBADF


def test_a_descriptor_and_a_place_in_own_memory():
    with efd.arena() as arena, efd.arena.attach(arena.fileno()) as same:
        assert same.slots == arena.slots
    memory = os.memfd_create("ring", os.MFD_ALLOW_SEALING)
    os.ftruncate(memory, 1 << 20)
    with pytest.raises(PermissionError, match="seal"):
        efd.arena.place(memory, mmap.PAGESIZE, slots=4)
    with efd.arena.place(memory, mmap.PAGESIZE, slots=4, unsealed=True) as placed:
        e = placed.make("x", 1)
        with efd.arena.attach(memory, mmap.PAGESIZE, unsealed=True) as attached:
            assert attached.find("x").read() == 1
        assert e.count == 0
    os.close(memory)


def test_a_set_of_the_arena_takes_its_objects_and_private_ones():
    arena = efd.arena(sets=1)
    s, shared, private = arena.make_set(), arena.make(), efd.eventfd()
    s.add(shared, 1)
    s.add(private, 2)
    waiting = background(s.wait_any).asleep()
    shared.write(3)
    assert waiting.result().value == 3
    private.signal()
    assert s.wait_any().token == 2
    assert error_of(arena.make_set) == errno.ENOSPC
    shared.write(1)
    assert select.select([s], [], [], None)[0] == [s] and s.wait_any().token == 1
    with pytest.raises(OSError, match="efd.aio"):
        shared.fileno()


@pytest.mark.parametrize(
    "call",
    [
        lambda a: efd.arena("no/slash"),
        lambda a: efd.arena("a\0b"),
        lambda a: efd.arena(b"bytes"),
        lambda a: efd.arena(slots=2**32),
        lambda a: efd.arena(slots=-1),
        lambda a: efd.arena(colour=1),
        lambda a: efd.arena.open(),
        lambda a: efd.arena.open(None),
        lambda a: efd.arena.attach(0),
        lambda a: efd.arena.attach(-1),
        lambda a: efd.arena.receive(0),
        lambda a: a.make("x" * 48),
        lambda a: a.make(""),
        lambda a: a.make("x", -1),
        lambda a: a.make(flags=12345),
        lambda a: a.find(None),
        lambda a: a.find(),
        lambda a: a.at(0),
        lambda a: a.at(2**64 - 1),
        lambda a: a.at("x"),
        lambda a: a.id(1),
        lambda a: a.remove(None),
        lambda a: a.remove(3),
        lambda a: a.send(0),
    ],
)
def test_a_wrong_argument_raises_and_makes_nothing(call):
    with efd.arena(slots=4) as arena:
        with pytest.raises((OSError, TypeError, ValueError, OverflowError)):
            call(arena)
        assert arena.list() == []


def test_names_of_objects_may_be_any_text():
    with efd.arena() as arena:
        arena.make("Bilder/é \udcff")
        assert [found for found, _ in arena.list()] == ["Bilder/é \udcff"]


def test_a_closed_arena_is_ebadf():
    arena = efd.arena()
    e = arena.make()
    arena.close()
    arena.close()
    calls = [arena.make, arena.list, arena.reap, arena.make_set, arena.fileno, arena.__enter__, lambda: arena.slots]
    calls += [lambda: arena.find("x"), lambda: arena.at(1), lambda: arena.id(e), lambda: arena.remove("x")]
    for call in calls:
        assert error_of(call) == errno.EBADF


def test_what_belongs_to_one_process_is_not_pickled():
    arena = efd.arena()
    for thing in (efd.eventfd(), efd.wait_set(), efd.cancel_token(), arena, arena.make(), arena.make_set()):
        with pytest.raises(TypeError):
            pickle.dumps(thing)


def test_a_named_arena_and_its_objects_are_pickled(name):
    with efd.arena(name) as arena:
        e = arena.make()
        copy = pickle.loads(pickle.dumps(e))
        copy.signal()
        assert e.read() == 1 and copy.arena.name == name
