# SPDX-License-Identifier: MIT
"""tests/support/processes.py: programs that a test starts, and everything that those start, end with the test.

Each program is started in a session of its own; whoever outlives its bound is killed together with its whole session,
so that nobody waits for ever in the background. Besides, this process becomes the parent of every process below it
whose own parent is gone: at its end it kills all that is left, and ctest, which kills a test by its tree of children,
finds them too. Linux alone.
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
    """The processes that are no zombies and of whose parent and session `wanted` says true."""
    found = []
    for pid in (int(name) for name in os.listdir("/proc") if name.isdecimal()):
        stat = stat_of(pid)
        if stat and stat[0] not in "ZX" and wanted(stat[1], stat[2]):
            found.append(pid)
    return found


def kill_all(find):
    """Kills what `find` finds until it finds nothing: who is not dead yet may have started another."""
    while pids := find():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def kill_session(leader):
    """Whoever is in the session that this process began."""
    assert leader > 1
    kill_all(lambda: living(lambda _, session: session == leader))


def kill_children():
    """Ours, and those whom we have adopted; their children are adopted when they die."""
    own = os.getpid()
    kill_all(lambda: living(lambda parent, _: parent == own))


def start(words, **more):
    """As subprocess.Popen of a text's two ends, in a session of its own; finish() or stop() ends it."""
    return subprocess.Popen(words, start_new_session=True, **{"text": True, "errors": "replace", **more})


def stop(process):
    """Kills what is left of it and of its session."""
    kill_session(process.pid)
    process.wait()


def finish(process, bound, input=None):
    """What it writes; if it has not ended after `bound` seconds it is stopped, and TimeoutExpired raised."""
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
    """A program that runs; at the end of the block it is stopped."""
    with contextlib.ExitStack() as stack:
        process = start(words, **more)
        stack.callback(stop, process)
        for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
            stack.enter_context(stream)
        yield process


adopt_orphans()
atexit.register(kill_children)
