# SPDX-License-Identifier: MIT
"""tests/style/test_proof.py: scripts/proof takes nothing for proved that is not.

What must fail does: a program that fails, one that says nothing, says it twice, or has a mutant alive. A stage that is
not through when its share of the time is over is no failure, but is said to be cut short.
"""

import importlib.machinery
import importlib.util
import sys
import unittest
from pathlib import Path

PATH = Path(__file__).resolve().parent.parent.parent / "scripts" / "proof"


def load():
    loader = importlib.machinery.SourceFileLoader("proof", str(PATH))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("proof", loader))
    sys.modules["proof"] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


proof = load()
LINE = "PROOF | x | 7 things | 3/3 | 0\n"


def failures(status, text, **more):
    return proof.judge(proof.Stage("x", [["x"]], **more), [status], [text]).failures


class Judge(unittest.TestCase):
    def test_a_good_stage_is_good(self):
        result = proof.judge(proof.Stage("x", [["x"]]), [0], ["before\n" + LINE])
        self.assertEqual(("7 things", "3/3", 0), (result.explored, result.killed, result.failures))

    def test_what_must_fail_fails(self):
        for status, text in (
            (1, LINE), (77, "skipped\n"), (0, ""), (0, LINE + LINE), (-11, LINE),
            (None, "configuration x FAILS\n"), (None, "PAIR name ALIVE\n"),
            (0, "PROOF | x | 7 things | 2/3 | 0\n"), (0, "PROOF | x | 7 things | - | 2\n"), (0, "PROOF | x | 7 things | 0\n"),
        ):  # fmt: skip
            self.assertGreater(failures(status, text), 0, (status, text))

    def test_stages_without_a_line_of_their_own(self):
        tests = {"figures": proof.gtest_figures}
        self.assertEqual(0, failures(0, "[  PASSED  ] 3 tests.\n", **tests))
        self.assertGreater(failures(0, "", **tests), 0)
        self.assertGreater(failures(1, "[  PASSED  ] 3 tests.\n", **tests), 0)
        self.assertGreater(failures(0, "[  PASSED  ] 3 tests.\n[  FAILED  ] 1 test, listed below:\n", **tests), 0)
        style = {"figures": proof.style_figures}
        self.assertEqual(0, failures(0, "15 sources, 0 with findings\n", **style))
        self.assertGreater(failures(0, "15 sources, 2 findings\n", **style), 0)
        self.assertGreater(failures(0, "nothing\n", **style), 0)

    def test_the_programs_of_arenas(self):
        for figures, good, bad in (
            (proof.crash_figures, "5352 killed; 0 of 35 operations show a fault; worst 9 ms\n", "0 of 35"),
            (proof.hostile_figures, "patterns   77\n\nat   1660\nseed 6, 0 faults\n", "0 faults"),
            (proof.conserve_figures, "9 calls of 3 processes, 1 killed, 2 forks\nseed 6, 0 faults\n", "0 faults"),
        ):
            with self.subTest(figures.__name__):
                self.assertEqual(0, failures(0, good, figures=figures))
                self.assertEqual(2, failures(1, good.replace(bad, bad.replace("0", "2", 1)), figures=figures))
                self.assertGreater(failures(0, "", figures=figures), 0)
                self.assertGreater(failures(1, good, figures=figures), 0)

    def test_a_stage_that_is_cut_short_says_so_and_is_no_failure(self):
        for status, text, cut in ((None, "one\ntwo\n", True), (0, "PROOF | x | 3 of 7 things | - | 0\n", True),
                                  (0, "PROOF | x | 7 of 7 things | - | 0\n", False), (0, LINE, False)):  # fmt: skip
            result = proof.judge(proof.Stage("x", [["x"]]), [status], [text])
            self.assertEqual((0, cut), (result.failures, result.cut), text)
            self.assertEqual(cut, "cut short:" in "\n".join(proof.table_of([result], 1.0)))

    def test_the_table_fits_eighty_columns(self):
        long = proof.Result("fuzz, rapidcheck", "word " * 60, "1000/1000", 0, 12345.0, cut=True)
        self.assertLessEqual(max(map(len, proof.table_of([long], 12345.0))), 80)

    def test_the_shares_fit_the_bound(self):
        shares = sum(stage.share * stage.cores for stage in proof.STAGES if not stage.long)
        self.assertLessEqual(shares, 15 * 60 * proof.CORES)

    def test_a_stage_that_hangs_is_ended(self):
        class options:
            build, times = PATH.parent.parent / "build", 1

        run = proof.Proof.__new__(proof.Proof)
        run.options, run.build = options, options.build
        status, _ = run.run(["sleep", "600"], "/dev/null", deadline=proof.time.monotonic() + 1)
        self.assertIsNone(status)


if __name__ == "__main__":
    unittest.main()
