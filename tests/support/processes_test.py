# SPDX-License-Identifier: MIT
"""tests/support/processes_test.py: a test that runs out of time leaves no process behind.

    processes_test.py CTEST [EFD PLAIN_PROGRAM]

Whoever lives holds the writing end of a pipe or of a fifo: that is read until nobody has it. No time is judged.
"""

import os
import select
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import processes

CTEST = ""
SCENE = []
HERE = os.path.dirname(os.path.abspath(__file__))
BOUND_SECONDS = 120
# A process whose parent has ended and that ignores what can be ignored, one that has its parent, and that: each says
# that it lives, and waits for ever.
HANGS = """
(sh -c 'exec 3>{fifo}; trap "" TERM INT HUP; echo >&3; read nothing <{never}' &)
sh -c 'exec 3>{fifo}; echo >&3; read nothing <{never}' &
exec 3>{fifo}; echo >&3; read nothing <{never}
"""
LIVES = 3
# The same as a test for ctest, which besides leaves a process behind that is in a session of its own.
HANGING_TEST = """
import sys
sys.path.insert(0, {here!r})
import processes
processes.run(["sh", "-c", {leaves!r}], 1000, stdout=None, stderr=None)
processes.run(["sh", "-c", {hangs!r}], 1000)
"""
LEAVES = "setsid sh -c 'exec 3>{fifo}; echo >&3; read nothing <{never}' & exit 0"
# Ends at once, as a test that has failed; what it started does not.
ENDING_TEST = """
import sys
sys.path.insert(0, {here!r})
import processes
processes.start(["sh", "-c", {hangs!r}])
with open({fifo!r}, encoding="utf-8") as file:
    for _ in range({lives}):
        file.readline()
"""


class Orphans(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)
        self.names = {name: os.path.join(place.name, name) for name in ("fifo", "never")}
        for name in self.names.values():
            os.mkfifo(name)
        self.opened(self.names["never"], os.O_RDWR)
        self.names |= {"here": HERE, "lives": LIVES, "leaves": LEAVES.format(**self.names)}
        self.names["hangs"] = HANGS.format(**self.names)

    def opened(self, name, how):
        fd = os.open(name, how)
        self.addCleanup(os.close, fd)
        return fd

    def await_lives(self):
        """Sleeps until all three have said that they live; the reading end."""
        fd = self.opened(self.names["fifo"], os.O_RDONLY)
        said = b""
        while said.count(b"\n") < LIVES:
            said += os.read(fd, 64)
        return fd

    def lines_of_the_dead(self, fd):
        """Sleeps until nobody has the writing end; how many lines were in there."""
        number = 0
        while select.select([fd], [], [], BOUND_SECONDS)[0]:
            piece = os.read(fd, 4096)
            if not piece:
                return number
            number += piece.count(b"\n")
        return self.fail("somebody is left over")

    def test_a_program_that_outlives_its_bound_ends_with_its_session(self):
        process = processes.start(["sh", "-c", self.names["hangs"]])
        fd = self.await_lives()
        with self.assertRaises(subprocess.TimeoutExpired):
            processes.finish(process, 0.01)
        self.lines_of_the_dead(fd)

    def test_a_program_ends_with_its_block(self):
        with processes.started(["sh", "-c", self.names["hangs"]]):
            fd = self.await_lives()
        self.lines_of_the_dead(fd)

    def test_a_scene_that_has_forked_ends_with_its_session(self):
        if not SCENE:
            self.skipTest("without the drop-in there are no scenes")
        ours, theirs = os.pipe()
        self.addCleanup(os.close, ours)
        process = processes.start([SCENE[0], "run", "--report", "--", SCENE[1], "hangs"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, pass_fds=[theirs])
        os.close(theirs)
        self.assertEqual({process.stdout.readline() for _ in range(2)}, {"parent\n", "child\n"})
        with self.assertRaises(subprocess.TimeoutExpired):
            processes.finish(process, 0.01)
        self.lines_of_the_dead(ours)

    def test_a_test_whose_time_is_up_for_ctest(self):
        script = self.place / "hanging.py"
        script.write_text(HANGING_TEST.format(**self.names), encoding="utf-8")
        fd = self.opened(self.names["fifo"], os.O_RDONLY | os.O_NONBLOCK)
        for bound in (2, 20, 120):  # a busy machine begins late; what has not begun cannot be left over
            (self.place / "CTestTestfile.cmake").write_text(
                f'add_test(hanging "{sys.executable}" -B "{script}")\n'
                f"set_tests_properties(hanging PROPERTIES TIMEOUT {bound})\n", encoding="utf-8")
            said = processes.run([CTEST, "--test-dir", str(self.place)], 600)
            self.assertIn("(Timeout)", said.stdout)
            lines = self.lines_of_the_dead(fd)
            if lines > LIVES:
                return
        self.fail(f"{lines} of {LIVES + 1} processes have begun")

    def test_nothing_outlives_a_test_that_ends(self):
        said = processes.run([sys.executable, "-B", "-c", ENDING_TEST.format(**self.names)], BOUND_SECONDS)
        self.assertEqual(said.returncode, 0, said.stderr)
        fd = self.opened(self.names["fifo"], os.O_RDONLY | os.O_NONBLOCK)
        self.assertEqual(os.read(fd, 64), b"")  # not "try again": nobody has the writing end


if __name__ == "__main__":
    CTEST = sys.argv.pop(1)
    while len(sys.argv) > 1 and os.path.exists(sys.argv[1]):
        SCENE.append(sys.argv.pop(1))
    unittest.main()
