# SPDX-License-Identifier: MIT
"""tests/support/processes.py: programs that a test starts, and everything that those start, end with the test.

Each program is started in a session of its own. A program that exceeds its bound is killed with its whole session, so no
process waits for ever in the background. This process also becomes the parent of every descendant whose own parent has
ended: at its end it kills all that are left, and ctest, which kills a test by its tree of children, finds them too. Linux
only.
"""

import atexit
import contextlib
import ctypes
import os
import signal
import subprocess

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def stat_of(pid):
    """State, parent and session of a process; None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state, parent, _, session = file.read().rpartition(") ")[2].split()[:4]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return state, int(parent), int(session)


def living(wanted):
    """The processes that are no zombies and for whose parent and session `wanted` is true."""
    found = []
    for pid in (int(name) for name in os.listdir("/proc") if name.isdecimal()):
        stat = stat_of(pid)
        if stat and stat[0] not in "ZX" and wanted(stat[1], stat[2]):
            found.append(pid)
    return found


def kill_all(find):
    """Kills what `find` finds until it finds nothing: a dying process may have started another."""
    while pids := find():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def kill_session(leader):
    """The processes of the session that this process began."""
    assert leader > 1
    kill_all(lambda: living(lambda _, session: session == leader))


def kill_children():
    """Our children and adopted processes; their children are adopted when they die."""
    own = os.getpid()
    kill_all(lambda: living(lambda parent, _: parent == own))


def start(words, **more):
    """As subprocess.Popen with text streams, in a session of its own; finish() or stop() ends it."""
    return subprocess.Popen(words, start_new_session=True, **{"text": True, "errors": "replace", **more})


def stop(process):
    """Kills it and what is left of its session."""
    kill_session(process.pid)
    process.wait()


def finish(process, bound, input=None):
    """Its output; if it has not ended after `bound` seconds it is stopped, and TimeoutExpired raised."""
    try:
        output, errors = process.communicate(input, timeout=bound)
    except BaseException:
        stop(process)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def run(words, bound, input=None, **more):
    """As subprocess.run with its output captured, and with a bound in seconds."""
    if input is not None:
        more["stdin"] = subprocess.PIPE
    return finish(start(words, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}), bound, input)


@contextlib.contextmanager
def started(words, **more):
    """A running program, which is stopped at the end of the block."""
    with contextlib.ExitStack() as stack:
        process = start(words, **more)
        stack.callback(stop, process)
        for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
            stack.enter_context(stream)
        yield process


adopt_orphans()
atexit.register(kill_children)
