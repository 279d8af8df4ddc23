# SPDX-License-Identifier: MIT
"""The object: as the kernel's eventfd, and errors as Python has them."""

import errno
import inspect
import os
import select
import selectors

import efd
import pytest

LAST = 2**64 - 2  # the highest count that a write reaches


def test_read_takes_all_and_semaphore_takes_one():
    with efd.eventfd(2) as plain, efd.eventfd(2, semaphore=True) as permits:
        plain.write(3)
        assert (plain.read(), plain.count) == (5, 0)
        assert (permits.read(), permits.count, permits.semaphore) == (1, 1, True)


def test_most_leaves_the_rest():
    e = efd.eventfd(10)
    assert [e.read(3), e.take(most=4), e.try_read(9), e.take(2)] == [3, 4, 3, 0]


def test_nothing_to_take_is_blocking_io_error_or_zero():
    e = efd.eventfd(nonblock=True)
    for call in (e.try_read, e.read):
        with pytest.raises(BlockingIOError) as raised:
            call()
        assert raised.value.errno == errno.EAGAIN
    assert e.take() == 0


def test_signal_saturates_and_write_does_not():
    e = efd.eventfd(LAST)
    with pytest.raises(BlockingIOError):
        e.try_write(1)
    e.write(0)
    e.signal()
    e.signal()
    assert e.read() == 2**64 - 1


def test_poll_and_descriptor_say_the_same():
    e = efd.eventfd()
    assert e.poll() == select.POLLOUT
    watcher = select.poll()
    watcher.register(e, select.POLLIN)
    assert watcher.poll(0) == []
    e.signal()
    assert watcher.poll(0) == [(e.fileno(), select.POLLIN)]
    assert e.poll() == select.POLLIN | select.POLLOUT
    e.read()
    assert watcher.poll(0) == []


def test_armed_descriptor_rings_once_for_each_arm():
    e = efd.eventfd()
    with select.epoll() as epoll:
        epoll.register(e.fileno(efd.EFD_ARMED), select.EPOLLIN | select.EPOLLET)
        e.signal()
        epoll.poll(0)
        assert e.arm() == select.POLLIN  # ready already
        e.read()
        assert e.arm() == 0
        e.signal()
        e.signal()
        assert len(epoll.poll(0)) == 1
        assert epoll.poll(0) == []


def test_selectors_take_it_as_a_file():
    with efd.eventfd(1) as e, selectors.DefaultSelector() as selector:
        selector.register(e, selectors.EVENT_READ, "jobs")
        assert [key.data for key, _ in selector.select(0)] == ["jobs"]


def test_a_closed_object_is_ebadf_in_every_call():
    e = efd.eventfd()
    e.close()
    e.close()
    assert e.closed and repr(e) == "<efd.eventfd, closed>"
    calls = [e.signal, e.write, e.try_write, e.read, e.try_read, e.take, e.poll, e.fileno, e.arm, e.__enter__]
    calls += [lambda: e.set_linger(0), lambda: e.count, lambda: e.id, lambda: e.flags, lambda: e.nonblock]
    calls += [lambda: e.semaphore, lambda: setattr(e, "nonblock", True), lambda: efd.wait_set().add(e, 0)]
    for call in calls:
        with pytest.raises(OSError) as raised:
            call()
        assert raised.value.errno == errno.EBADF


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda e: efd.eventfd(2**64 - 1), OSError),
        (lambda e: efd.eventfd(-1), OverflowError),
        (lambda e: efd.eventfd(2**64), OverflowError),
        (lambda e: efd.eventfd(1.0), TypeError),
        (lambda e: efd.eventfd("1"), TypeError),
        (lambda e: efd.eventfd(0, 1 << 30), OSError),
        (lambda e: efd.eventfd(0, 2**40), OverflowError),
        (lambda e: efd.eventfd(0, 0, True), TypeError),
        (lambda e: efd.eventfd(colour=1), TypeError),
        (lambda e: e.write(2**64 - 1), OSError),
        (lambda e: e.write(-1), OverflowError),
        (lambda e: e.write(None), TypeError),
        (lambda e: e.write(1, 2), TypeError),
        (lambda e: e.write(1, value=2), TypeError),
        (lambda e: e.read(0), ValueError),
        (lambda e: e.read(timeout=-1), ValueError),
        (lambda e: e.read(timeout=float("nan")), ValueError),
        (lambda e: e.read(timeout="1"), TypeError),
        (lambda e: e.read(cancel=1), TypeError),
        (lambda e: e.read(patience=1), TypeError),
        (lambda e: e.fileno(77), OSError),
        (lambda e: e.arm(), OSError),
        (lambda e: e.set_linger(-2), OSError),
        (lambda e: delattr(e, "nonblock"), AttributeError),
        (lambda e: setattr(efd.eventfd, "extra", 1), TypeError),
        (lambda e: type("mine", (efd.eventfd,), {}), TypeError),
        (lambda e: efd.cancel_token(1), TypeError),
        (lambda e: efd.wait_set(1), TypeError),
    ],
)
def test_a_wrong_argument_raises_and_changes_nothing(call, error):
    e = efd.eventfd(1)
    with pytest.raises(error):
        call(e)
    assert e.count == 1


def test_numbers_that_are_no_int_count_by_index():
    class seven:
        def __index__(self):
            return 7

    e = efd.eventfd(seven())
    e.write(seven())
    e.write(True)
    assert e.read() == 15


def test_random_programs_have_the_kernels_answers(numbers):
    """Each step on efd and on os.eventfd, both non-blocking: the same value or the same errno."""

    def answer(call, *arguments):
        try:
            return call(*arguments)
        except OSError as error:
            return errno.errorcode[error.errno]

    for _ in range(20):
        start = numbers.choice([0, 1, 5])
        is_semaphore = numbers.random() < 0.5
        ours = efd.eventfd(start, semaphore=is_semaphore, nonblock=True)
        fd = os.eventfd(start, os.EFD_NONBLOCK | (os.EFD_SEMAPHORE if is_semaphore else 0))
        for _ in range(200):
            if numbers.random() < 0.5:
                assert answer(ours.read) == answer(os.eventfd_read, fd)
            else:
                value = numbers.choice([0, 1, 2, 2**27, 2**63, LAST, LAST + 1])
                assert answer(ours.write, value) == answer(os.eventfd_write, fd, value)
        os.close(fd)


def test_properties_and_signatures():
    e = efd.eventfd(4, efd.EFD_SEMAPHORE | efd.EFD_CLOEXEC)
    assert e.flags == efd.EFD_SEMAPHORE | efd.EFD_CLOEXEC
    e.nonblock = True
    assert e.nonblock and e.flags & efd.EFD_NONBLOCK
    assert e.arena is None and e.id >= 0
    assert repr(e) == f"<efd.eventfd {e.id}, count 4, semaphore>"
    wanted = "(self, /, most=None, *, timeout=None, cancel=None, owner_death=False)"
    assert str(inspect.signature(efd.eventfd.read)) == wanted


def test_the_flags_are_the_kernels():
    assert (efd.EFD_SEMAPHORE, efd.EFD_NONBLOCK, efd.EFD_CLOEXEC) == (os.EFD_SEMAPHORE, os.EFD_NONBLOCK, os.EFD_CLOEXEC)
