# SPDX-License-Identifier: MIT
# tests/bench/demo_test.py: the output of `make run`: in 80 columns, first what a user gains, then the rest.
#
#   demo_test.py REPOSITORY BUILD_DIRECTORY
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import processes

REPOSITORY = ""
BUILD = ""
BOUND_SECONDS = 500
COLUMNS = 80


class Demo(unittest.TestCase):
    def test_leads_with_the_unmodified_program_and_fits(self):
        files = os.path.join(REPOSITORY, "src")
        said = processes.run([os.path.join(REPOSITORY, "scripts/demo"), BUILD, files, "20000"], BOUND_SECONDS)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertNotIn("\x1b", said.stdout + said.stderr)
        lines = said.stdout.splitlines()
        too_long = [line for line in lines if len(line) > COLUMNS and files not in line]  # the path is as long as it is
        self.assertEqual(too_long, [])
        self.assertIn(f"{len(os.sched_getaffinity(0))} processors, load", lines[0])
        order = ["A program that nobody rebuilt", "   as it is ", "   efd run ", " times as fast", "were system calls",
                 "The same pipeline", "kernel ", "Eight of the rows", "\nsignal_idle ", "\npingpong_two_cores ",
                 "floor  the least", "aims met."]
        at = -1
        for phrase in order:
            found = said.stdout.find(phrase, at + 1)
            self.assertGreater(found, at, f"{phrase} is not where it should be in\n{said.stdout}")
            at = found
        table = said.stdout[said.stdout.index("\nrow "):].split("\n\n")[0].splitlines()
        self.assertEqual(len([line for line in table if line and not line.startswith((" ", "row"))]), 8)

    def test_says_what_is_not_built(self):
        said = processes.run([os.path.join(REPOSITORY, "scripts/demo"), "/no/such/place"], BOUND_SECONDS)
        self.assertEqual(said.returncode, 2)
        self.assertIn("is not built", said.stderr)


if __name__ == "__main__":
    BUILD = sys.argv.pop(2)
    REPOSITORY = sys.argv.pop(1)
    unittest.main()
