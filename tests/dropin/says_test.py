# SPDX-License-Identifier: MIT
# tests/dropin/says_test.py: what `efd run` and the drop-in say: of programs that cannot be run, of wrong variables, and
# in the report.
#
#   says_test.py EFD PLAIN_PROGRAM [NAME]
import errno
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import processes
import terminal

EFD = ""
PROGRAM = ""
BOUND_SECONDS = 60
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("EFD_") and k != "LD_PRELOAD"}
# Reads and writes an eventfd by libc's functions: WRITES of one between two reads, and that READS times.
CALLS = """
import ctypes, os, sys
writes, reads = map(int, sys.argv[1:])
fd = ctypes.CDLL(None).eventfd(0, 0)
for _ in range(reads):
    for _ in range(writes): os.write(fd, (1).to_bytes(8, sys.byteorder))
    os.read(fd, 8)
"""


MANY = """
import ctypes, os, sys
make = ctypes.CDLL(None).eventfd
for _ in range(int(sys.argv[1]) - 1): os.close(make(0, 0))
fd = make(0, 0)
total = 0
for _ in range(100):
    for _ in range(3): os.write(fd, (1).to_bytes(8, sys.byteorder))
    total += int.from_bytes(os.read(fd, 8), sys.byteorder)
print(total)
"""


def plain(*words, env=None, **more):
    return processes.run(words, BOUND_SECONDS, env={**CLEAN, **(env or {})}, **more)


def report_of(*words, env=None):
    return json.loads(plain(EFD, "run", "--report=json", *words, env=env).stderr)


def on_terminal(*words, env):
    """What the first process of a job, and those that it starts, write to standard error, a terminal."""
    text = terminal.written(words, BOUND_SECONDS, stdout=subprocess.DEVNULL, env={**CLEAN, "TERM": "xterm", **env})
    return text.replace("\r\n", "\n")


def dropin():
    return plain(EFD, "version").stdout.split("drop-in  ")[1].strip()


class InADirectory(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name

    def file(self, name, content, mode=0o755):
        path = os.path.join(self.place, name)
        with open(path, "wb") as to:
            to.write(content)
        os.chmod(path, mode)
        return path

    def compiled(self, source, *options):
        path = os.path.join(self.place, "program")
        compiler = shutil.which("gcc")
        command = [compiler, *options, "-x", "c", "-", "-o", path]
        if compiler is None or processes.run(command, BOUND_SECONDS, input=source).returncode != 0:
            self.skipTest("gcc builds nothing with " + " ".join(options))
        return path


class ProgramsThatCannotBeRun(InADirectory):
    """Which file, what is wrong with it, what to do; the status is a shell's."""

    def expect(self, program, status, *phrases, **more):
        for report in ([], ["--report"]):
            said = plain(EFD, "run", *report, "--", program, **more)
            self.assertEqual(said.returncode, status, said.stderr)
            self.assertEqual(said.stdout, "")
            self.assertRegex(said.stderr, r"^efd: [^\n]*\n(Try: [^\n]*\n)?$")
            for phrase in (program, *phrases):
                self.assertIn(phrase, said.stderr)

    def test_not_in_path(self):
        self.file("no_such_program", b"#!/bin/sh\n")
        self.expect("no_such_program", 127, "no such program in PATH", "Try: ./no_such_program", cwd=self.place)
        self.expect("no_such_program", 127, "no such program in PATH", cwd="/")

    def test_no_such_file(self):
        self.expect("/nowhere/at/all", 127, "no such file")

    def test_a_directory(self):
        self.expect(self.place, 126, "is a directory")

    def test_not_executable(self):
        path = self.file("data", b"x", 0o644)
        self.expect(path, 126, "is not executable", "Try: chmod +x " + path)
        self.expect("data", 126, path, "is not executable", env={"PATH": self.place})

    def test_the_interpreter_of_a_script(self):
        self.expect(self.file("a", b"#!/no/such/shell -e\n"), 127, "interpreter /no/such/shell is not there")
        self.expect(self.file("b", b"#!/bin/sh\r\n"), 127, "carriage return")
        data = self.file("data", b"x", 0o644)
        self.expect(self.file("c", b"#! " + data.encode()), 126, "interpreter %s is not executable" % data)
        self.expect(self.file("d", b"#!" + self.file("e", b"#!/no/such\n").encode()), 127, "interpreter /no/such is")

    def test_another_machine(self):
        with open(PROGRAM, "rb") as of:
            image = bytearray(of.read())
        image[18:20] = struct.pack("=H", 22)  # IBM Z
        self.expect(self.file("program", image), 126, "built for IBM Z, and this machine is")

    def test_the_loader(self):
        self.expect(self.file("program", with_loader("/no/ld-musl.so")), 127, "loader /no/ld-musl.so is not there")

    def test_an_object_file(self):
        with open(PROGRAM, "rb") as of:
            image = bytearray(of.read())
        image[16:18] = struct.pack("=H", 1)  # ET_REL
        self.expect(self.file("program.o", image), 126, "object file")

    def test_a_text_without_a_first_line_is_a_shells(self):
        said = plain(EFD, "run", "--", self.file("script", b"echo by a shell\n"))
        self.assertEqual((said.returncode, said.stdout), (0, "by a shell\n"))

    def test_the_limit_on_descriptors(self):
        said = plain(EFD, "run", "--report", "--", "true",
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4)))
        self.assertEqual(said.returncode, 3)
        self.assertIn("%s (the limit is 4; ulimit -n raises it)" % os.strerror(errno.EMFILE), said.stderr)


def image_and_loader():
    """PROGRAM's bytes, and where in them its loader's name is: offset and room."""
    with open(PROGRAM, "rb") as of:
        image = of.read()
    offset, size, count = struct.unpack_from("=Q", image, 32)[0], *struct.unpack_from("=HH", image, 54)
    for at in range(offset, offset + size * count, size):
        if struct.unpack_from("=I", image, at)[0] == 3:  # PT_INTERP
            return image, struct.unpack_from("=Q", image, at + 8)[0], struct.unpack_from("=Q", image, at + 32)[0]
    raise AssertionError("it has no loader")


def loader_of_program():
    image, at, room = image_and_loader()
    return image[at:at + room].rstrip(b"\0").decode()


def with_loader(path):
    """PROGRAM with another loader's name, which is not longer than its own."""
    image, at, room = image_and_loader()
    assert len(path) < room, path
    return image[:at] + path.encode().ljust(room, b"\0") + image[at + room:]


class ProgramsThatCannotBePreloaded(InADirectory):
    """They run as they are, and the report has a sentence."""

    def test_static(self):
        path = self.compiled("int main(void) { return 7; }", "-static")
        said = plain(EFD, "run", "--report", "--", path)
        self.assertEqual(said.returncode, 7)
        self.assertIn("program is statically linked", said.stderr)
        report = report_of("--", path)
        self.assertEqual(report["kind"], "static")
        self.assertIn("statically linked", report["why_not"])

    def test_another_c_library(self):
        place = tempfile.mkdtemp(prefix="", dir="/tmp")  # the name has to be a short one
        self.addCleanup(shutil.rmtree, place)
        other = os.path.join(place, "ld-musl.so")
        os.symlink(loader_of_program(), other)
        path = self.file("program", with_loader(other))
        said = plain(EFD, "run", "--report", "--", path, "level")
        self.assertEqual((said.returncode, said.stdout), (0, plain(PROGRAM, "level").stdout))
        self.assertIn("another C library", said.stderr)
        self.assertNotIn("ERROR", said.stderr)

    def test_programs_of_musl_and_their_children(self):
        """musl's loader passes over the drop-in without a word; a child of glibc's has it again."""
        if shutil.which("musl-gcc") is None:
            self.skipTest("there is no musl-gcc")
        path = os.path.join(self.place, "program")
        source = "#include <stdlib.h>\nint main(int n, char** words) { return n > 1 ? !!system(words[1]) : 7; }"
        plain("musl-gcc", "-x", "c", "-", "-o", path, input=source)
        for words in ([path], ["sh", "-c", "exec " + path], ["env", path]):
            said = plain(EFD, "run", "--", *words)
            self.assertEqual((said.returncode, said.stdout, said.stderr), (7, "", ""), words)
        report = report_of("--", path, PROGRAM + " level >/dev/null")
        self.assertEqual((report["kind"], report["eventfds"]), ("musl", 1))

    def test_programs_of_another_word_size(self):
        path = os.path.join(self.place, "program")
        plain("gcc", "-m32", "-x", "c", "-", "-o", path, input="int main(void) { return 7; }")
        if not os.path.exists(path) or plain(path).returncode != 7:
            self.skipTest("gcc makes no programs of 32 bits here, or they do not run")
        said = plain(EFD, "run", "--", path)
        self.assertEqual((said.returncode, said.stdout, said.stderr), (7, "", ""))
        self.assertEqual(report_of("--", path)["kind"], "foreign")

    def test_a_script_whose_interpreter_is_static(self):
        self.compiled("int main(void) { return 7; }", "-static")
        path = self.file("script", b"#!%s/program\n" % self.place.encode())
        said = plain(EFD, "run", "--report", "--", path)
        self.assertEqual(said.returncode, 7)
        self.assertIn("program is statically linked", said.stderr)

    def test_a_loader_that_is_named_itself_is_not_static(self):
        self.assertNotIn("why_not", report_of("--", loader_of_program(), PROGRAM, "level"))


class AddressSanitizer(InADirectory):
    """It must come first in a process, and needs nothing to be said for that."""

    SOURCE = """
        #include <stdlib.h>
        #include <sys/eventfd.h>
        #include <unistd.h>
        int main(int words, char** word) {
            unsigned long one = 1, value;
            const int fd = eventfd(0, EFD_NONBLOCK);
            for (int i = 0; i < 200; ++i)
                if (write(fd, &one, 8) != 8 || (i % 8 == 7 && read(fd, &value, 8) != 8)) return 1;
            unsigned long* freed = malloc(8);
            *freed = 1;
            if (write(fd, freed, 8) != 8) return 2;
            free(freed);
            if (words > 2) return write(fd, freed, 8) != 8;
            return words > 1 ? system(word[1]) : 0;
        }
    """

    def setUp(self):
        super().setUp()
        self.path = self.compiled(self.SOURCE, "-fsanitize=address")
        if plain(self.path).returncode != 0:
            self.skipTest("a program with AddressSanitizer does not run here")

    def test_it_runs_and_so_do_its_children(self):
        for words in ([], ["bash -c true"], [self.path]):
            said = plain(EFD, "run", "--", self.path, *words)
            self.assertEqual((said.returncode, said.stderr), (0, ""), words)
        said = plain(EFD, "run", "--", "sh", "-c", self.path + " && " + self.path)
        self.assertEqual((said.returncode, said.stderr), (0, ""))

    def test_it_finds_what_it_finds_without(self):
        for words in ([self.path, "a", "b"], [EFD, "run", "--", self.path, "a", "b"]):
            said = plain(*words)
            self.assertNotEqual(said.returncode, 0)
            self.assertIn("heap-use-after-free", said.stderr, words)

    def test_the_report_says_so(self):
        self.assertIn("AddressSanitizer", report_of("--", self.path)["why_not"])

    def test_where_it_comes_first_calls_are_saved(self):
        first = plain("gcc", "-print-file-name=libasan.so").stdout.strip()
        self.assertGreater(report_of("--", self.path, env={"LD_PRELOAD": first})["saved"], 0)


class WrongSettings(InADirectory):
    """Said once, by `efd run`."""

    WRONG = {"EFD_DROPIN": ("perhaps", "on, off, 1 or 0"), "EFD_DROPIN_PROFILE": ("bold", "strict, default or eager"),
             "EFD_DROPIN_ALLOW": ("x" * 2000, "1023 bytes"), "EFD_DROPIN_DENY": ("x" * 2000, "1023 bytes"),
             "EFD_DROPIN_DENNY": ("x", "no such variable"), "EFD_DROPIN_REGION": ("/nowhere", "can be opened")}
    RIGHT = {"EFD_DROPIN": "on", "EFD_DROPIN_PROFILE": "eager", "EFD_DROPIN_ALLOW": "x" * 1023, "EFD_DROPIN_DENY": "",
             "EFD_DROPIN_REGION": "/proc/1/fd/99999"}

    def test_efd_run_says_each_once(self):
        for name, (value, phrase) in self.WRONG.items():
            said = plain(EFD, "run", "--", "sh", "-c", "%s run -- sh -c 'echo ran'" % EFD, env={name: value})
            self.assertEqual((said.returncode, said.stdout), (0, "ran\n"))
            self.assertEqual(said.stderr.count("\n"), 1, said.stderr)
            self.assertIn("efd: %s is '%s" % (name, value[:20]), said.stderr)
            self.assertIn(phrase, said.stderr)

    def test_what_is_right_is_not_spoken_of(self):
        for name, value in self.RIGHT.items():
            self.assertEqual(plain(EFD, "run", "--", "true", env={name: value}).stderr, "", name)
        self.assertNotIn("EFD_", plain(EFD, "run", "--", "env").stdout)

    def test_the_dropin_alone_says_nothing(self):
        for name, (value, _) in self.WRONG.items():
            self.assertEqual(on_terminal("true", env={"LD_PRELOAD": dropin(), name: value}), "")

    def test_what_is_wrong_never_does_more(self):
        for name in "EFD_DROPIN", "EFD_DROPIN_ALLOW", "EFD_DROPIN_DENY":
            said = plain(EFD, "run", "--report=json", "--", PROGRAM, "level", env={name: self.WRONG[name][0]})
            report = json.loads(said.stderr.split("\n", 1)[1])
            self.assertEqual(report["eventfds"], 0)
            self.assertIn("off", report["why_not"])
        said = plain(EFD, "run", "--report=json", "--", "true", env={"EFD_DROPIN_PROFILE": "bold"})
        self.assertEqual(json.loads(said.stderr.split("\n", 1)[1])["profile"], "default")

    def test_options_come_before_variables(self):
        said = plain(EFD, "run", "--profile", "eager", "--", "true", env={"EFD_DROPIN_PROFILE": "bold"})
        self.assertEqual(said.stderr, "")

    def test_options_that_are_wrong(self):
        for words, phrase in ((["--allow", "x" * 1024], "at most 1023"), (["--deny", "x" * 1024], "at most 1023"),
                              (["--profile", "bold"], "'bold' is not strict, default or eager"),
                              (["--report=bold"], "'bold' is not table or json"),
                              (["--report", "json"], "did you mean --report=json?"),
                              (["--report", "table"], "did you mean --report=table?")):
            said = plain(EFD, "run", *words, "--", "true")
            self.assertEqual((said.returncode, said.stdout), (2, ""))
            self.assertIn(phrase, said.stderr)
        self.assertEqual(plain(EFD, "run", "--deny", "x" * 1023, "--", "true").returncode, 0)

    def test_a_program_that_is_named_like_a_format(self):
        self.file("json", b"#!/bin/sh\necho the program\n")
        said = plain(EFD, "run", "--report", "json", env={"PATH": self.place + ":" + os.environ["PATH"]})
        self.assertEqual(said.stdout, "the program\n")


class Report(InADirectory):
    def table(self, *words, **more):
        said = plain(EFD, "run", "--report", *words, **more).stderr
        self.assertEqual([line for line in said.splitlines() if len(line) > 80], [])
        return said

    def test_too_little_evidence(self):
        words = ["--", sys.executable, "-c", CALLS, "3", "2"]
        self.assertIn("\n    too little evidence: 4 of 16 writes while one is unread, 2 of 4 reads\n", self.table(*words))
        (line,) = report_of(*words)["each"]
        self.assertEqual((line["writes_unread"], line["promoted"]), (4, False))
        self.assertIn("too little evidence: 4 of 16", line["why"])

    def test_promoted(self):
        words = ["--", sys.executable, "-c", CALLS, "3", "200"]
        self.assertIn("\n    promoted: ", self.table(*words))
        self.assertIn("promoted", report_of(*words)["each"][0]["why"])

    def test_demoted(self):
        said = self.table("--", PROGRAM, "edges")
        self.assertIn("\n    promoted, then demoted: watched edge-triggered (EPOLLET)\n", said)
        self.assertIn("\n    demoted: by the rules (--allow, --deny)\n", self.table("--deny", "*", "--", PROGRAM, "level"))

    def test_a_program_without_eventfds(self):
        self.assertEqual(self.table("--", "true"), "efd: the program made no eventfd, so nothing could be saved.\n")

    def test_the_first_line_says_what_is_gained(self):
        self.assertRegex(self.table("--", PROGRAM, "level"),
                         r"^efd: 1 eventfd in 1 process: \d+ of \d+ calls saved \(\d+ %\)\.\n")

    def test_more_eventfds_than_the_report_has_lines(self):
        lines, more = 16383, 8
        words = ["--", sys.executable, "-c", MANY, str(lines + more)]
        said = plain(EFD, "run", "--report=json", "--report-file", self.file("json", b""), *words)
        self.assertEqual((said.returncode, said.stdout), (0, plain(*words[1:]).stdout))
        with open(os.path.join(self.place, "json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual((report["eventfds"], len(report["each"]), report["untracked"]), (lines, lines, more))
        self.assertGreater(report["saved"], 0)  # by the last one alone, which has no line
        self.assertIn("The sums count %d more eventfds" % more, plain(EFD, "run", "--report", *words).stderr)

    def test_colour_on_a_terminal_alone(self):
        words = [EFD, "run", "--report", "--", PROGRAM, "level"]
        self.assertIn("\x1b[32m    promoted", on_terminal(*words, env={}))
        self.assertNotIn("\x1b", on_terminal(*words, env={"NO_COLOR": "1"}))
        self.assertNotIn("\x1b", plain(*words).stderr)

    def test_json_says_of_what_it_is(self):
        for words, env, profile in (([], {}, "default"), (["--profile", "strict"], {}, "strict"),
                                    ([], {"EFD_DROPIN_PROFILE": "eager"}, "eager")):
            said = report_of(*words, "--", "true", env=env)
            self.assertEqual("efd %s\n" % said["version"], plain(EFD, "--version").stdout)
            self.assertEqual((said["kernel"], said["profile"]), (os.uname().release, profile))

    def test_help(self):
        page = plain(EFD, "run", "--help").stdout
        self.assertIn("Usage: efd run [OPTIONS] -- PROGRAM [ARGUMENTS]\n", page)
        for phrase in "strict, default or eager", "--report[=FORMAT]", "126", "127":
            self.assertIn(phrase, page)
        self.assertEqual([line for line in page.splitlines() if len(line) > 80], [])
        self.assertNotIn("{", page)


if __name__ == "__main__":
    EFD = os.path.abspath(sys.argv.pop(1))
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
