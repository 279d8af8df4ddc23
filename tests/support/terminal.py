"""tests/support/terminal.py: what a program writes to a terminal.

    text = terminal.written([program, word], stdout=None, env={...})
"""

import os
import pty
import subprocess


def written(words, bound_seconds, stdout=None, **more):
    """Runs the program with a terminal for standard error, and for standard output unless that is given; it must succeed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, stdout=theirs if stdout is None else stdout, stderr=theirs, **more)
    os.close(theirs)
    written_so_far = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # Linux says EIO when the last one has closed the other end
            break
        if not piece:
            break
        written_so_far += piece
    os.close(ours)
    assert process.wait(bound_seconds) == 0
    return written_so_far.decode()
