# SPDX-License-Identifier: MIT
# tests/cli/command_test.py: the output and the exit status of the efd command.
#
#   command_test.py EFD [NAME]: runs every test, or the named one, against that binary. It judges no time.
import errno
import json
import os
import re
import sys
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
        self.expect_refused([], "no subcommand", "check, bench, help and version")

    def test_unknown_subcommand(self):
        self.expect_refused(["chekc"], "no subcommand 'chekc'", "check, bench, help and version")
        self.expect_refused(["help", "chekc"], "no subcommand 'chekc'", "check, bench, help and version")

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


class Help(unittest.TestCase):
    SUBCOMMANDS = ("check", "bench", "help", "version")

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
                ["bench", "--list"], ["check", "--help"],
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


class Plainness(unittest.TestCase):
    def test_a_pipe_gets_no_escape_codes(self):
        for words in ["check", "--claims", "K-013"], ["bench", "--short", "--rows", "^memory_sizeof$"]:
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
