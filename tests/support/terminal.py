# SPDX-License-Identifier: MIT
"""tests/support/terminal.py: what a program writes to a terminal.

    text = terminal.written([program, word], bound_seconds, stdout=None, env={...})
"""

import os
import pty
import select
import time

import processes


def piece_of(terminal, until):
    """What is there next; nothing once no process has the other end. TimeoutError after the moment `until`."""
    if not select.select([terminal], [], [], max(0, until - time.monotonic()))[0]:
        raise TimeoutError("the program still has the terminal")
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says EIO when the last one has closed the other end
        return b""


def written(words, bound_seconds, stdout=None, **more):
    """Runs the program with a terminal for standard error, and for standard output unless that is given; it must succeed."""
    until = time.monotonic() + bound_seconds
    ours, theirs = pty.openpty()
    written_so_far = b""
    try:
        with processes.started(words, stdout=theirs if stdout is None else stdout, stderr=theirs, **more) as process:
            os.close(theirs)
            while piece := piece_of(ours, until):
                written_so_far += piece
            assert process.wait(max(1, until - time.monotonic())) == 0
    finally:
        os.close(ours)
    return written_so_far.decode()
