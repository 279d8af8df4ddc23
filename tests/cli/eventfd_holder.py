# SPDX-License-Identifier: MIT
"""tests/cli/eventfd_holder.py: a process with eventfds and an arena, for `efd ls` to find.

    eventfd_holder.py LIBRARY: prints one line of JSON, what it has, when all of it is there; it ends with its input.

It has an eventfd of 7 under two numbers, in an epoll, a semaphore of 3, and a child of fork that shares all of them. The
arena `camera` has three objects with names, one of which would harm a terminal, and one without; a thread sleeps in a
read of `empty`.
"""

import ctypes
import json
import os
import select
import sys
import threading

EFD_SEMAPHORE = 1
HARMFUL = b"evil\x1b[31m\n"


def library(path):
    lib = ctypes.CDLL(path, use_errno=True)
    lib.efd_arena_create.restype = lib.efd_arena_make.restype = ctypes.c_void_p
    lib.efd_arena_create.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    lib.efd_arena_make.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_int]
    lib.efd_arena_id.restype = ctypes.c_uint64
    lib.efd_arena_id.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    lib.efd_arena_refusal.restype = ctypes.c_char_p
    lib.efd_read.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    return lib


def make_arena(lib):
    """The ids of its objects, by name; and the object that a thread may sleep on."""
    arena = lib.efd_arena_create(b"camera", None)
    assert arena, lib.efd_arena_refusal()
    objects = {}
    for name, count, flags in (b"frames", 5, 0), (HARMFUL, 1 << 40, EFD_SEMAPHORE), (b"empty", 0, 0), (None, 1, 0):
        objects[name] = lib.efd_arena_make(arena, name, count, flags)
        assert objects[name], ctypes.get_errno()
    ids = {"" if name is None else name.decode(): lib.efd_arena_id(arena, one) for name, one in objects.items()}
    return ids, objects[b"empty"]


def make_eventfds():
    libc = ctypes.CDLL(None, use_errno=True)
    seven, permits = libc.eventfd(7, 0), libc.eventfd(3, EFD_SEMAPHORE)
    assert seven >= 0 and permits >= 0
    poll = select.epoll()
    poll.register(seven, select.EPOLLIN)
    return {"seven": sorted([seven, os.dup(seven)]), "permits": permits, "poll": poll.fileno()}, poll


def main():
    lib = library(sys.argv[1])
    eventfds, poll = make_eventfds()
    ids, empty = make_arena(lib)
    child = os.fork()
    if child == 0:
        sys.stdin.read()
        os._exit(0)
    value = ctypes.c_uint64()
    threading.Thread(target=lambda: lib.efd_read(empty, ctypes.byref(value)), daemon=True).start()
    print(json.dumps({"child": child, "objects": ids, "poll": poll.fileno(), **eventfds}), flush=True)
    sys.stdin.read()
    os._exit(0)


main()
