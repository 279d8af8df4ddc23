# SPDX-License-Identifier: MIT
# tests/claims/wrong_test.py: `efd check` finds each fault of a wrong library, and none in the sound one.
#
#   wrong_test.py EFD WRONG_LIBRARY [NAME]
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import processes

EFD = ""
LIBRARY = ""
BOUND_SECONDS = 300
# The fault, the claim that a default run finds it by, and of whom.
FAULTS = {
    "semaphore takes two": ("K-162", {"library", "descriptor", "two processes"}),
    "a wake is lost": ("K-169", {"library", "descriptor", "two processes"}),
    "wakes stay in the process": ("K-169", {"two processes"}),
    "a write by another process is lost": ("K-031", {"two processes"}),
    "another process sees no count": ("K-169", {"two processes"}),
    "a read stores twice": ("K-161", {"descriptor"}),
    "long writes": ("K-032", {"descriptor"}),
    "readv of none": ("K-021", {"descriptor"}),
    "F_GETFL": ("K-007", {"descriptor"}),
    "fdinfo": ("K-126", {"descriptor"}),
    "close keeps the number": ("K-158", {"descriptor"}),
    "close says yes": ("K-158", {"descriptor"}),
}


def who_differs(claims, **wrong):
    """The backends that differ in one of these claims, and the exit status, with the wrong library before the sound one."""
    said = processes.run([EFD, "check", "--json", "--claims", claims], BOUND_SECONDS,
                         env={**os.environ, "LD_PRELOAD": LIBRARY, **wrong})
    report = json.loads(said.stdout)
    assert report["claims"], said.stderr
    backends = ("kernel", "library", "descriptor", "two processes", "dropin")
    return {who for who in backends for one in report["claims"] if one[who]["verdict"] == "differs"}, said.returncode


class WrongLibraries(unittest.TestCase):
    def test_each_fault_is_found(self):
        for fault, (claim, backends) in FAULTS.items():
            with self.subTest(fault):
                self.assertEqual(who_differs(claim, WRONG=fault), (backends, 1))

    def test_without_a_fault_nothing_differs(self):
        claims = "|".join(sorted({claim for claim, _ in FAULTS.values()}))
        self.assertEqual(who_differs(claims), (set(), 0))


if __name__ == "__main__":
    EFD = sys.argv.pop(1)
    LIBRARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
