# SPDX-License-Identifier: MIT
# tests/bench/bench_test.py: the output and the exit status of `efd bench`.
#
#   bench_test.py EFD [NAME]: runs every test, or the named one, against that binary. It judges no time.
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import fcntl
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import processes

EFD = ""
BOUND_SECONDS = 300
COLUMNS = 80
SPREAD = {"median", "min", "max"}
LONG_ROW = ("--rows", "^pingpong_same_core$", "--rounds", "1000")


def bench(*words, **changes):
    return processes.run([EFD, "bench", *words], BOUND_SECONDS, env={**os.environ, **changes})


def first_child_of(process):
    while process.poll() is None:
        if found := processes.living(lambda parent, _: parent == process.pid):
            return found[0]
    raise AssertionError(f"ended with {process.returncode} before it had a child")


def is_gone(pid):
    stat = processes.stat_of(pid)
    return stat is None or stat[0] in "ZX"


class Json(unittest.TestCase):
    def measured(self, *words):
        said = bench("--short", "--json", *words)
        self.assertEqual(said.returncode, 0, said.stderr)
        return json.loads(said.stdout)

    def expect_shape(self, row):
        self.assertTrue({"name", "title", "unit", "subjects", "rounds", "gates"} <= row.keys())
        spreads = [*row["subjects"].values(), *([row["kernel_over_efd"]] if "kernel_over_efd" in row else [])]
        for values in spreads:
            self.assertEqual(values.keys(), SPREAD)
            self.assertLessEqual(values["min"], values["median"])
            self.assertLessEqual(values["median"], values["max"])
            self.assertGreater(values["min"], 0)

    def test_says_of_what_and_where(self):
        said = self.measured("--rows", "^memory_sizeof$", "--load", "0.5")
        self.assertEqual(said["version"], processes.run([EFD, "--version"], BOUND_SECONDS).stdout.split()[1])
        self.assertEqual(said["kernel"], os.uname().release)
        self.assertEqual(said["machine"]["architecture"], os.uname().machine)
        self.assertEqual(said["machine"]["processors"], len(os.sched_getaffinity(0)))
        self.assertEqual((said["load"], said["busy"]), (0.5, False))

    def test_has_every_subject_of_a_row(self):
        (row,) = self.measured("--rows", "^signal_idle$")["rows"]
        self.expect_shape(row)
        self.assertEqual((row["name"], row["unit"]), ("signal_idle", "ns"))
        self.assertGreaterEqual(row["rounds"], 11)
        self.assertEqual(row["subjects"].keys(), {"kernel", "efd", "efd_c", "floor", "sem_t", "std_semaphore",
                                                  "moodycamel", "pipe"})
        self.assertEqual(row["kernel_over_efd"].keys(), SPREAD)
        self.assertIn(row["best_peer"], row["subjects"])
        self.assertEqual(len(row["gates"]), 2)
        for gate in row["gates"]:
            self.assertEqual(gate["met"], gate["ratio"] <= gate["limit"])

    def test_rounds_are_as_asked(self):
        (row,) = self.measured("--rows", "^signal_take$", "--rounds", "3")["rows"]
        self.assertEqual(row["rounds"], 3)
        self.expect_shape(row)

    def test_an_object_is_one_cache_line(self):
        (row,) = self.measured("--rows", "^memory_sizeof$")["rows"]
        self.assertEqual(row["subjects"]["efd"]["median"], 64)
        self.assertTrue(row["gates"][0]["met"])

    def test_without_a_second_processor_rows_say_so(self):
        one = min(os.sched_getaffinity(0))
        said = processes.run([EFD, "bench", "--short", "--json", "--rows", "contended|two_cores"], BOUND_SECONDS,
                             preexec_fn=lambda: os.sched_setaffinity(0, {one}))
        self.assertEqual(said.returncode, 0, said.stderr)
        rows = json.loads(said.stdout)["rows"]
        self.assertEqual(len(rows), 4)
        for row in rows:
            self.assertIn("two processors", row["not_measured"])
            self.assertEqual(row["subjects"], {})


class Text(unittest.TestCase):
    def test_the_list_names_every_row(self):
        lines = bench("--list").stdout.splitlines()
        names = [line.split()[0] for line in lines]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(max(map(len, lines)), COLUMNS)
        for name in ("signal_idle", "signal_take", "signal_contended_2", "pingpong_same_core", "pingpong_two_cores",
                     "pingpong_two_cores_linger", "create_destroy", "memory", "herd_32", "burst_to_sleeper"):
            self.assertIn(name, names)

    def test_the_table_says_machine_numbers_and_legend_in_80_columns(self):
        said = bench("--short", "--rows", "^memory_sizeof$|^signal_idle$", "--load", "0.5").stdout
        self.assertLessEqual(max(map(len, said.splitlines())), COLUMNS)
        self.assertRegex(said, r"^efd \d+\.\d+\.\d+, Linux .* load 0\.5 on")
        self.assertRegex(said, r"\nrow +unit +kernl +efd +floor +ratio +best +peer +aim\n")
        self.assertRegex(said, r"\nmemory_sizeof +bytes +- +64\.0 +- +- +4\.00 std::sem +met\n")
        for word in "floor", "ratio", "aim", "1 of 1 aims met|of 3 aims met":
            self.assertRegex(said, word)
        self.assertNotIn("Caution: the load", said)

    def test_a_busy_machine_is_said_before_the_numbers(self):
        said = bench("--short", "--rows", "^memory_sizeof$", "--load", "1000").stdout
        self.assertLess(said.index("Caution: the load is above"), said.index("memory_sizeof"))

    def test_details_have_every_subject_and_the_gate(self):
        said = bench("--short", "--rows", "^memory_sizeof$", "--details")
        self.assertRegex(said.stdout, r"\n +moodycamel +48\.00 +\(48\.00 to 48\.00\)\n")
        self.assertRegex(said.stdout, r"\n +met: efd .* at most 64\n")
        self.assertEqual(bench("--details", "--json").returncode, 2)


class Endings(unittest.TestCase):
    def test_a_row_that_does_not_end_is_named_and_the_next_is_measured(self):
        words = ["--rows", "^pingpong_same_core$|^memory_sizeof$", "--rounds", "1000", "--patience", "10", "--json"]
        process = processes.start([EFD, "bench", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        row = first_child_of(process)
        os.kill(row, signal.SIGSTOP)
        said = json.loads(processes.finish(process, BOUND_SECONDS).stdout)
        hung, measured = said["rows"]
        self.assertRegex(hung["not_measured"], r"^subject \w+ did not end in 10 s; skipped$")
        self.assertEqual(hung["subjects"], {})
        self.assertEqual(measured["subjects"]["efd"]["median"], 64)
        self.assertEqual(process.returncode, 1)
        self.assertTrue(is_gone(row))

    def test_a_pipe_gets_plain_progress_and_a_signal_ends_the_row_too(self):
        with processes.started([EFD, "bench", *LONG_ROW], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env={**os.environ, "TERM": "xterm"}) as process:
            line = process.stderr.readline()  # comes after ten seconds without output
            self.assertRegex(line, r"^row 1 of 1: pingpong_same_core, round \d+ of 1000, \w+(, \d+ s)?\n$")
            row = first_child_of(process)
            process.terminate()
            self.assertEqual(process.wait(BOUND_SECONDS), -signal.SIGTERM)
            while not is_gone(row):
                pass  # a killed process takes a moment

    def test_a_narrow_terminal_gets_lines_that_fit(self):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
        written = b""
        with processes.started([EFD, "bench", *LONG_ROW], stdout=subprocess.DEVNULL, stderr=theirs,
                               env={**os.environ, "TERM": "xterm"}):
            os.close(theirs)
            while written.count(b"\r") < 5:
                written += os.read(ours, 4096)
        os.close(ours)
        lines = [line for line in re.split(rb"\r\x1b\[K", written) if line]
        self.assertLess(max(map(len, lines)), 30)
        self.assertTrue(any(line.startswith(b"row 1 of 1: pingpong") for line in lines))


if __name__ == "__main__":
    EFD = sys.argv.pop(1)
    unittest.main()
