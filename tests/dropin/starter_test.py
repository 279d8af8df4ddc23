# SPDX-License-Identifier: MIT
"""tests/dropin/starter_test.py: signals and job control of a program with a report are as if its starter had started it.

  starter_test.py EFD [NAME]
"""
import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import processes

EFD = ""
BOUND_SECONDS = 120
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("EFD_") and k != "LD_PRELOAD"}


class Starter(unittest.TestCase):
    def test_what_the_program_sends_its_parent_reaches_the_starter(self):
        """By the program itself; what others below it send goes to the program (docs/limits.md)."""
        received = []
        before = signal.signal(signal.SIGUSR1, lambda number, frame: received.append(number))
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        for kill in ("kill -USR1 $PPID",):
            received.clear()
            with processes.started([EFD, "run", "--report", "--", "sh", "-c", kill + "; echo sent; read word; exit 5"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env=CLEAN) as process:
                self.assertEqual(process.stdout.readline(), "sent\n")
                for _ in range(BOUND_SECONDS * 100):
                    if received:
                        break
                    time.sleep(0.01)  # pace: the signal's handler looks after each
                process.stdin.write("go on\n")
                process.stdin.flush()
                self.assertEqual(process.wait(BOUND_SECONDS), 5)
            self.assertEqual(received, [signal.SIGUSR1], kill)

    # A shell with job control, in as few words: in another session a group is an orphan, which SIGTSTP does not stop.
    SHELL = """
import os, signal, subprocess, sys
job = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=os.setpgrp)
def heard(): return job.stdout.readline().strip()
def say(): job.stdin.write("go on\\n"); job.stdin.flush()
def is_stopped(): return os.WIFSTOPPED(os.waitpid(job.pid, os.WUNTRACED)[1])
assert heard() == "ready"
"""

    def by_a_shell(self, does, program):
        said = processes.run([sys.executable, "-c", self.SHELL + does, EFD, "run", "--report", "--", sys.executable, "-c",
                              program], BOUND_SECONDS, env=CLEAN)
        self.assertEqual((said.returncode, said.stdout), (0, "well\n"), said.stderr)

    def test_job_control(self):
        """SIGTSTP to the group, as ^Z sends it, and to `efd run` alone; SIGCONT to the group, as fg sends it."""
        self.by_a_shell("""
for send in (os.killpg, os.kill) * 5:
    send(job.pid, signal.SIGTSTP)
    assert is_stopped()
    os.killpg(job.pid, signal.SIGCONT)
    assert os.WIFCONTINUED(os.waitpid(job.pid, os.WCONTINUED)[1])
say()
assert heard() == "goes on" and job.wait() == 0
print("well")
""", "print('ready', flush=True)\ninput()\nprint('goes on', flush=True)")


if __name__ == "__main__":
    EFD = sys.argv.pop(1)
    unittest.main()
