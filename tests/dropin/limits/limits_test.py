# SPDX-License-Identifier: MIT
"""tests/dropin/limits/limits_test.py: each limit of docs/dropin.md, shown: what a program gets from the kernel alone, and what under `efd run`.

  limits_test.py EFD PLAIN_LIMITS EARLY_PROGRAM [NAME]

A limit that is no more fails here as one that has grown does: then the document is to be changed.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import processes

EFD = PROGRAM = EARLY = ""
PROFILES = ("strict", "default", "eager")
BOUND_SECONDS = 120
NOT_TRIED = 2
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("EFD_") and k != "LD_PRELOAD"}

EFAULT = "-1 14\n"
SIGSEGV, SIGSYS = -signal.SIGSEGV, -signal.SIGSYS
# What a scene prints, or the signal that ends it: plain; under `efd run` in every profile, or in each.
SCENES = {
    "read_by_inline_call": ("5, then -11\n", "1, then 4\n"),
    "child_by_inline_call": ("5, then -11\n", "1, then 4\n"),
    "taken_by_another_process": ("5, then -11\n", "1, then 4\n"),
    "closed_by_inline_call": ("the same number, 8 bytes\n", "the same number, 0 bytes\n"),
    "value_in_an_unmapped_page": (EFAULT, {"strict": EFAULT, "default": SIGSEGV, "eager": SIGSEGV}),
    "semaphore_into_an_unmapped_page": (EFAULT, {"strict": EFAULT, "default": SIGSEGV, "eager": SIGSEGV}),
    "value_above_the_stack": (EFAULT, SIGSEGV),
    "fdinfo_kept_open": ("5, then 5\n", {"strict": "1, then 5\n", "default": "1, then 5\n", "eager": "5, then 5\n"}),
    "fdinfo_of_another_process": ("5, then 5\n", "1, then 5\n"),
    # The looked-up function that makes the ring calls another of liburing's, by its version: strict is told of the ring.
    "ring_looked_up": ("5, then -11\n", {"strict": "5, then -11\n", "default": "1, then 4\n", "eager": "1, then 4\n"}),
    "beside_a_seen_ring": ("5, then -11\n", {"strict": "5, then -11\n", "default": "1, then 4\n", "eager": "1, then 4\n"}),
    "beside_an_unseen_ring": ("5, then -11\n", "5, then -11\n"),
    "unseen_ring_without_main": ("5, then -11\n", "5, then -11\n"),
    "without_preadv2": ("5\n", SIGSYS),
    "without_madvise": ("5\n", SIGSYS),
    "without_prlimit64": ("5\n", SIGSYS),
    "without_process_vm_readv": ("1\n", SIGSYS),
    "without_process_vm_writev": ("8\n", SIGSYS),
}


def plain(*words, **more):
    return processes.run(words, BOUND_SECONDS, env=CLEAN, stdin=subprocess.DEVNULL, **more)


def under(profile, *words):
    return plain(EFD, "run", "--profile", profile, "--", *words)


def report_of(*words):
    return json.loads(plain(EFD, "run", "--report=json", "--profile", "eager", "--", *words).stderr)


def outcome(said):
    return said.stdout if said.returncode == 0 else said.returncode


class Limits(unittest.TestCase):
    def test_every_scene(self):
        for scene, (alone, limited) in SCENES.items():
            said = outcome(plain(PROGRAM, scene))
            if said == NOT_TRIED:
                continue
            self.assertEqual(said, alone, scene)
            for profile in PROFILES:
                with self.subTest(scene=scene, profile=profile):
                    wanted = limited[profile] if isinstance(limited, dict) else limited
                    self.assertEqual(outcome(under(profile, PROGRAM, scene)), wanted)

    def test_a_name_that_is_looked_up_in_libc_is_ours_but_not_by_its_version(self):
        objects = [dict(line.split(": ") for line in said.stdout.splitlines())
                   for said in (plain(PROGRAM, "looked_up"), under("default", PROGRAM, "looked_up"))]
        self.assertEqual(objects[1].pop("read"), "libefd-dropin.so")
        self.assertEqual(objects[0].pop("read"), "libc.so.6")
        self.assertEqual(*objects)
        self.assertEqual(objects[1]["read of a version"], "libc.so.6")

    def test_a_resolver_that_looks_up_while_its_library_is_relocated(self):
        self.assertEqual(outcome(plain(EARLY)), "5\n")
        self.assertEqual(outcome(under("default", EARLY)), SIGSEGV)

    def test_numbers_that_are_the_kernels_always(self):
        self.assertEqual(report_of(PROGRAM, "number_zero")["eventfds"], 0)
        self.assertEqual(report_of(PROGRAM, "only_five")["eventfds"], 1)

    def test_a_program_that_is_started_with_another_preload(self):
        self.assertEqual(report_of("env", "-u", "LD_PRELOAD", PROGRAM, "only_five")["eventfds"], 0)
        self.assertEqual(report_of("env", "LD_PRELOAD=", PROGRAM, "only_five")["eventfds"], 0)

    def test_a_report_lacks_what_runs_as_another_user(self):
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            self.skipTest("only root runs programs as another user, with setpriv")
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o755)
            copy = shutil.copy(PROGRAM, place)
            nobody = ("setpriv", "--reuid=65534", "--clear-groups", copy, "only_five")
            self.assertEqual(plain(*nobody).stdout, "5\n")
            self.assertEqual(report_of(*nobody)["eventfds"], 0)

    def test_a_program_in_another_root(self):
        if os.geteuid() != 0 or any(shutil.which(name) is None for name in ("chroot", "ldd")):
            self.skipTest("only root starts programs in another root, with chroot")
        library = plain(EFD, "version").stdout.split("drop-in  ")[1].strip()
        with tempfile.TemporaryDirectory() as place:
            needed = [word for word in plain("ldd", PROGRAM).stdout.split() if word.startswith("/")]
            for path in (PROGRAM, *needed):
                os.makedirs(place + os.path.dirname(path), exist_ok=True)
                shutil.copy(path, place + path)
            there = ("chroot", place, PROGRAM, "only_five")
            said = under("default", *there)
            self.assertEqual(said.stdout, "5\n")
            self.assertIn("libefd-dropin.so", said.stderr, "the loader's line")
            os.makedirs(place + os.path.dirname(library), exist_ok=True)
            shutil.copy(library, place + library)
            for folder in ("/usr/lib64", *glob.glob("/usr/lib/*-linux-gnu")):  # `efd run` names it from where $LIB is
                os.makedirs(place + folder, exist_ok=True)
            self.assertEqual(under("default", *there).stderr, "")
            self.assertEqual(report_of(*there)["eventfds"], 0, "without /proc the report's memory is not found")

    def compiled(self, place, source, *words):
        path = os.path.join(place, "program")
        built = plain("gcc", *words, "-x", "c", "-o", path, self.file(place, source)) if shutil.which("gcc") else None
        if built is None or built.returncode != 0 or plain(path).returncode != 7:
            self.skipTest("gcc %s makes no program that runs here" % " ".join(words))
        return path

    @staticmethod
    def file(place, text):
        path = os.path.join(place, "source.c")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_a_child_of_32_bits_has_a_line_of_the_loader(self):
        with tempfile.TemporaryDirectory() as place:
            path = self.compiled(place, "int main(void) { return 7; }", "-m32")
            said = under("default", "sh", "-c", path + "; exit $?")
            self.assertEqual(said.returncode, 7)
            self.assertIn("libefd-dropin.so", said.stderr)

    def test_a_program_with_defaults_of_its_own_for_address_sanitizer(self):
        with tempfile.TemporaryDirectory() as place:
            source = 'const char* __asan_default_options(void) { return ""; }\nint main(void) { return 7; }\n'
            path = self.compiled(place, source, "-fsanitize=address")
            said = under("default", path)
            self.assertNotEqual(said.returncode, 7)
            self.assertIn("ASan runtime does not come first", said.stderr)


class Starter(unittest.TestCase):
    """What differs with --report, as the program is a child then."""

    @staticmethod
    def started(script):
        return processes.started([EFD, "run", "--report", "--", "sh", "-c", script], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, env=CLEAN)

    def test_sigkill_for_it_stays_there(self):
        with self.started("echo $$; exec sleep 1000") as process:
            program = int(process.stdout.readline())
            process.kill()
            self.assertEqual(process.wait(BOUND_SECONDS), -signal.SIGKILL)
            os.kill(program, 0)
            os.kill(program, signal.SIGKILL)

    def test_it_stops_at_once_where_the_program_handles_that(self):
        # A job of a shell: the group of one whose parent is in another session never stops at it.
        handles = "trap : TSTP; echo ready; while :; do sleep 0.05; done"
        job = "set -m; \"$0\" run --report -- sh -c '%s' & echo $!; exec sleep 1000" % handles
        with processes.started(["bash", "-c", job, EFD], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env=CLEAN) as shell:
            lines = {shell.stdout.readline().strip() for _ in range(2)}
            starter = int((lines - {"ready"}).pop())
            os.kill(starter, signal.SIGTSTP)
            end = time.monotonic() + BOUND_SECONDS
            while processes.stat_of(starter)[0] != "T" and time.monotonic() < end:
                time.sleep(0.01)  # pace: between looks at its state
            self.assertEqual(processes.stat_of(starter)[0], "T")

    def test_what_a_process_below_sends_goes_to_the_program(self):
        with self.started("trap 'echo told; exit 9' USR1; it=$PPID; sh -c \"kill -USR1 $it\"; "
                          "while :; do sleep 0.05; done") as process:
            self.assertEqual(process.stdout.read(), "told\n")
            self.assertEqual(process.wait(BOUND_SECONDS), 9)

    def test_what_a_process_sends_to_the_group_comes_twice(self):
        counts = "import signal\nwanted = {signal.SIGRTMIN + 1}\nsignal.pthread_sigmask(signal.SIG_BLOCK, wanted)\n" \
                 "print('ready', flush=True)\nfor _ in range(2): signal.sigwait(wanted)\nprint('two', flush=True)\n"
        with processes.started([EFD, "run", "--report", "--", sys.executable, "-c", counts], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env=CLEAN) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            os.killpg(process.pid, signal.SIGRTMIN + 1)
            self.assertEqual(process.stdout.read(), "two\n")
            self.assertEqual(process.wait(BOUND_SECONDS), 0)


if __name__ == "__main__":
    EFD, PROGRAM, EARLY = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
    unittest.main()
