#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Observed processes in `efd ls` and `efd top`: what is counted, who sleeps, forks, hostile memory, probes.
  observe_test.py EFD PROGRAM LIBRARY [DROPIN SCENES]
DROPIN is libefd-dropin.so, and SCENES the program stat_scenes.
"""
import fcntl
import json
import os
import pty
import random
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

EFD, PROGRAM, LIBRARY, DROPIN, SCENES = (*sys.argv[1:], "", "")[:5]
PROBES = {"signal", "sleep", "awake", "wake", "take", "arm", "ring", "seal"}
PATIENCE_S = 60


def environment(**more):
    rest = {name: value for name, value in os.environ.items() if name != "EFD_OBSERVE"}
    return {**rest, **more}


def need(tool):
    if shutil.which(tool):
        return
    if os.environ.get("CI") == "true":
        raise AssertionError(f"there is no {tool}; scripts/setup test installs it")
    raise unittest.SkipTest(f"there is no {tool}")


class Program:
    """The program, once it has said that it is ready."""

    def __init__(self, *arguments, user=None, **variables):
        self.process = subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment(**variables), user=user)
        said = dict(self.process.stdout.readline().split() for _ in range(2))
        self.pid, self.child = int(said["ready"]), int(said["child"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        if self.process.wait(PATIENCE_S) != 0:
            raise AssertionError("the program failed")
        self.process.stdout.close()


def efd(*words, user=None):
    """What the command prints."""
    return subprocess.run([EFD, *words], stdout=subprocess.PIPE, text=True, env=environment(), user=user,
                          check=True).stdout


def wait_for_zombie(pid):
    """Until the first thread of the process has ended; another has no way to wait for it to the end."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            if file.read().rpartition(") ")[2][0] == "Z":
                return
    raise AssertionError("the first thread has not ended")


def observed(*filters):
    """What efd ls says of observed processes, by pid."""
    done = subprocess.run([EFD, "ls", "--json", *filters], capture_output=True, text=True, env=environment())
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return {one["pid"]: one for one in json.loads(done.stdout)["observed"]} if done.stdout else {}


def wait_for_sleeper(pid):
    """The objects of the process by id, once its reader sleeps: an event, no time."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        process = observed().get(pid)
        objects = {one["id"]: one for one in process["objects"]} if process else {}
        queue = [one for one in objects.values() if "make_queue" in (one["made_at"] or "")]
        if queue and queue[0]["sleepers"] and queue[0]["takes"] and queue[0]["count"] == 0:
            return process, objects, queue[0]
    raise AssertionError(f"no reader is seen asleep: {process}")


class Observed(unittest.TestCase):
    def test_the_variable_shows_counts_sleepers_signallers_and_places(self):
        with Program(EFD_OBSERVE="1") as program:
            process, objects, queue = wait_for_sleeper(program.pid)
            self.assertEqual(process["command"], os.path.basename(PROGRAM)[:15])
            self.assertEqual(queue["signals"], 5)
            self.assertTrue(queue["every_call_counted"])
            self.assertEqual(queue["last_signaller"], program.pid)
            self.assertEqual(queue["made_by"], program.pid)
            self.assertRegex(queue["made_at"], r"^[^ ]+\+0x[0-9a-f]+ make_queue$")
            threads = set(map(int, os.listdir(f"/proc/{program.pid}/task"))) - {program.pid}
            self.assertEqual({one["thread"] for one in queue["sleepers"]}, threads)
            permits = next(one for one in objects.values() if one["semaphore"])
            self.assertEqual((permits["count"], permits["takes"]), (6, 1))
            named = next(one for one in objects.values() if one["shared"])
            self.assertEqual((named["name"], named["count"]), ("frames", 3))
            self.assertIn(0, objects)  # what was made before it opted in by the call below is here, too

    def test_a_child_of_fork_counts_for_itself(self):
        with Program(EFD_OBSERVE="on") as program:
            parent = observed()[program.pid]
            child = observed()[program.child]
            of_child = next(one for one in child["objects"] if one["semaphore"])
            of_parent = next(one for one in parent["objects"] if one["semaphore"])
            self.assertTrue(of_child["inherited"])
            self.assertEqual((of_child["count"], of_child["signals"]), (7, 1))
            self.assertEqual((of_parent["count"], of_parent["signals"]), (6, 0))
            self.assertEqual(of_child["made_at"], of_parent["made_at"])
            found = next(one for one in child["objects"] if one["shared"])
            self.assertRegex(found["made_at"] or "", r"^[^ ]+\+0x[0-9a-f]+ look_up$")

    def test_the_call_opts_in_for_what_is_made_after_it(self):
        with Program("observe") as program:
            _, objects, queue = wait_for_sleeper(program.pid)
            self.assertTrue(queue["every_call_counted"])
            self.assertNotIn(0, objects)

    def test_a_process_whose_first_thread_has_ended_is_shown_as_others_are(self):
        with Program("outlived", EFD_OBSERVE="1") as program:
            wait_for_zombie(program.pid)
            process, objects, queue = wait_for_sleeper(program.pid)
            self.assertEqual(process["command"], os.path.basename(PROGRAM)[:15])
            self.assertRegex(queue["made_at"], r"^[^ ]+\+0x[0-9a-f]+ make_queue$")
            self.assertIn("frames", [one["name"] for one in objects.values()])
            listed = json.loads(efd("ls", "--json", "--pid", str(program.pid)))
            four = next(one for one in listed["eventfds"] if one["count"] == 4)
            self.assertIn(program.pid, [one["pid"] for one in four["holders"]])
            self.assertIn(program.pid, [one["pid"] for one in four["epolls"]])
            arenas = [[(one["name"], one["count"]) for one in arena["objects"]] for arena in listed["arenas"]]
            self.assertEqual(arenas, [[("frames", 3)]])
            top = json.loads(efd("top", "--json", "--interval", "0.1"))
            self.assertIn(4, [one["count"] for one in top["kernel"] if one["pid"] in (program.pid, program.child)])
            self.assertIn(program.pid, {one["pid"] for one in top["objects"]})

    @unittest.skipUnless(os.geteuid() == 0, "needs two users")
    def test_a_process_whose_first_thread_has_ended_is_shown_to_its_user(self):
        nobody = 65534
        try:
            program = Program("outlived", user=nobody)
        except PermissionError:
            self.skipTest("another user may not run programs where they were built")
        with program:
            wait_for_zombie(program.pid)
            said = efd("ls", "--json", "--kernel", "--pid", str(program.pid), user=nobody)
            self.assertEqual([one["count"] for one in json.loads(said)["eventfds"]], [4])

    def test_a_process_that_did_not_opt_in_is_not_shown(self):
        for variables in ({}, {"EFD_OBSERVE": "0"}, {"EFD_OBSERVE": "off"}):
            with Program(**variables) as program:
                self.assertNotIn(program.pid, observed())
                links = [os.readlink(f"/proc/{program.pid}/fd/{n}") for n in os.listdir(f"/proc/{program.pid}/fd")]
                self.assertFalse([one for one in links if "efd-observed" in one])

    def test_a_wrong_value_is_reported_once(self):
        with subprocess.Popen([PROGRAM], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, env=environment(EFD_OBSERVE="maybe")) as program:
            self.assertEqual(program.stderr.read().count("EFD_OBSERVE"), 1)

    def test_a_limit_in_the_way_is_named(self):
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        with subprocess.Popen([PROGRAM], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, env=environment(EFD_OBSERVE="1"),
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))) as program:
            self.assertIn("RLIMIT_FSIZE", program.stderr.read())

    def test_hostile_memory_changes_nothing_for_the_reader(self):
        with Program(EFD_OBSERVE="1") as program:
            wait_for_sleeper(program.pid)
            number = next(n for n in os.listdir(f"/proc/{program.pid}/fd")
                          if "efd-observed" in os.readlink(f"/proc/{program.pid}/fd/{n}"))
            with open(f"/proc/{program.pid}/fd/{number}", "rb") as file:
                honest = file.read()
            seed = int(os.environ.get("EFD_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
            print(f"seed {seed} (EFD_TEST_SEED)", file=sys.stderr)
            dice = random.Random(seed)
            made = []
            for turn in range(24):
                content = bytearray(honest)
                first = 8 if turn % 2 else 28  # with and without the numbers of the header
                for _ in range(200):
                    content[dice.randrange(first, 20000)] = dice.randrange(256)
                for _ in range(200):
                    content[dice.randrange(first, len(content))] = 0xFF
                if turn == 0:
                    content = bytearray(dice.randbytes(len(content)))
                made.append(os.memfd_create("efd-observed"))
                os.write(made[-1], content[:len(content) - (turn == 2)])
            for arguments in (["ls"], ["ls", "--json"], ["top", "--once"]):
                done = subprocess.run([EFD, *arguments], capture_output=True, env=environment())
                self.assertEqual(done.returncode, 0, done.stderr)
                if arguments != ["ls", "--json"]:
                    self.assertFalse(set(done.stdout) - set(range(32, 127)) - {10}, "bytes that no terminal may get")
            self.assertIn(program.pid, observed())
            for one in made:
                os.close(one)


class Probes(unittest.TestCase):
    def setUp(self):
        need("readelf")
        self.notes = subprocess.run(["readelf", "-n", LIBRARY], capture_output=True, text=True, check=True).stdout
        if "stapsdt" not in self.notes and os.environ.get("CI") != "true":
            raise unittest.SkipTest("the library was built without <sys/sdt.h>")

    def test_each_has_object_id_and_value(self):
        found = {}
        for note in self.notes.split("Provider: efd\n")[1:]:
            lines = [line.strip() for line in note.splitlines()]
            found[lines[0].removeprefix("Name: ")] = lines[2].removeprefix("Arguments: ").split(" ")
        self.assertEqual(set(found), PROBES)
        for name, arguments in found.items():
            self.assertEqual(len(arguments), 3, name)

    def test_a_debugger_stops_at_them_with_the_right_values(self):
        need("gdb")
        script = ["set pagination off", "set breakpoint pending on", "set confirm off", "start >/dev/null"]
        for name in ("signal", "take"):
            script += [f"break -probe-stap efd:{name}", "commands", "silent",
                       f'printf "{name} %d of %d\\n", (int)$_probe_arg2, (int)$_probe_arg1', "continue", "end"]
        path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"efd-probes-{os.getpid()}.gdb")
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(script) + "\ncontinue\n")
        try:
            done = subprocess.run(["gdb", "-q", "-batch", "-x", path, PROGRAM], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=PATIENCE_S,
                                  env=environment(EFD_OBSERVE="1"))
        finally:
            os.unlink(path)
        said = done.stdout.splitlines()
        self.assertEqual(sum(line.startswith("signal 1 of 1") for line in said), 5, done.stdout + done.stderr)
        self.assertIn("signal 1000 of 1", said)
        self.assertIn("take 1 of 2", said)


@unittest.skipUnless(DROPIN, "the drop-in is not built")
class UnderTheDropin(unittest.TestCase):
    def test_the_probes_see_a_promotion_and_a_demotion(self):
        need("gdb")
        need("readelf")
        notes = subprocess.run(["readelf", "-n", DROPIN], capture_output=True, text=True, check=True).stdout
        if "stapsdt" not in notes and os.environ.get("CI") != "true":
            self.skipTest("the drop-in was built without <sys/sdt.h>")
        script = ["set pagination off", "set confirm off", f"set exec-wrapper env LD_PRELOAD={DROPIN}",
                  "set breakpoint pending on", "start promoted >/dev/null"]
        for name in ("promote", "demote"):
            script += [f"break -probe-stap efd:{name}", "commands", "silent",
                       f'printf "{name} %d: %d\\n", (int)$_probe_arg1, (int)$_probe_arg2', "continue", "end"]
        with tempfile.NamedTemporaryFile("w", suffix=".gdb") as file:
            file.write("\n".join(script) + "\ncontinue\n")
            file.flush()
            done = subprocess.run(["gdb", "-q", "-batch", "-x", file.name, SCENES], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=PATIENCE_S, env=environment())
        said = [line.split() for line in done.stdout.splitlines()]
        promoted = {words[1]: int(words[2]) for words in said if words[:1] == ["promote"]}
        demoted = {words[1]: int(words[2]) for words in said if words[:1] == ["demote"]}
        self.assertEqual(len(promoted), 2, done.stdout + done.stderr)
        self.assertEqual(promoted.keys(), demoted.keys())
        self.assertGreater(min(promoted.values()), 0)
        self.assertEqual(len(set(demoted.values())), 1, "both for the fork")

    def test_ls_and_top_say_which_process_is_under_it(self):
        with subprocess.Popen([EFD, "run", "--", SCENES, "serves"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, env=environment()) as program:
            self.assertEqual(program.stdout.readline(), "ready\n")
            pid = ["--pid", str(program.pid)]
            said = subprocess.run([EFD, "ls", *pid], capture_output=True, text=True, env=environment()).stdout
            self.assertRegex(said, rf"Under the drop-in[^.]*\b{program.pid}\b")
            top = subprocess.run([EFD, "top", "--json", "--interval", "0.1"], capture_output=True, text=True,
                                 env=environment())
            own = [one for one in json.loads(top.stdout)["kernel"] if one["pid"] == program.pid]
            self.assertEqual([(one["count"], one["epolls"], one["under_dropin"]) for one in own], [(0, 1, True)])
            top = subprocess.run([EFD, "top", "--once", "--interval", "0.1", "--filter", str(program.pid)],
                                 capture_output=True, text=True, env=environment())
            self.assertRegex(top.stdout, rf"(?m)^ *{program.pid} stat\S+ +0 +- +- +- +efd run, fd 3")
            program.stdin.close()
            program.stdin = None
            self.assertEqual(program.wait(PATIENCE_S), 0)


class Screen:
    """efd top on a terminal of its own: what it wrote, and how the terminal is set."""

    def __init__(self, columns, lines):
        self.master, self.slave = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self.slave)
        self.text = b""
        self.process = subprocess.Popen([EFD, "top", "--interval", "0.2"], stdin=self.slave, stdout=self.slave,
                                        start_new_session=True, env=environment(TERM="xterm"))

    def resize(self, columns, lines):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def wait_for(self, wanted, is_done=lambda: True):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if wanted in self.text and is_done():
                return
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 65536)
        raise AssertionError(f"never seen: {wanted!r} in {self.text[-2000:]!r}")

    def is_as_before(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        os.close(self.master)
        os.close(self.slave)


class Top(unittest.TestCase):
    def start(self):
        one = Screen(100, 14)
        one.wait_for(b"signals/s")
        self.assertFalse(one.is_as_before())
        return one

    def test_it_survives_a_terminal_of_40_columns_and_quits(self):
        with Program(EFD_OBSERVE="1"):
            one = self.start()
            one.wait_for(b"make_queue")
            one.text = b""
            one.resize(40, 10)
            one.process.send_signal(signal.SIGWINCH)
            one.wait_for(b"signal/s object")
            one.wait_for(b"make_queue")
            os.write(one.master, b"q")
            one.wait_for(b"\x1b[?1049l", one.is_as_before)
            self.assertEqual(one.process.wait(PATIENCE_S), 0)
            one.close()

    def test_the_terminal_is_as_it_was_however_it_ends(self):
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
            one = self.start()
            one.process.send_signal(how)
            self.assertEqual(one.process.wait(PATIENCE_S), -how)
            one.wait_for(b"\x1b[?1049l", one.is_as_before)
            one.close()

    def test_keys_sort_filter_pause_and_help(self):
        with Program(EFD_OBSERVE="1"):
            one = self.start()
            for keys, answer in ((b"s", b"wakes"), (b"fframes\n", b"frames"), (b"p", b"paused"), (b"h", b"PgDn")):
                os.write(one.master, keys)
                one.wait_for(answer)
            os.write(one.master, b"q")
            self.assertEqual(one.process.wait(PATIENCE_S), 0)
            one.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
