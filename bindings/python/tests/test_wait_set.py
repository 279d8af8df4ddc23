# SPDX-License-Identifier: MIT
"""Sets: tokens, members that join and leave, descriptors, sets in sets, and their errors."""

import errno
import os
import select

import efd
import pytest
from conftest import background, wait_until


def test_any_takes_in_turn_and_ready_takes_nothing():
    a, b, s = efd.eventfd(3), efd.eventfd(4), efd.wait_set()
    s.add(a, 2**64 - 1)
    s.add(b, 0)
    assert sorted((event.token, event.value) for event in s.wait_ready()) == [(0, 0), (2**64 - 1, 0)]
    assert {(event.token, event.value) for event in (s.wait_any(), s.try_any())} == {(2**64 - 1, 3), (0, 4)}
    with pytest.raises(BlockingIOError):
        s.try_any()


def test_all_takes_from_every_member_or_from_none():
    members, s = [efd.eventfd(i) for i in range(1, 40)], efd.wait_set()
    for token, member in enumerate(members):
        s.add(member, token)
    assert sorted((event.token, event.value) for event in s.wait_all()) == [(i, i + 1) for i in range(39)]
    for member in members[1:]:
        member.signal()
    with pytest.raises(TimeoutError):
        s.wait_all(timeout=0)
    assert [member.count for member in members] == [0] + [1] * 38


def test_a_member_that_left_is_not_taken_from():
    a, b, s = efd.eventfd(1), efd.eventfd(), efd.wait_set()
    number = s.add(a, 1)
    s.add(b, 2)
    s.remove(number)
    assert len(s) == 1
    with pytest.raises(OSError) as raised:
        s.remove(number)
    assert raised.value.errno == errno.EINVAL
    with pytest.raises(TimeoutError):
        s.wait_any(timeout=0)
    assert a.count == 1


def test_a_member_may_join_under_a_waiter():
    s, late = efd.wait_set(), efd.eventfd()
    s.add(efd.eventfd(), 1)
    waiting = background(s.wait_any).asleep()
    s.add(late, 2)
    late.write(7)
    assert waiting.result() == (2, 7, select.POLLIN, 2)


def test_sets_in_sets_say_the_origin():
    outer, inner, e = efd.wait_set(), efd.wait_set(), efd.eventfd(2)
    inner.add(e, 11)
    outer.add(inner, 22)
    assert outer.wait_any() == (22, 2, select.POLLIN, 11)
    with pytest.raises(OSError):
        inner.add(outer, 1)  # one would stand inside itself


def test_descriptors_are_members_and_a_set_has_one():
    s = efd.wait_set()
    r, w = os.pipe()
    s.add_fd(r, select.POLLIN, 5)
    os.write(w, b"x")
    event = s.wait_any()
    assert (event.token, event.value, event.events) == (5, 0, select.POLLIN)
    watcher = select.poll()
    watcher.register(s, select.POLLIN)
    assert watcher.poll(0) == [(s.fileno(), select.POLLIN)]
    with pytest.raises(FileExistsError):
        s.add_fd(r, select.POLLIN, 6)
    with open(os.devnull, "rb") as plain, pytest.raises(PermissionError):
        s.add_fd(plain, select.POLLIN, 6)
    os.close(r)
    os.close(w)


def test_a_closed_set_is_ebadf_and_keeps_nothing():
    e, s = efd.eventfd(), efd.wait_set()
    with s:
        s.add(e, 1)
    s.close()
    assert s.closed
    calls = [s.wait_any, s.try_any, s.wait_ready, s.wait_all, s.fileno, s.__enter__, lambda: s.add(e, 1)]
    calls += [lambda: s.remove(0), lambda: s.set_linger(0), lambda: s.add_fd(0, 1, 1), lambda: efd.wait_set().add(s, 1)]
    for call in calls:
        with pytest.raises(OSError) as raised:
            call()
        assert raised.value.errno == errno.EBADF


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda s, e: s.add(e), TypeError),
        (lambda s, e: s.add(1, 1), TypeError),
        (lambda s, e: s.add(e, -1), OverflowError),
        (lambda s, e: s.add(s, 1), OSError),
        (lambda s, e: s.add_fd(-1, 1, 1), ValueError),
        (lambda s, e: s.add_fd(2**31 - 1, 1, 1), OSError),
        (lambda s, e: s.add_fd(e, 2**32, 1), OverflowError),
        (lambda s, e: s.add_fd("0", 1, 1), TypeError),
        (lambda s, e: s.remove("0"), TypeError),
        (lambda s, e: s.wait_ready(0), OSError),
        (lambda s, e: s.wait_any(1), TypeError),
        (lambda s, e: s.wait_all(timeout=0), OSError),
        (lambda s, e: s.add(efd.arena().make(), 1), OSError),
    ],
)
def test_a_wrong_argument_raises_and_adds_no_member(call, error):
    s = efd.wait_set()
    with pytest.raises(error):
        call(s, efd.eventfd())
    assert len(s) == 0 and bool(s)


def test_a_large_room_is_no_large_memory():
    s = efd.wait_set()
    s.add(efd.eventfd(1), 1)
    assert len(s.wait_ready(2**32 - 1)) == 1


def test_many_waiters_share_the_units_of_many_members(numbers):
    s, stop = efd.wait_set(), efd.cancel_token()
    members = [efd.eventfd() for _ in range(30)]
    for token, member in enumerate(members):
        s.add(member, token)

    def take():
        taken = 0
        while True:
            try:
                taken += s.wait_any(cancel=stop).value
            except OSError as error:
                assert error.errno == errno.ECANCELED
                return taken

    waiters = [background(take) for _ in range(3)]
    for _ in range(1000):
        numbers.choice(members).signal()
    wait_until(lambda: all(member.count == 0 for member in members), "all takes")
    stop.request()
    assert sum(each.result() for each in waiters) == 1000
