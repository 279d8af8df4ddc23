# SPDX-License-Identifier: MIT
# tests/cli/command_test.py: the output and the exit status of the efd command.
#
#   command_test.py EFD [NAME]: runs every test, or the named one, against that binary. It judges no time.
import errno
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import processes
import terminal

EFD = ""
BOUND_SECONDS = 300
BACKENDS = ("kernel", "library", "descriptor", "two processes", "dropin")
VERDICTS = {"holds", "differs", "not provoked", "not applicable"}


def efd(*words, **changes):
    return processes.run([EFD, *words], BOUND_SECONDS, env={**os.environ, **changes})


def on_terminal(*words, **changes):
    """The command's output on a terminal, with errors."""
    return terminal.written([EFD, *words], BOUND_SECONDS, env={**os.environ, "TERM": "xterm", **changes})


class Misuse(unittest.TestCase):
    """A wrong argument: a message with the fault and advice, status 2, nothing on standard output."""

    def expect_refused(self, words, *phrases):
        said = efd(*words)
        self.assertEqual(said.returncode, 2, said.stderr)
        self.assertEqual(said.stdout, "")
        for phrase in phrases:
            self.assertIn(phrase, said.stderr)
        self.assertIn("Try: efd", said.stderr)

    def test_no_subcommand(self):
        self.expect_refused([], "no subcommand", "check, bench, ls, top, help and version")

    def test_unknown_subcommand(self):
        self.expect_refused(["chekc"], "no subcommand 'chekc'", "check, bench, ls, top, help and version")
        self.expect_refused(["help", "chekc"], "no subcommand 'chekc'", "check, bench, ls, top, help and version")

    def test_unknown_option(self):
        self.expect_refused(["bench", "--fast"], "--fast", "efd bench --help")

    def test_row_that_is_none(self):
        self.expect_refused(["bench", "--rows", "no_such_row"], "no_such_row", "--list")

    def test_claim_that_is_none(self):
        self.expect_refused(["check", "--claims", "K-999"], "K-999", "efd check --help")

    def test_broken_expression(self):
        self.expect_refused(["bench", "--rows", "("], "'('", "no regular expression")
        self.expect_refused(["check", "--claims", "["], "'['", "no regular expression")

    def test_word_that_is_no_choice(self):
        self.expect_refused(["check", "--profile", "bold"], "'bold'", "strict, default or eager")

    def test_rounds_out_of_range(self):
        for rounds in "0", "-1", "many":
            self.expect_refused(["bench", "--rounds", rounds], "--rounds")

    def test_filter_that_is_none(self):
        for option in "--pid", "--id":
            for value in "-1", "many", "":
                self.expect_refused(["ls", option, value], option, "efd ls --help")
        self.expect_refused(["ls", "--pid", "0"], "--pid")
        self.expect_refused(["ls", "--sort", "size"], "'size'", "id, count, pid or holders")
        self.expect_refused(["ls", "--command", "("], "--command", "no regular expression")
        self.expect_refused(["ls", "--name", "("], "--name", "no regular expression")
        self.expect_refused(["ls", "--kernel", "--arenas"], "--kernel", "--arenas")
        self.expect_refused(["ls", "everything"], "everything")


class Help(unittest.TestCase):
    SUBCOMMANDS = ("check", "bench", "ls", "help", "version")

    def test_version_is_a_version(self):
        said = efd("--version")
        self.assertEqual(said.returncode, 0)
        self.assertRegex(said.stdout, r"^efd \d+\.\d+\.\d+\n$")

    def test_version_says_which_libraries(self):
        said = efd("version")
        self.assertEqual(said.returncode, 0, said.stderr)
        match = re.fullmatch(r"efd \d+\.\d+\.\d+\nlibrary  (.*libefd\.so.*)\ndrop-in  (.*)\n", said.stdout)
        self.assertTrue(match, said.stdout)
        self.assertTrue(os.path.isfile(match[1]), said.stdout)
        self.assertTrue(os.path.isfile(match[2]) or match[2].startswith("none: "), said.stdout)

    def test_help_names_the_subcommands_and_their_options(self):
        for word in self.SUBCOMMANDS:
            self.assertRegex(efd("--help").stdout, r"(?m)^  %s " % word)
        for word in "--json", "--short", "--rows", "--rounds", "--list":
            self.assertIn(word, efd("bench", "--help").stdout)
        for word in "--json", "--claims", "--profile":
            self.assertIn(word, efd("check", "--help").stdout)

    def test_a_page_fits_80_columns_has_no_notation_and_tells_the_exit_status(self):
        for words in ["--help"], *([word, "--help"] for word in self.SUBCOMMANDS):
            page = efd(*words).stdout
            self.assertEqual([line for line in page.splitlines() if len(line) > 80], [], words)
            self.assertNotRegex(page, r"[{}]| in \[|\n\n\n", words)
            self.assertIn("Exit status: ", page, words)

    def test_help_of_a_subcommand(self):
        self.assertEqual(efd("help").stdout, efd("--help").stdout)
        for word in self.SUBCOMMANDS:
            said = efd("help", word)
            self.assertEqual(said.returncode, 0, said.stderr)
            self.assertEqual(said.stdout, efd(word, "--help").stdout)


class Settings(unittest.TestCase):
    """A wrong variable is reported once, however many processes a command starts."""

    def test_linger(self):
        for words in ["--version"], ["check", "--claims", "K-013"]:
            said = efd(*words, EFD_LINGER="foo")
            self.assertEqual(said.returncode, 0)
            self.assertRegex(said.stderr, r"^efd: EFD_LINGER is 'foo': it may be off, auto or [^\n]*\n$", words)

    def test_a_long_value_is_shortened(self):
        said = efd("--version", EFD_LINGER="9" * 5000)
        self.assertRegex(said.stderr, r"^efd: EFD_LINGER is '9{40}': [^\n]*\n$")

    def test_linger_that_is_one(self):
        for value in "", "off", "auto", "0", "20":
            self.assertEqual(efd("--version", EFD_LINGER=value).stderr, "", value)


class Output(unittest.TestCase):
    """Output that cannot be written is an error with a message and status 3."""

    PRINTING = (["--help"], ["--version"], ["help"], ["help", "check"], ["version"], ["bench", "--help"],
                ["bench", "--list"], ["check", "--help"], ["ls"], ["ls", "--json"], ["ls", "--help"],
                ["check", "--claims", "K-013"], ["check", "--json", "--claims", "K-013"],
                ["bench", "--short", "--rows", "^memory_sizeof$"],
                ["bench", "--short", "--json", "--rows", "^memory_sizeof$"])

    def expect_failure(self, words, redirection, why):
        said = processes.run(["sh", "-c", 'exec "$0" "$@" %s' % redirection, EFD, *words], BOUND_SECONDS)
        self.assertEqual(said.stderr, "efd: cannot write to standard output: %s\n" % why, words)
        self.assertEqual(said.returncode, 3, words)

    def test_full(self):
        for words in self.PRINTING:
            self.expect_failure(words, ">/dev/full", os.strerror(errno.ENOSPC))

    def test_closed(self):
        for words in self.PRINTING:
            self.expect_failure(words, ">&-", os.strerror(errno.EBADF))

    def test_open_for_reading_alone(self):
        for words in self.PRINTING:
            self.expect_failure(words, "1</dev/null", os.strerror(errno.EBADF))


class Check(unittest.TestCase):
    def test_json_has_the_shape_and_the_status_agrees(self):
        said = efd("check", "--json", "--claims", "K-01")
        report = json.loads(said.stdout)
        self.assertTrue(report["claims"])
        counted = {who: dict.fromkeys(VERDICTS, 0) for who in BACKENDS}
        for claim in report["claims"]:
            self.assertRegex(claim["claim"], r"^K-01\d$")
            self.assertTrue(claim["title"])
            for who, verdicts in counted.items():
                verdicts[claim[who]["verdict"]] += 1
                self.assertIn("detail", claim[who])
        self.assertEqual(report["totals"], counted)
        differs = any(verdicts["differs"] for verdicts in counted.values())
        self.assertEqual(said.returncode, 1 if differs else 0, said.stdout)

    def test_every_claim_is_listed_once_under_the_names_of_all_who_are_asked(self):
        said = efd("check")
        self.assertIn(said.returncode, (0, 1), said.stderr)
        # On a slow machine a progress line comes every ten seconds, and nothing else.
        self.assertRegex(said.stderr, r"^(claim \d+/\d+ .*\n)*$")
        self.assertRegex(said.stdout, r"\ndropin +K-035: [^:]* SIGSEGV, not EFAULT")
        names = re.findall(r"^(K-\d+) ", said.stdout, re.MULTILINE)
        self.assertEqual(names, sorted(set(names)))
        self.assertRegex(said.stdout, r"^claim +title +kernel +library +descriptor +two +dropin\n +processes\n")
        self.assertRegex(said.stdout, r"\nK-013 .* holds +holds +holds +holds ")
        self.assertRegex(said.stdout, r"\nK-006 .* holds +- +- +- ")
        self.assertIn("\n-: not asked", said.stdout)
        self.assertRegex(said.stdout, r"totals +holds +differs")
        self.assertEqual([line for line in said.stdout.splitlines() if len(line) > 80], [])

    def test_a_terminal_is_told_of_each_claim_with_the_drop_in_too(self):
        said = on_terminal("check", "--claims", "K-01[34]")
        for at, claim in (1, "K-013"), (2, "K-014"):
            self.assertIn("\r\x1b[Kclaim %d/2 %s " % (at, claim), said)
            self.assertIn("\r\x1b[Kclaim %d/2 under the drop-in %s " % (at, claim), said)
        self.assertIn("\r\x1b[Kclaim  title", said)

    def test_one_claim_is_told_alone(self):
        said = efd("check", "--claims", "K-013")
        self.assertEqual(set(re.findall(r"K-\d+", said.stdout)), {"K-013"})
        self.assertNotIn("by choice", said.stdout)
        self.assertNotIn("-: not asked", said.stdout)

    def test_who_is_not_asked_has_no_column(self):
        self.assertRegex(efd("check", "--claims", "K-148").stdout, r"^claim +title +library\n")
        self.assertRegex(efd("check", "--claims", "K-014|K-148").stdout, r"^claim +title +kernel +library +descriptor")

    def test_differences_by_choice_are_those_of_the_claims(self):
        declared = {"K-035": {("dropin", "K-035")}, "K-014": set(),
                    "K-115": {("descriptor", "K-102, K-108, K-110 to K-143")},
                    "K-144": set(), "K-094": {("library", "K-089, K-094")}}
        for claim, wanted in declared.items():
            said = json.loads(efd("check", "--json", "--claims", claim).stdout)
            self.assertEqual({(one["backend"], one["rows"]) for one in said["declared"]}, wanted)

    def test_json_says_of_what_it_is(self):
        said = json.loads(efd("check", "--json", "--claims", "K-013", "--profile", "strict").stdout)
        self.assertEqual("efd %s\n" % said["version"], efd("--version").stdout)
        self.assertEqual(said["kernel"], os.uname().release)
        self.assertEqual(said["machine"], {"architecture": os.uname().machine,
                                           "processors": len(os.sched_getaffinity(0))})
        self.assertEqual(said["profile"], "strict")


class Ls(unittest.TestCase):
    """A process with eventfds, a child that shares them, and an arena: all of it is found."""

    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory(dir="/dev/shm")  # as names of arenas have it, in memory
        cls.addClassCleanup(place.cleanup)
        cls.place = place.name
        library = re.search(r"^library +(.*)$", efd("version").stdout, re.MULTILINE)[1]
        words = [sys.executable, "-B", os.path.join(os.path.dirname(__file__), "eventfd_holder.py"), library]
        cls.holder = processes.start(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     env={**os.environ, "XDG_RUNTIME_DIR": cls.place})
        cls.addClassCleanup(cls.end_holder)
        cls.has = json.loads(cls.holder.stdout.readline())

    @classmethod
    def end_holder(cls):
        processes.stop(cls.holder)
        cls.holder.stdin.close()
        cls.holder.stdout.close()

    def ls(self, *words, status=0):
        said = efd("ls", *words, XDG_RUNTIME_DIR=self.place)
        self.assertEqual(said.returncode, status, said.stderr)
        return said.stdout

    def report(self, *words, status=0):
        return json.loads(self.ls("--json", *words, status=status))

    def own(self, *words, status=0):
        return self.report("--pid", str(self.holder.pid), *words, status=status)

    def arena(self, report):
        found = [one for one in report["arenas"] if one["name"] == "camera"]
        self.assertEqual(len(found), 1, report)
        return found[0]

    def test_eventfds_are_found_with_all_who_have_them(self):
        rows = {one["count"]: one for one in self.own("--kernel")["eventfds"]}
        self.assertEqual(set(rows), {7, 3})
        pids = sorted([self.holder.pid, self.has["child"]])
        for count, numbers, semaphore in (7, self.has["seven"], False), (3, [self.has["permits"]], True):
            holders = rows[count]["holders"]
            self.assertEqual([(one["pid"], one["numbers"]) for one in holders], [(pid, numbers) for pid in pids])
            self.assertIn(rows[count]["semaphore"], (semaphore, None))
        self.assertEqual(rows[7]["epolls"], [{"pid": pid, "number": self.has["poll"]} for pid in pids])
        self.assertEqual(rows[3]["epolls"], [])

    def test_the_arena_is_found_with_its_objects(self):
        arena = self.arena(self.own("--arenas"))
        self.assertEqual({one["name"] or "": one["id"] for one in arena["objects"]}, self.has["objects"])
        counts = {one["name"]: (one["count"], one["semaphore"], one["sealed"]) for one in arena["objects"]}
        self.assertEqual(counts["frames"], (5, False, False))
        self.assertEqual(counts["evil\x1b[31m\n"], (1 << 40, True, True))
        self.assertEqual(counts[None], (1, False, False))
        self.assertEqual(arena["live"], 4)
        users = {one["pid"] for one in arena["holders"] if one["uses"]}
        self.assertEqual(users, {self.holder.pid, self.has["child"]})
        self.assertEqual(set(arena["entry_pids"]), users)

    def test_a_reader_that_sleeps_is_seen(self):
        while True:  # until its thread sleeps
            objects = {one["name"]: one for one in self.arena(self.own())["objects"]}
            if objects["empty"]["reader_may_sleep"]:
                break
        self.assertFalse(objects["frames"]["reader_may_sleep"] or objects["empty"]["writer_may_sleep"])

    def test_filters_leave_what_they_ask_for(self):
        self.assertEqual([one["name"] for one in self.arena(self.own("--name", "^frames$"))["objects"]], ["frames"])
        self.assertEqual(self.own("--name", "^frames$")["eventfds"], [])
        self.assertEqual(len(self.arena(self.own("--name", "^camera$"))["objects"]), 4)
        number = self.has["objects"]["frames"]
        for text in str(number), hex(number):
            self.assertEqual([one["id"] for one in self.arena(self.own("--id", text))["objects"]], [number])
        rows = self.own("--kernel")["eventfds"]
        if rows[0]["id"] is not None:
            self.assertEqual(self.report("--kernel", "--id", str(rows[0]["id"]))["eventfds"], rows[:1])
        command = rows[0]["holders"][0]["command"]
        commands = {one["command"] for row in self.report("--command", "^%s$" % re.escape(command))["eventfds"]
                    for one in row["holders"]}
        self.assertIn(command, commands)
        both = self.report("--pid", str(self.holder.pid), "--pid", str(self.has["child"]), "--kernel")
        self.assertEqual(both["eventfds"], rows)

    def test_nothing_that_matches_is_status_1_and_advice(self):
        for words in ["--name", "no such name"], ["--pid", "2147483647"], ["--command", "^no such command$"]:
            said = efd("ls", *words)
            self.assertEqual((said.returncode, said.stdout), (1, ""))
            self.assertIn("efd ls without a filter", said.stderr)
            self.assertEqual(json.loads(efd("ls", "--json", *words).stdout)["eventfds"], [])

    def test_counts_sort_from_the_greatest_on(self):
        counts = [one["count"] for one in self.own("--kernel", "--sort", "count")["eventfds"]]
        self.assertEqual(counts, [7, 3])

    def test_the_file_of_a_name_is_not_taken_for_an_arena(self):
        self.assertEqual(self.own().get("refused_arenas", []), [])

    def test_too_few_descriptors_are_an_error_and_not_an_empty_list(self):
        for most in range(5, 12):
            said = processes.run(["sh", "-c", f'ulimit -n {most} && exec "$@"', "sh", EFD, "ls", "--json", "--pid",
                                  str(self.holder.pid)], BOUND_SECONDS)
            found = json.loads(said.stdout)["eventfds"] if said.returncode == 0 else "ulimit -n" in said.stderr
            self.assertTrue(found, (most, said))

    def test_the_table_is_plain_narrow_and_harmless(self):
        table = self.ls("--pid", str(self.holder.pid))
        self.assertRegex(table, r"^ *id +count +sem +held by +watched by\n")
        self.assertRegex(table, r"\n +\d+ +3 +(yes|\?) +\S+ %d:" % self.holder.pid)
        self.assertRegex(table, r"\narena camera: 4 of 1024 objects, 2 of 64 processes, ")
        self.assertIn(r"evil\x1b[31m\x0a", table)
        self.assertNotIn("\x1b", table)
        self.assertEqual([line for line in table.splitlines() if len(line) > 80], [])

    def test_the_table_is_as_wide_as_the_terminal(self):
        words = ["sh", "-c", 'stty cols 40 <&1; exec "$0" "$@"', EFD, "ls", "--pid", str(self.holder.pid)]
        page = terminal.written(words, BOUND_SECONDS, env={**os.environ, "TERM": "xterm", "XDG_RUNTIME_DIR": self.place})
        self.assertIn("\x1b[32m", page)
        plain = re.sub("\x1b\\[\\d+m", "", page)
        self.assertNotIn("\x1b", plain)
        self.assertEqual([line for line in plain.splitlines() if len(line) > 40], [])
        self.assertRegex(plain, r"\n +watched by %d:" % min(self.holder.pid, self.has["child"]))

    @unittest.skipUnless(os.geteuid() == 0, "needs two users")
    def test_an_arena_of_another_user_is_named_and_not_read(self):
        code = ("import ctypes, os, subprocess, sys; fd = os.memfd_create('efd-arena'); os.fchmod(fd, 0o600);"
                "os.setgroups([]); os.setgid(65534); os.setuid(65534); ctypes.CDLL(None).prctl(4, 1, 0, 0, 0);"
                "sys.exit(subprocess.run([sys.argv[1], 'ls', '--json', '--pid', str(os.getpid())]).returncode)")
        said = processes.run([sys.executable, "-c", code, EFD], BOUND_SECONDS)
        if "PermissionError" in said.stderr:
            self.skipTest("another user may not run the command where it was built")
        self.assertEqual(said.returncode, 0, said.stderr)
        report = json.loads(said.stdout)
        self.assertEqual((report["arenas"], [one["why"] for one in report["refused_arenas"]]),
                         ([], ["it belongs to another user; sudo efd ls reads it"]))

    def test_a_process_that_may_not_be_looked_at_is_counted(self):
        code = ("import ctypes, sys; libc = ctypes.CDLL(None); libc.eventfd(77, 0); libc.prctl(4, 0, 0, 0, 0);"
                "print(flush=True); sys.stdin.read()")
        with processes.started([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hidden:
            hidden.stdout.readline()
            try:
                may_look = bool(os.readlink("/proc/%d/fd/0" % hidden.pid))
            except PermissionError:
                may_look = False
            report = self.report("--pid", str(hidden.pid), status=0 if may_look else 1)
            self.assertEqual([one["count"] for one in report["eventfds"]], [77] if may_look else [])
            if not may_look:
                self.assertGreaterEqual(report["not_seen"]["processes"], 1)
                self.assertRegex(self.ls(), r"could not be looked[ \n]at")


class Plainness(unittest.TestCase):
    def test_a_pipe_gets_no_escape_codes(self):
        for words in ["check", "--claims", "K-013"], ["bench", "--short", "--rows", "^memory_sizeof$"], ["ls"]:
            said = efd(*words, TERM="xterm")
            self.assertNotIn("\x1b", said.stdout + said.stderr)

    def test_a_terminal_gets_colour_unless_refused(self):
        words = ["bench", "--short", "--rows", "^memory_sizeof$"]
        self.assertIn("\x1b[32m", on_terminal(*words, NO_COLOR=""))
        self.assertNotIn("\x1b[32m", on_terminal(*words, NO_COLOR="1"))
        self.assertNotIn("\x1b", on_terminal(*words, TERM="dumb"))


if __name__ == "__main__":
    EFD = sys.argv.pop(1)
    unittest.main()
