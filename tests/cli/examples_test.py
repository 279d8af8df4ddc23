# SPDX-License-Identifier: MIT
# tests/cli/examples_test.py: the examples do what their file cards say.
#
#   examples_test.py DIRECTORY_OF_THE_BINARIES DIRECTORY_WITH_FILES
import os
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import processes

BINARIES = ""
FILES = ""
BOUND_SECONDS = 300
# Examples that print one line, and the line.
ONE_LINE = {
    "bounded_queue": "40000 items went through 64 places",
    "thread_pool": "10000 jobs done",
    "stop_channel": "4 loops ended",
    "ring_with_eventfd": "50000 numbers went through 64 places of shared memory",
    "coroutine": "1000 apples, 10 pears",
    "coroutine_server": "3000 requests of 3 clients answered",
    "qt_like_loop": "1000 finished, told to a loop of notifiers",
    "backpressure": "10000 messages, never more than 4096 bytes on their way",
    "permits": "1200 uses, 4 at once at most",
    "pending_flag": "5000 items, before and after",
    "asio": "2000 finished, then cancelled",
    "uv": "1000 finished, told to libuv",
    "glib": "1000 finished, told to GLib",
    "libevent": "1000 finished, told to libevent",
    "io_uring": "1000 finished, told to io_uring",
}


def run(name, *words):
    return processes.run([os.path.join(BINARIES, name), *words], BOUND_SECONDS)


class Examples(unittest.TestCase):
    def test_hello(self):
        for name in "hello_cpp", "hello_c":
            said = run(name)
            self.assertEqual((said.returncode, said.stdout), (0, "3 items finished\n"))

    def test_no_item_is_lost_with_a_killed_consumer(self):
        for words in ["two_processes_cpp"], ["two_processes_c"], ["two_processes_cpp", f"{BINARIES}/two_processes_c"]:
            with self.subTest(words):
                said = run(*words)
                self.assertEqual((said.returncode, said.stdout),
                                 (0, "20000 items made, 20000 done, 3 consumers killed\n"), said.stderr)

    def test_a_process_says_why_it_finds_no_arena(self):
        for name in "two_processes_cpp", "two_processes_c":
            said = run(name, "consumer", "no-such-arena")
            self.assertEqual(said.returncode, 1)
            self.assertIn("no living process holds an arena of this name", said.stderr)

    def test_of_loops_and_patterns_say_what_they_did(self):
        for name, line in ONE_LINE.items():
            if not os.path.exists(os.path.join(BINARIES, name)):
                continue  # its library is not installed; CMake has reported that
            with self.subTest(name):
                said = run(name)
                if said.returncode == 77:
                    continue  # the kernel refuses it; the example has reported that
                self.assertEqual((said.returncode, said.stdout), (0, line + "\n"), said.stderr)

    def test_pipeline_compares_both_on_one_answer(self):
        said = run("pipeline", FILES, "--limit", "4", "--runs", "3", "--chunk", "512")
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertNotIn("\x1b", said.stdout + said.stderr)
        self.assertRegex(said.stdout, r"\nkernel +\d")
        self.assertRegex(said.stdout, r"\nefd +\d")
        self.assertIn("the same answer in every run", said.stdout)

    def test_pipeline_counts_what_is_there(self):
        with tempfile.TemporaryDirectory() as place:
            text = b"one two\nthree\n\n\tfour\n"
            for i in range(3):
                with open(os.path.join(place, str(i)), "wb") as file:
                    file.write(text * 100)
            os.symlink("/proc/self/mem", os.path.join(place, "link"))
            said = run("pipeline", place, "--runs", "1", "--chunk", str(len(text)))
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertRegex(said.stdout, rf"\n{len(text) * 300} bytes, 1200 lines, 1200 words,\n")
        kernel = re.search(r"\nkernel +\d+ +\d+ +(\d+) +(\d+)", said.stdout)
        self.assertEqual(int(kernel[1]), 300)  # a signal for each chunk
        self.assertGreater(int(kernel[2]), 300)  # each of which is a call, and the reads are more

    def test_pipeline_without_files_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as place:
            said = run("pipeline", place)
        self.assertEqual(said.returncode, 2)
        self.assertIn("name a directory", said.stderr)
        self.assertEqual(run("pipeline", "/no/such/place").returncode, 2)
        self.assertEqual(run("pipeline", "--limit", "none").returncode, 2)


if __name__ == "__main__":
    FILES = sys.argv.pop(2)
    BINARIES = sys.argv.pop(1)
    unittest.main()
