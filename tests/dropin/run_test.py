# SPDX-License-Identifier: MIT
# tests/dropin/run_test.py: programs that know of no efd, with `efd run` and without: the same output, the same end.
#
#   run_test.py EFD PLAIN_PROGRAM [FORTIFIED_PROGRAM...] [NAME]
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import processes

EFD = ""
PROGRAMS = []
PROFILES = ("strict", "default", "eager")
BOUND_SECONDS = 120
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("EFD_") and k != "LD_PRELOAD"}

# Which reason each scene must end with, where it ends with one.
DEMOTED = {"edges": "EPOLLET", "nested_edges": "EPOLLET", "nested_edges_first": "EPOLLET",
           "replaced_in_vfork": "exec", "by_other_names": "another call", "duplicated": "dup2",
           "exclusive": "EPOLLEXCLUSIVE", "passed": "SCM_RIGHTS",
           "executed": "exec", "spawned": "exec", "bound": "2^32", "unknown_ioctl": "ioctl",
           "read_by_libc": "stdio", "vforked": "exec",
           "reused_in_vfork": "exec", "reused_then_executed": "exec", "vector_at_the_bound": "writev",
           "nested_deeper": "EPOLLET", "ring_corners": "io_uring", "ring_polls_an_epoll": "EPOLLET",
           "closed_meanwhile": "ioctl", "replaced_under_reader": "dup2", "not_closed": "dup2",
           "not_replaced": "dup2", "ring_closes": "dup2", "by_handle_of_libc": "dup2", "shown": "looked at",
           "fdinfo_by_its_number": "looked at", "far_away": "memory that may be none", "forked": "fork",
           "forked_reader": "fork", "forked_amid_a_read": "fork", "unannounced_child": "fork",
           "stopped_and_killed": None, "unshared_before": None, "freed_value": None,
           "by_vectors": "writev", "by_syscall": "syscall", "cancelled": "syscall", "wrapped": "another call",
           "taken_by_pidfd": "another process",
           "sandboxed": "seccomp", "unshared": "CLONE_FILES", "ring_reads": "io_uring",
           "ring_reads_registered": "io_uring", "ring_polls_each": "io_uring", "ring_watches_edges": "EPOLLET",
           "ring_of_its_own": "io_uring", "aio_reads": "io_uring"}
# Under these profiles nothing is promoted beside a ring, so nothing is reported.
NOTHING_BESIDE_A_RING = ("strict",)
BESIDE_A_RING = ("ring_polls_once", "ring_corners", "ring_polls_an_epoll")


def plain(*words, **more):
    return processes.run(words, BOUND_SECONDS, env=CLEAN, **more)


def reported(profile, *words, env=None):
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "report.json")
        said = processes.run([EFD, "run", "--report=json", "--report-file", path, "--profile", profile, "--", *words],
                             BOUND_SECONDS, env=env or CLEAN)
        with open(path, encoding="utf-8") as file:
            return said, json.load(file)


# A sanitizer in a library of its own must come first.
def with_its_library(build):
    if build != ("gcc", "-fsanitize=address"):
        return []
    return ["env", "LD_PRELOAD=" + plain("gcc", "-print-file-name=libasan.so").stdout.strip()]


class Scenes(unittest.TestCase):
    """Each scene says the same with and without, in each profile, linked normally and with _FORTIFY_SOURCE."""

    def test_every_scene(self):
        self.assertGreater(len(plain(PROGRAMS[0], "list").stdout.split()), 20)
        for program in PROGRAMS:
            for scene in plain(program, "list").stdout.split():
                wanted = plain(program, scene)
                self.assertEqual(wanted.returncode, 0, scene + wanted.stderr)
                for profile in PROFILES:
                    with self.subTest(program=os.path.basename(program), scene=scene, profile=profile):
                        said, report = reported(profile, program, scene)
                        self.assertEqual(said.stdout, wanted.stdout)
                        self.assertEqual(said.returncode, 0, said.stderr)
                        self.check_report(scene, profile, report)

    def check_report(self, scene, profile, report):
        reasons = [one["reason"] for one in report["demoted"]]
        if profile in NOTHING_BESIDE_A_RING and scene in BESIDE_A_RING:
            return self.assertFalse(any(one["promoted"] for one in report["each"]), report)
        if scene in DEMOTED and DEMOTED[scene] is None:
            pass  # it depends on the moment, or nothing is promoted there
        elif scene in DEMOTED:
            self.assertTrue(any(DEMOTED[scene] in reason for reason in reasons), reasons)
        else:
            self.assertEqual(reasons, [])
            self.assertTrue(any(one["promoted"] for one in report["each"]), report)
            self.assertGreater(report["saved"], 0)
        self.assertEqual(report["saved"], report["writes"] + report["reads"] - report["kernel_writes"] -
                         report["kernel_reads"])


class Sanitizers(unittest.TestCase):
    """Their names come before libc's, and they look up libc's by dlsym() before anything else runs."""

    SOURCE = """
        #include <stdint.h>
        #include <stdio.h>
        #include <string.h>
        #include <sys/eventfd.h>
        int main(int count, char** words) {
            uint64_t value = 0;
            const int fd = eventfd(0, EFD_NONBLOCK);
            for (int i = 0; i < 96; ++i)
                if (eventfd_write(fd, 1) != 0 || (i % 8 == 7 && eventfd_read(fd, &value) != 0)) return 1;
            printf("%d %d %s\\n", (int)value, count, strrchr(words[0], '/') + 1);
            return strcmp(words[0], "elsewhere") == 0;
        }
    """
    BUILDS = (("gcc", "-fsanitize=address"), ("gcc", "-fsanitize=address", "-static-libasan"),
              ("gcc", "-fsanitize=thread", "-static-libtsan"), ("clang", "-fsanitize=address"),
              ("clang", "-fsanitize=thread"), ("clang", "-fsanitize=memory"))

    def test_programs_with_a_sanitizer(self):
        ran = 0
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "program")
            for words in (one for one in self.BUILDS if shutil.which(one[0])):
                built = processes.run([*words, "-x", "c", "-", "-o", path], BOUND_SECONDS, self.SOURCE)
                if built.returncode != 0 or plain(path).returncode != 0:
                    continue
                ran += 1
                with self.subTest(words=words):
                    said = plain(*with_its_library(words), EFD, "run", "--", path)
                    self.assertEqual((said.returncode, said.stdout), (0, "8 1 program\n"), said.stderr)
        if ran == 0:
            self.skipTest("no compiler here builds a program with a sanitizer that runs")


class Run(unittest.TestCase):
    """`efd run` changes nothing that a program or its starter can see."""

    def test_exit_status(self):
        for status in (0, 1, 42, 255):
            for report in ([], ["--report"]):
                said = plain(EFD, "run", *report, "--", "sh", "-c", "exit %d" % status)
                self.assertEqual(said.returncode, status)

    def test_ends_by_the_same_signal(self):
        for name in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
            for report in ([], ["--report"]):
                said = plain(EFD, "run", *report, "--", "sh", "-c", "kill -%d $$" % name)
                self.assertEqual(said.returncode, -name)

    def test_a_program_that_is_not_there(self):
        said = plain(EFD, "run", "--", "/nowhere/at/all")
        self.assertEqual(said.returncode, 127)
        self.assertIn("/nowhere/at/all", said.stderr)
        said = plain(EFD, "run", "--report", "--", "/etc/passwd")
        self.assertEqual(said.returncode, 126)

    def test_words_behind_the_mark_are_the_programs(self):
        said = plain(EFD, "run", "--", "printf", "%s|", "--report", "-x", "--", "a b")
        self.assertEqual(said.stdout, "--report|-x|--|a b|")

    def test_a_mark_within_the_programs_words_is_the_programs(self):
        said = plain(EFD, "run", "printf", "%s|", "a", "--", "z")
        self.assertEqual(said.stdout, "a|--|z|")

    def test_a_report_that_cannot_be_written_costs_no_run(self):
        said = plain(EFD, "run", "--report-file", "/nowhere/at/all", "--", "echo", "ran")
        self.assertEqual((said.returncode, said.stdout), (3, ""))
        self.assertIn("/nowhere/at/all", said.stderr)

    def test_standard_error_that_is_closed_or_full(self):
        for where in ("2>&-", "2>/dev/full"):
            for command, status in (("sh -c 'exit 5'", 5), ("/nowhere/at/all", 127)):
                said = plain("sh", "-c", "%s run --report -- %s %s" % (EFD, command, where))
                self.assertEqual(said.returncode, status, where + command)

    def test_children_are_awaited_where_they_are_ignored(self):
        said = plain("bash", "-c", "trap '' CHLD; %s run --report -- sh -c 'exit 4'" % EFD)
        self.assertEqual(said.returncode, 4)

    def test_a_blocked_signal_ends_it_all_the_same(self):
        ends = "import os, signal; signal.pthread_sigmask(signal.SIG_UNBLOCK, {15}); os.kill(os.getpid(), 15)"
        with processes.started([EFD, "run", "--report", "--", sys.executable, "-c", ends], stderr=subprocess.DEVNULL,
                               env=CLEAN, preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {15})) as process:
            self.assertEqual(process.wait(BOUND_SECONDS), -15)

    def test_a_program_that_stops_itself_is_seen_stopped(self):
        with processes.started([EFD, "run", "--report", "--", "sh", "-c", "kill -STOP $$; echo continued"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=CLEAN) as process:
            self.assertTrue(os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1]))
            os.killpg(process.pid, signal.SIGCONT)
            self.assertEqual(process.stdout.read(), "continued\n")
            self.assertEqual(process.wait(BOUND_SECONDS), 0)

    def test_a_job_that_is_stopped_and_goes_on_stays_no_longer_stopped(self):
        with processes.started([EFD, "run", "--report", "--", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env=CLEAN) as process:
            for turn in range(100):
                os.killpg(process.pid, signal.SIGSTOP)
                self.assertTrue(os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1]))
                os.killpg(process.pid, signal.SIGCONT)
                process.stdin.write("%d\n" % turn)
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), "%d\n" % turn)
            process.stdin.close()
            self.assertEqual(process.wait(BOUND_SECONDS), 0)

    def test_what_is_sent_to_it_goes_on(self):
        for number in (signal.SIGALRM, signal.SIGXCPU, signal.SIGPROF, signal.SIGRTMIN + 3):
            with processes.started([EFD, "run", "--report", "--", "sh", "-c", "echo ready; exec sleep 1000"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=CLEAN) as process:
                self.assertEqual(process.stdout.readline(), "ready\n")
                process.send_signal(number)
                self.assertEqual(process.wait(BOUND_SECONDS), -number)

    def test_standard_streams(self):
        said = plain(EFD, "run", "--report", "--", "cat", input="through and through")
        self.assertEqual(said.stdout, "through and through")
        self.assertIn("made no eventfd", said.stderr)

    def test_signals_go_on_to_the_program(self):
        waits = "trap 'echo told; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
        with processes.started([EFD, "run", "--report", "--", "sh", "-c", waits], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env=CLEAN) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.stdout.read(), "told\n")
            self.assertEqual(process.wait(BOUND_SECONDS), 9)

    def test_misuse(self):
        for words in (["run"], ["run", "--"], ["run", "--profile", "bold", "--", "true"],
                      ["run", "--reprot", "--", "true"], ["run", "--report=bold", "true"], ["check", "--", "x"]):
            said = plain(EFD, *words)
            self.assertEqual(said.returncode, 2, words)
            self.assertEqual(said.stdout, "")

    def test_nothing_stays_behind(self):
        before = set(os.listdir("/dev/shm"))
        reported("eager", PROGRAMS[0], "forked")
        self.assertEqual({name for name in set(os.listdir("/dev/shm")) - before if name.startswith("efd-run")}, set())

    def test_no_descriptor_of_ours(self):
        said = plain(EFD, "run", "--report", "--", "sh", "-c", "ls /proc/self/fd")
        self.assertEqual(said.stdout, plain("sh", "-c", "ls /proc/self/fd").stdout)


class Policy(unittest.TestCase):
    def test_the_profile_of_the_environment_is_kept(self):
        for words, profile in (([], "strict"), (["--profile", "eager"], "eager")):
            said = plain("env", "EFD_DROPIN_PROFILE=strict", EFD, "run", *words, "--", "printenv", "EFD_DROPIN_PROFILE")
            self.assertEqual(said.stdout, profile + "\n")

    def test_what_was_preloaded_comes_first(self):
        said = plain("env", "LD_PRELOAD=libc.so.6", EFD, "run", "--", "printenv", "LD_PRELOAD")
        self.assertRegex(said.stdout, r"^libc.so.6:.*libefd-dropin.so\n")

    def test_a_library_that_cannot_be_preloaded(self):
        with tempfile.TemporaryDirectory(prefix="with space") as place:
            for path in (os.path.join(place, "absent.so"), os.path.join(place, "there.so")):
                said = plain("env", "EFD_DROPIN_LIBRARY=" + path, EFD, "run", "--", "echo", "ran")
                self.assertEqual((said.returncode, said.stdout), (3, ""))
                with open(os.path.join(place, "there.so"), "w", encoding="utf-8"):
                    pass

    def test_check_asks_nobody_who_is_not_there(self):
        said = plain("env", "EFD_DROPIN=off", "EFD_DROPIN_DENY=*", EFD, "check", "--json", "--claims", "K-031")
        self.assertEqual(json.loads(said.stdout)["claims"][0]["dropin"]["verdict"], "holds")
        with tempfile.NamedTemporaryFile(suffix=".so") as empty:
            said = plain("env", "EFD_DROPIN_LIBRARY=" + empty.name, EFD, "check", "--claims", "K-031")
            self.assertEqual(said.returncode, 3, said.stdout)

    def test_a_program_is_denied_by_the_name_it_was_started_as(self):
        for words, kept in ((["--deny", "plain_program*"], True), (["--allow", "other name"], True)):
            report = json.loads(plain(EFD, "run", "--report=json", "--profile", "eager", *words, "--", PROGRAMS[0],
                                      "other_name").stderr)
            self.assertEqual([bool(one["demoted"]) for one in report["each"]], [kept], words)
            self.assertIn("plain_program", report["each"][0]["site"])

    def test_a_run_within_a_run_is_counted(self):
        report = json.loads(plain(EFD, "run", "--report=json", "--", EFD, "run", "--", PROGRAMS[0], "level").stderr)
        self.assertEqual(report["eventfds"], 1)

    def test_processes_that_go_on_are_told(self):
        said = plain(EFD, "run", "--report=json", "--", "sh", "-c", "sleep 1000 >&- 2>&- & until grep -q efd-run /proc/$!/maps; do :; done; echo $!")
        self.assertEqual(json.loads(said.stderr)["still_running"], 1)

    def test_no_report_of_what_never_ran(self):
        said = plain(EFD, "run", "--report=json", "--", "/nowhere/at/all")
        self.assertNotIn("{", said.stderr)

    def test_off(self):
        said, report = reported("eager", PROGRAMS[0], "level", env={**CLEAN, "EFD_DROPIN": "off"})
        self.assertEqual(said.returncode, 0)
        self.assertEqual(report["eventfds"], 0)

    def test_denied_and_allowed(self):
        for words, kept in ((["--deny", "plain*"], True), (["--deny", "other"], False), (["--allow", "other*"], True),
                            (["--allow", "other,plain_*"], False), (["--deny", "*eventfd*,*plain_program*"], True)):
            said = plain(EFD, "run", "--report=json", "--profile", "eager", *words, "--", PROGRAMS[0], "level")
            report = json.loads(said.stderr)
            self.assertEqual([bool(one["demoted"]) for one in report["each"]], [kept], words)

    def test_forked_children_report_too(self):
        _, report = reported("eager", PROGRAMS[0], "forked")
        self.assertEqual(report["eventfds"], 1)
        self.assertGreaterEqual(report["writes"], 198)

    def test_each_process_of_a_tree(self):
        _, report = reported("eager", "sh", "-c", "%s level; %s level" % (PROGRAMS[0], PROGRAMS[0]))
        self.assertEqual(report["eventfds"], 2)
        self.assertEqual(len({one["process"] for one in report["each"]}), 2)

    def test_a_killed_program_has_its_report(self):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "r")
            said = plain(EFD, "run", "--report=json", "--report-file", path, "--", "sh", "-c",
                         "%s level; kill -9 $$" % PROGRAMS[0])
            self.assertEqual(said.returncode, -9)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(json.load(file)["eventfds"], 1)

    def test_the_site_is_named(self):
        _, report = reported("default", PROGRAMS[0], "level")
        self.assertIn("plain_program", report["each"][0]["site"])


if __name__ == "__main__":
    EFD = sys.argv.pop(1)
    while len(sys.argv) > 1 and os.path.exists(sys.argv[1]):
        PROGRAMS.append(sys.argv.pop(1))
    unittest.main()
