# SPDX-License-Identifier: MIT
"""tests/dropin/conservation/catches_test.py: the conservation test is green beside a drop-in that is right, and catches it
wherever it is broken.

  catches_test.py CONSERVATION NAIVE_DROPIN [NAME]
"""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import processes

CONSERVATION = ""
NAIVE = ""
BOUND_SECONDS = 300
# With what each fault is found soonest: a first seed, and what the rounds may contain.
FOUND_BY = {
    "fork": (4, "processes,handlers,vectors"), "raw": (1, "threads,forks"), "exec": (190, "alone,execs,numbers,bound"),
    "dup": (2, "alone,execs,numbers,vectors"), "close": (1, "alone,numbers"), "edges": (63, "alone,watchers,execs"),
    "empty": (13, "alone,forks,execs,large"), "keep": (56, "threads"), "bound": (102, "alone,numbers,bound"),
    "signals": (1, "threads,handlers,jumps"),
}


def conservation(broken, *words):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("EFD_")}
    return processes.run([CONSERVATION, *words], BOUND_SECONDS,
                         env={**clean, "LD_PRELOAD": NAIVE, "NAIVE_FAULT": broken})


class Catches(unittest.TestCase):
    def test_what_is_right_is_green(self):
        # Its lock is one that a stopped process may hold.
        said = conservation("none", "--seconds", "3", "--without", "stops")
        self.assertEqual(said.returncode, 0, said.stdout)

    def test_each_fault_is_found(self):
        for broken, (seed, features) in FOUND_BY.items():
            with self.subTest(broken=broken):
                # A round that hangs ends after two seconds; that a busy machine is slow cannot make a fault of it here.
                said = conservation(broken, "--seed", str(seed), "--only", features, "--seconds", "60", "--bound", "2")
                self.assertEqual(said.returncode, 1, said.stdout)
                self.assertIn("fault: ", said.stdout)
                self.assertIn("--seed ", said.stdout)


if __name__ == "__main__":
    CONSERVATION, NAIVE = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main()
