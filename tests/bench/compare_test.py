# SPDX-License-Identifier: MIT
# tests/bench/compare_test.py: `efd bench --compare`: what counts as a change, what is listed, and what is refused.
#
#   compare_test.py EFD: with results that are made up here, so it measures nothing.
import json
import os
import pty
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import processes

EFD = ""
BOUND_SECONDS = 120
COLUMNS = 80


def spread(median, least, greatest):
    return {"median": median, "min": least, "max": greatest}


def row(name, unit="ns", rounds=31, ratio=None, **subjects):
    made = {"name": name, "title": name, "unit": unit, "rounds": rounds, "gates": [],
            "subjects": {who: spread(*values) for who, values in subjects.items()}}  # fmt: skip
    return {**made, "kernel_over_efd": spread(*ratio)} if ratio else made


def result(*rows, **changes):
    return {"version": "1.2.3", "kernel": "6.1.0", "load": 0.1, "busy": False,
            "machine": {"architecture": "x86_64", "processor": "A Processor", "processors": 2},
            "rows": list(rows), **changes}  # fmt: skip


class Compare(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name

    def file(self, name, content):
        path = os.path.join(self.place, name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    def run_on(self, before, after, *words):
        paths = self.file("before.json", before), self.file("after.json", after)
        return processes.run([EFD, "bench", "--compare", *paths, *words], BOUND_SECONDS)

    def verdicts(self, before, after):
        said = self.run_on(before, after, "--json")
        found = json.loads(said.stdout)
        self.assertEqual(said.returncode, 1 if found["worse"] else 0)
        self.assertEqual(found["worse"], sum(one["verdict"] == "worse" for one in found["changes"]))
        return {(one["row"], one["subject"]): one["verdict"] for one in found["changes"]}, found

    def test_ranges_that_overlap_or_touch_are_no_change(self):
        before = result(row("a", efd=(10, 9, 12)), row("b", efd=(10, 9, 12)), row("c", efd=(10, 10, 10)))
        after = result(row("a", efd=(20, 11.9, 30)), row("b", efd=(8, 7, 9)), row("c", efd=(10, 10, 10)))
        self.assertEqual(set(self.verdicts(before, after)[0].values()), {"same"})

    def test_ranges_apart_are_worse_above_and_better_below(self):
        before = result(row("up", efd=(10, 9, 12)), row("down", efd=(10, 9, 12)), row("count", "wakes", 1, efd=(1, 1, 1)))
        after = result(row("up", efd=(13, 12.1, 14)), row("down", efd=(5, 4, 8.9)), row("count", "wakes", 1, efd=(2, 2, 2)))
        found, all_ = self.verdicts(before, after)
        self.assertEqual(found, {("up", "efd"): "worse", ("down", "efd"): "better", ("count", "efd"): "worse"})
        self.assertEqual([one["row"] for one in all_["changes"]], ["count", "up", "down"])
        self.assertAlmostEqual(all_["changes"][1]["times"], 1.3)

    def test_only_subjects_of_efd_are_judged(self):
        names = ("kernel", "floor", "sem_t", "pipe", "pending_flag", "poll", "efd_c", "efd_level", "private", "efd")
        before = result(row("a", **{name: (10, 9, 11) for name in names}))
        after = result(row("a", **{name: (30, 29, 31) if name != "kernel" else (10, 9, 11) for name in names}))
        found, _ = self.verdicts(before, after)
        self.assertEqual(found, {("a", name): "worse" for name in ("efd", "efd_c", "efd_level", "private")})

    def test_what_the_kernel_did_as_much_is_the_machine(self):
        before = result(row("a", kernel=(100, 90, 110), efd=(10, 9, 11), efd_c=(10, 9, 11), ratio=(10, 9, 11)))
        slow = result(row("a", kernel=(200, 190, 210), efd=(20, 19, 21), efd_c=(30, 29, 31), ratio=(10, 9, 11)))
        self.assertEqual(self.verdicts(before, slow)[0], {("a", "efd"): "machine", ("a", "efd_c"): "worse"})
        apart = result(row("a", kernel=(120, 115, 130), efd=(20, 19, 21), efd_c=(10, 9, 11), ratio=(6, 5, 7)))
        self.assertEqual(self.verdicts(before, apart)[0], {("a", "efd"): "worse", ("a", "efd_c"): "same"})

    def test_a_time_of_one_round_is_not_judged(self):
        found, _ = self.verdicts(result(row("a", rounds=1, efd=(10, 10, 10))), result(row("a", efd=(20, 19, 21))))
        self.assertEqual(found, {("a", "efd"): "unknown"})

    def test_rows_of_one_side_are_listed(self):
        gone = {**row("hung"), "not_measured": "did not end in 60 s"}
        before = result(row("a", efd=(1, 1, 1)), row("old", efd=(1, 1, 1)), row("hung", efd=(1, 1, 1)), row("b", efd=(1, 1, 1)))
        after = result(row("a", efd=(1, 1, 1), efd_c=(2, 2, 2)), row("new", efd=(1, 1, 1)), gone, row("b", "us", efd=(1, 1, 1)))
        listed = {one["row"]: one["why"] for one in self.verdicts(before, after)[1]["not_compared"]}
        self.assertEqual(listed.keys(), {"old", "new", "hung", "b", "a, efd_c"})
        self.assertIn("first", listed["old"])
        self.assertIn("second", listed["new"])
        self.assertIn("did not end in 60 s", listed["hung"])
        self.assertIn("in ns before, in us after", listed["b"])
        text = self.run_on(before, after).stdout
        for name in listed:
            self.assertIn(f"  {name}: ", text)

    def test_the_table_is_sorted_fits_and_ends_with_the_sums(self):
        long = "a_row_with_the_longest_name_of_all_rows_that_a_file_may_have"
        before = result(row(long, "bytes", subject_with_a_very_long_name=(1e14, 1e14, 1e14)),
                        *(row(f"r{i}", efd=(10, 9, 11)) for i in range(5)))  # fmt: skip
        after = result(row(long, "bytes", subject_with_a_very_long_name=(3e14, 3e14, 3e14)),
                       *(row(f"r{i}", efd=(values, values - 1, values + 1)) for i, values in enumerate((20, 40, 5, 10, 10))),
                       kernel="6.9.0", busy=True)  # fmt: skip
        said = self.run_on(before, after)
        self.assertEqual(said.returncode, 1)
        lines = said.stdout.splitlines()
        self.assertLessEqual(max(len(line) for line in lines if self.place not in line), COLUMNS)
        rows = [line.split() for line in lines if line.endswith((" worse", " better", " same"))]
        self.assertEqual([one[0] for one in rows if one[0].startswith("r")], ["r1", "r0", "r2"])
        self.assertEqual(rows[0], ["r1", "efd", "ns", "10.0", "40.0", "4.00x", "worse"])
        self.assertIn("    9.00 to 11.0 before, 39.0 to 41.0 after", lines)
        self.assertEqual(lines[-1], "3 worse, 1 better, 2 the same; --details lists all.")
        for caution in ("Caution: two kernels", "was measured beside other programs"):
            self.assertIn(caution, said.stdout.replace("\n", " "))
        self.assertIn("same", self.run_on(before, after, "--details").stdout.replace("the same", ""))

    def test_a_terminal_gets_colour_and_a_pipe_none(self):
        before, after = result(row("a", efd=(1, 1, 1))), result(row("a", efd=(2, 2, 2)))
        self.assertNotIn("\x1b", self.run_on(before, after).stdout)
        ours, theirs = pty.openpty()
        words = [EFD, "bench", "--compare", os.path.join(self.place, "before.json"), os.path.join(self.place, "after.json")]
        with processes.started(words, stdout=theirs, env={**os.environ, "TERM": "xterm"}) as process:
            os.close(theirs)
            process.wait(BOUND_SECONDS)
            said = os.read(ours, 65536)
        os.close(ours)
        self.assertIn(b"\x1b[31mworse\x1b[0m", said)

    def test_garbage_is_refused_with_a_sentence_and_no_control_characters(self):
        good = result(row("a", efd=(1, 1, 1)))
        garbage = [b"", b"{", b"[]", b"\xff\xfe\x00", b"[" * 100_000, b'{"rows": []}', b'{"\x1b[31m": 1}',
                   {**good, "rows": [{"name": "\x1b[2J"}]}, {**good, "rows": {}}, {**good, "busy": "\x1b[2J"},
                   result(row("a", efd=(1, 2, 3))), result(row("a", efd=(1e300, 1e300, 1e300))),
                   result(row("a", efd=(1, 1, 1)), row("a", efd=(1, 1, 1))),
                   json.dumps(good).replace('"median": 1', '"median": 1e999').encode()]  # fmt: skip
        for one in garbage:
            for pair in ((one, good), (good, one)):
                said = self.run_on(*pair)
                self.assertEqual((said.returncode, said.stdout), (2, ""), one)
                self.assertRegex(said.stderr, r"^efd: --compare: \S+(before|after)\.json is no result of `efd bench --json`: .")
                self.assertNotIn("\x1b", said.stderr)

    def test_names_from_a_file_reach_a_terminal_without_control_characters(self):
        hostile = result(row("a", efd=(1, 1, 1)), version="\x1b[2J\n", kernel="\x07", machine={"processor": "\x1b", "processors": 1})
        self.assertNotRegex(self.run_on(hostile, hostile).stdout, r"[\x00-\x09\x0b-\x1f]")

    def test_files_that_are_not_there_and_wrong_words_are_misuse(self):
        path = self.file("good.json", result(row("a", efd=(1, 1, 1))))
        for words in ([path], [path, "/none.json"], [path, self.place], [path, path, "--report", self.place], [path, path, path]):
            said = processes.run([EFD, "bench", "--compare", *words], BOUND_SECONDS)
            self.assertEqual((said.returncode, said.stdout), (2, ""), words)
            self.assertIn("Try: efd bench --help", said.stderr)


if __name__ == "__main__":
    EFD = sys.argv.pop(1)
    unittest.main()
