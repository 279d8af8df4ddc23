# SPDX-License-Identifier: MIT
# tests/cli/stat_test.py: what `efd stat` counts, and that it changes nothing.
#
#   stat_test.py EFD SCENES [NAME]: runs every test, or the named one; SCENES is the program stat_scenes. It judges no
#   time.
import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import processes

EFD = ""
SCENES = ""
BOUND_SECONDS = 120


def stat(*words, **how):
    return processes.run([EFD, "stat", *words], BOUND_SECONDS, **how)


def status_line(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split()[1]
    return ""


def wait_until(holds):
    end = time.monotonic() + BOUND_SECONDS
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("it did not come")
        time.sleep(0.01)  # pace: a file of /proc cannot be waited for


def processes_of(words):
    return processes.started(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=1)


class Counts(unittest.TestCase):
    def setUp(self):
        if os.path.exists("/proc/self/status") and status_line("self", "TracerPid") != "0":
            self.skipTest("this test is traced itself")

    def of(self, scene, status=0):
        with tempfile.NamedTemporaryFile() as file:
            ran = stat("--json", "-o", file.name, "--", SCENES, scene)
            self.assertEqual(ran.returncode, status, ran.stderr)
            self.assertEqual(ran.stderr, "")
            return json.load(file)

    def expect(self, scene, eventfds=1, status=0, **counts):
        report = self.of(scene, status)
        run = report["runs"][0]
        self.assertEqual(run["eventfds"], eventfds)
        for name, number in counts.items():
            self.assertEqual(run[name], number, f"{name}: {run}")
        return report

    def test_known_calls(self):
        self.expect("counts", writes=10, writes_unread=8, reads=3, reads_empty=1, wakes=0, sleeps=0)

    def test_semaphore(self):
        report = self.expect("semaphore", writes=2, writes_unread=2, reads=6, reads_empty=1)
        self.assertTrue(report["runs"][0]["each"][0]["semaphore"])

    def test_two_numbers_are_one_eventfd(self):
        report = self.expect("duplicated", writes=2, writes_unread=1, reads=1)
        self.assertIn("another number", report["runs"][0]["each"][0]["why"])

    def test_number_of_another_file_in_between(self):
        report = self.expect("reused", eventfds=2, writes=2, writes_unread=0)
        self.assertEqual([one["writes"] for one in report["runs"][0]["each"]], [1, 1])

    def test_received_from_another_process(self):
        report = self.expect("passed", writes=4, writes_unread=3, reads=1, processes=2)
        self.assertIn("SCM_RIGHTS", report["runs"][0]["each"][0]["why"])

    def test_shared_with_a_child(self):
        report = self.expect("inherited", writes=5, writes_unread=4, reads=1, processes=2)
        self.assertIn("fork", report["runs"][0]["each"][0]["why"])

    def test_wakes(self):
        self.expect("woken", writes=2, writes_unread=0, reads=2, wakes=2, sleeps=2)

    def test_killed(self):
        self.expect("killed", status=-signal.SIGTERM, writes=2, writes_unread=1)

    def test_forecast_is_what_efd_run_saves(self):
        with tempfile.NamedTemporaryFile() as file:
            ran = processes.run([EFD, "run", "--report=json", "--report-file", file.name, "--", SCENES, "promoted"],
                                BOUND_SECONDS)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            real = json.load(file)
        report = self.of("promoted")
        run = report["runs"][0]
        self.assertGreater(real["saved"], 1000)
        self.assertEqual(run["saved_writes"] + run["saved_reads"] - run["added_writes"], real["saved"])
        self.assertEqual(run["writes"], real["writes"])
        self.assertEqual([one["why"] for one in run["each"]], [one["why"] for one in real["each"]])
        self.assertGreaterEqual(report["would_save_seconds"]["greatest"], report["would_save_seconds"]["middle"])
        self.assertGreaterEqual(report["would_save_seconds"]["middle"], report["would_save_seconds"]["least"])


class Tried(unittest.TestCase):
    """--try: the program again, under efd run."""

    def test_what_it_saved_is_counted(self):
        with tempfile.NamedTemporaryFile() as file:
            ran = stat("--json", "--try", "-r", "2", "-o", file.name, "--", SCENES, "promoted")
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            report = json.load(file)
        run = report["runs"][0]
        self.assertEqual(len(report["tried"]), 2)
        for one in report["tried"]:  # one thread: the forecast is exact
            self.assertEqual(one["saved"], run["saved_writes"] + run["saved_reads"] - run["added_writes"])
            self.assertEqual((one["calls"], one["promoted"]), (run["writes"] + run["reads"], 2))
        self.assertGreater(report["would_save_seconds"]["greatest"], 0)

    def test_table_has_the_forecast_and_the_count(self):
        said = stat("--try", "--", SCENES, "counts").stderr
        self.assertIn("calls foreseen to be saved", said)
        self.assertRegex(said, r"(?m)^ +0  calls efd run saved +0\.0 %$")
        self.assertIn("in another run of the program", " ".join(said.split()))

    def test_status_is_that_of_the_last_run(self):
        self.assertEqual(stat("--try", "-o", "/dev/null", "--", "sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(stat("--try", "-o", "/dev/null", "--", SCENES, "killed").returncode, -signal.SIGTERM)


class Unchanged(unittest.TestCase):
    def test_status_output_and_what_it_sees_of_itself(self):
        plain = processes.run([SCENES, "shows"], BOUND_SECONDS)
        under = stat("-o", "/dev/null", "--", SCENES, "shows")
        self.assertEqual((under.returncode, under.stdout, under.stderr), (0, plain.stdout, plain.stderr))
        self.assertEqual(stat("-o", "/dev/null", "--", "sh", "-c", "exit 7").returncode, 7)

    def test_program_that_is_not_there(self):
        ran = stat("--", "/nonexistent/program")
        self.assertEqual(ran.returncode, 127)
        self.assertIn("/nonexistent/program", ran.stderr)

    def test_stopped_and_continued(self):
        with processes_of([EFD, "stat", "-o", "/dev/null", "--", SCENES, "stops"]) as efd:
            pid = int(efd.stdout.readline())

            def goes_on():  # /proc does not tell this stop from that of a system call, so SIGCONT may come too early
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    return True
                return select.select([efd.stdout], [], [], 0)[0]

            wait_until(goes_on)
            self.assertEqual(efd.stdout.readline(), "goes on\n")
            self.assertEqual(efd.wait(BOUND_SECONDS), 0)

    def test_signal_to_efd_reaches_the_program(self):
        with processes_of([EFD, "stat", "-o", "/dev/null", "--", SCENES, "serves"]) as efd:
            self.assertEqual(efd.stdout.readline(), "ready\n")
            efd.send_signal(signal.SIGINT)
            self.assertEqual(efd.wait(BOUND_SECONDS), -signal.SIGINT)


class Table(unittest.TestCase):
    def test_fits_a_page(self):
        said = stat("--", SCENES, "counts").stderr
        self.assertIn("10  writes", said)
        self.assertIn("8  found an unread one", said)
        self.assertIn("too little evidence", said)
        self.assertTrue(all(len(line) <= 80 for line in said.splitlines()), said)
        self.assertNotIn("\x1b", said)

    def test_repeated(self):
        with tempfile.NamedTemporaryFile() as file:
            stat("--json", "-r", "3", "-o", file.name, "--", SCENES, "counts")
            self.assertEqual([run["writes"] for run in json.load(file)["runs"]], [10, 10, 10])
        self.assertIn("10 to 10 (0 %)", stat("-r", "2", "--", SCENES, "counts").stderr)

    def test_no_eventfd(self):
        self.assertIn("0 eventfds in 1 process", stat("--", "true").stderr)

    def test_misuse(self):
        for words in ([], ["-p", "1", "--", "true"], ["-p", "1", "-r", "2"], ["-p", "1", "--try"], ["-p", "nobody"], ["--fast", "true"]):
            ran = stat(*words)
            self.assertEqual(ran.returncode, 2, ran.stderr)
            self.assertIn("Try: efd stat --help", ran.stderr)


class Attached(unittest.TestCase):
    """-p: the target goes on as if nothing had been there."""

    def start(self, scene):
        self.target = self.stack.enter_context(processes_of([SCENES, scene]))
        self.assertEqual(self.target.stdout.readline(), "ready\n")

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.start("serves")
        self.file = self.stack.enter_context(tempfile.NamedTemporaryFile())

    def attach(self):
        efd = self.stack.enter_context(
            processes_of([EFD, "stat", "-p", str(self.target.pid), "--json", "-o", self.file.name]))
        said = efd.stderr.readline()
        if "counting in process" not in said:
            raise AssertionError(said)
        return efd

    def ask(self, times=1):
        for _ in range(times):
            self.target.stdin.write("w")
            self.target.stdin.flush()
            self.assertEqual(self.target.stdout.readline(), "taken\n")

    def expect_untouched(self):
        wait_until(lambda: status_line(self.target.pid, "TracerPid") == "0")
        self.ask(2)
        self.target.stdin.close()
        self.target.stdin = None
        self.assertEqual(self.target.stdout.read(), "")
        self.assertEqual(self.target.wait(BOUND_SECONDS), 0)

    def test_counts_until_it_is_interrupted(self):
        efd = self.attach()
        self.ask(3)
        efd.send_signal(signal.SIGINT)
        self.assertEqual(efd.wait(BOUND_SECONDS), 0)
        run = json.load(self.file)["runs"][0]
        self.assertEqual((run["writes"], run["reads"], run["still_running"]), (3, 3, 1))
        self.expect_untouched()

    def test_sleeping_wait_hears_nothing_of_the_end(self):
        for _ in range(3):
            efd = self.attach()
            self.ask()
            wait_until(lambda: processes.stat_of(self.target.pid)[0] == "S")  # in epoll_wait again
            efd.send_signal(signal.SIGINT)
            self.assertEqual(efd.wait(BOUND_SECONDS), 0)
        self.expect_untouched()

    def test_until_the_process_ends(self):
        efd = self.attach()
        self.ask(2)
        self.target.stdin.close()
        self.target.stdin = None
        self.assertEqual(efd.wait(BOUND_SECONDS), 0)
        run = json.load(self.file)["runs"][0]
        self.assertEqual((run["writes"], run["still_running"]), (2, 0))
        self.assertEqual(self.target.wait(BOUND_SECONDS), 0)

    def test_first_thread_has_ended_and_another_goes_on(self):
        self.start("outlived")
        wait_until(lambda: processes.stat_of(self.target.pid)[0] == "Z")
        efd = self.attach()
        self.ask(3)
        efd.send_signal(signal.SIGINT)
        self.assertEqual(efd.wait(BOUND_SECONDS), 0)
        run = json.load(self.file)["runs"][0]
        self.assertEqual((run["writes"], run["reads"], run["still_running"]), (3, 3, 1))
        self.ask(2)
        efd = self.attach()
        self.ask()
        self.target.stdin.close()
        self.target.stdin = None
        self.assertEqual(efd.wait(BOUND_SECONDS), 0)
        self.assertEqual(self.target.wait(BOUND_SECONDS), 0)

    def test_process_that_has_ended_and_is_not_waited_for(self):
        self.start("outlived")
        self.target.stdin.close()
        self.target.stdin = None
        self.assertEqual(self.target.stdout.read(), "")
        wait_until(lambda: not [one for one in os.listdir(f"/proc/{self.target.pid}/task") if one != str(self.target.pid)])
        ran = stat("-p", str(self.target.pid))
        self.assertEqual(ran.returncode, 3)
        self.assertIn("has ended", ran.stderr)

    def test_killed_while_it_looks(self):
        for _ in range(5):
            efd = self.attach()
            self.target.stdin.write("w")
            self.target.stdin.flush()
            efd.kill()
            efd.wait()
            self.assertEqual(self.target.stdout.readline(), "taken\n")
        self.expect_untouched()

    def test_stopped_process_stays_stopped(self):
        os.kill(self.target.pid, signal.SIGSTOP)
        wait_until(lambda: processes.stat_of(self.target.pid)[0] == "T")
        efd = self.attach()
        efd.send_signal(signal.SIGINT)
        self.assertEqual(efd.wait(BOUND_SECONDS), 0)
        wait_until(lambda: processes.stat_of(self.target.pid)[0] == "T")  # it wakes to stop again
        os.kill(self.target.pid, signal.SIGCONT)
        self.target.stdin.write("w")
        self.target.stdin.flush()
        said = self.target.stdout.readline()
        if said.startswith("epoll_wait"):  # as the kernel has it after any SIGCONT
            said = self.target.stdout.readline()
        self.assertEqual(said, "taken\n")

    def test_refusals_say_what_to_do(self):
        self.attach()
        again = stat("-p", str(self.target.pid))
        self.assertEqual(again.returncode, 3)
        self.assertIn("is traced by process", again.stderr)
        none = stat("-p", "2147483647")
        self.assertEqual(none.returncode, 3)
        self.assertIn("there is no process", none.stderr)

    def test_process_of_another_user(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            said = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", EFD, "stat", "-p",
                                   str(self.target.pid)], capture_output=True, text=True, timeout=BOUND_SECONDS,
                                  check=False, cwd=folder)
        if said.returncode in (126, 127):
            self.skipTest("the command cannot be executed by that user: " + said.stderr)
        self.assertEqual(said.returncode, 3)
        self.assertIn("belongs to user 0", said.stderr)
        self.assertIn("sudo efd stat -p", said.stderr)
        self.expect_untouched()


if __name__ == "__main__":
    EFD, SCENES = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
