# SPDX-License-Identifier: MIT
# tests/cli/manual_test.py: help, manuals and completion name the same options; the shells complete what the command
# takes; mandoc finds no fault in any page.
#
#   manual_test.py EFD MANUALS_OF_COMMANDS MANUALS_OF_CALLS COMPLETIONS COMMAND,COMMAND... [NAME]
#
# The commands are those whose pages are installed. A shell that is not installed is skipped, unless CI is true.
import os
import pty
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import processes
import terminal

EFD = MANUALS = CALLS = COMPLETIONS = ""
PAGES = []
BOUND_SECONDS = 120
OPTION = re.compile(r"^  ((?:-\w, )?--?[\w-]+)(?:(\[=| )([A-Z]+)\]?)?", re.MULTILINE)
LINE_OF_PAGE = re.compile(r"^\.It (Fl .*)$", re.MULTILINE)
NONE = ("help", "version")  # efd(1) has these two, and their own pages would have nothing to say


def run(*words, **more):
    said = processes.run(list(words), BOUND_SECONDS, **more)
    assert said.returncode == 0, (words, said)
    return said.stdout


def help_of(command):
    return run(EFD, *command.split(), "--help")


def options_of_help(command):
    """What help shows: option names with "", " VALUE" or "[=VALUE]"."""
    found = {}
    for names, mark, value in OPTION.findall(help_of(command)):
        for name in names.split(", "):
            found[name] = {"": "", " ": " " + value, "[=": f"[={value}]"}[mark]
    return found


def subcommands():
    part = help_of("").split("Subcommands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  ([a-z]+) ", part, re.MULTILINE)


def page_of(command):
    with open(os.path.join(MANUALS, "-".join(["efd", *command.split()]) + ".1"), encoding="utf-8") as file:
        return file.read()


def options_of_page(command):
    found = {}
    for line in LINE_OF_PAGE.findall(page_of(command)):
        names, is_optional, value = re.match(r"(.*?)(?:( Ns Op = Ns)? Ar (.*))?$", line).groups(default="")
        mark = f"[={value}]" if is_optional else " " + value if value else ""
        found |= {"-" + name.removeprefix("Fl ").replace("Fl ", "-"): mark for name in names.split(" , ")}
    return found


def choices(command, option):
    """What the command itself says that an option takes; empty if it takes anything. Names of files are not asked for."""
    if re.search(r"\b(?:FILE|DIR|json)\b", options_of_help(command)[option]):
        return []
    said = processes.run([EFD, command, option + "=no such word"], BOUND_SECONDS).stderr
    found = re.search(r"'no such word' is not ([\w, ]+)$", said, re.MULTILINE)
    return re.split(r", | or ", found[1]) if found else []


class Manuals(unittest.TestCase):
    def test_each_command_has_a_page_and_each_page_a_command(self):
        self.assertEqual(sorted(PAGES), sorted(["efd", *("efd-" + one for one in subcommands() if one not in NONE)]))

    def test_a_page_has_the_options_of_help_and_no_other(self):
        for page in PAGES:
            command = page[4:]
            self.assertEqual(options_of_page(command), options_of_help(command), page)

    def test_the_page_of_efd_has_the_subcommands_of_help_and_no_other(self):
        part = page_of("").split(".Sh SUBCOMMANDS\n")[1].split(".Sh ")[0]
        self.assertEqual(sorted(re.findall(r"^\.It Cm (\w+)", part, re.MULTILINE)), sorted(subcommands()))

    def test_a_page_has_the_words_that_an_option_takes(self):
        seen = 0
        for page in PAGES[1:]:
            command = page[4:]
            for option in (name for name, value in options_of_help(command).items() if value):
                words = choices(command, option)
                part = re.split(rf"^\.It .*{option[2:]}", page_of(command), flags=re.MULTILINE)[1].split("\n.It ")[0]
                for word in words:
                    self.assertRegex(part, rf"(?m)^\.Cm {word}\b", f"{page} {option}")
                seen += len(words)
        self.assertGreater(seen, 8)  # ls and check have words, at the least

    def test_a_page_has_the_exit_statuses_of_help(self):
        for page in PAGES[1:]:
            said = help_of(page[4:]).split("Exit status: ")[1]
            part = page_of(page[4:]).split(".Sh EXIT STATUS\n")[1].split(".Sh ")[0]
            self.assertEqual(re.findall(r"^\.It (\d+)", part, re.MULTILINE), re.findall(r"\b\d+\b", said), page)

    def test_pages_of_calls_have_every_function_of_the_headers(self):
        include = os.path.join(MANUALS, "..", "..", "include", "efd")
        declared = set()
        for name in "efd.h", "arena.h", "observe.h", "wait_set.h":
            with open(os.path.join(include, name), encoding="utf-8") as file:
                declared |= set(re.findall(r"^EFD_C_API [^(]*?(\w+)\(", file.read(), re.MULTILINE))
        pages = {name[:-2] for name in os.listdir(CALLS)}
        self.assertGreater(len(declared), 60)
        self.assertEqual(declared, {name for name in pages if "::" not in name})

    def test_references_between_pages_lead_to_pages(self):
        pages = {(name, "3") for name in (one[:-2] for one in os.listdir(CALLS))} | {(page, "1") for page in PAGES}
        pages |= {("efd", "3"), ("efd", "7")}
        for path in all_pages():
            with open(path, encoding="utf-8") as file:
                for name, section in re.findall(r"^\.(?!\\).*\bXr (efd\S*) (\d)", file.read(), re.MULTILINE):
                    self.assertIn((name, section), pages, path)

    @unittest.skipUnless(shutil.which("mandoc") or os.environ.get("CI") == "true", "mandoc is not installed")
    def test_mandoc_finds_no_fault(self):
        said = processes.run(["mandoc", "-Tlint", *all_pages()], BOUND_SECONDS)
        faults = [line for line in (said.stdout + said.stderr).splitlines()
                  if not re.search(r"referenced manual not found|mandoc\.db|makewhatis", line)]  # fmt: skip
        self.assertEqual(faults, [])

    @unittest.skipUnless(shutil.which("mandoc") or os.environ.get("CI") == "true", "mandoc is not installed")
    def test_a_broken_page_is_found(self):
        said = processes.run(["mandoc", "-Tlint"], BOUND_SECONDS, input=page_of("ls").replace(".El\n", "", 1))
        self.assertNotEqual(said.returncode, 0)


def all_pages():
    places = [os.path.join(MANUALS, name) for name in [*(page + ".1" for page in PAGES), "efd.3", "efd.7"]]
    places += [os.path.join(CALLS, name) for name in sorted(os.listdir(CALLS))]
    return [place for place in places if not os.path.islink(place)]


class Completion(unittest.TestCase):
    """What a shell offers is what the command takes, and the same in each shell."""

    def offered(self, line):
        raise NotImplementedError

    def words(self, line, beginning=""):
        return sorted(word for word in self.offered(line) if word.startswith(beginning))

    def check_options_subcommands_and_words(self):
        self.assertEqual(self.words("efd "), sorted(subcommands()))
        self.assertEqual(self.words("efd help "), sorted(subcommands()))
        for command in ["", *subcommands()]:
            line = f"efd {command} --".replace("  ", " ")
            wanted = sorted(name for name in options_of_help(command) if name.startswith("--"))
            self.assertEqual(self.words(line), wanted, line)
            for option, value in options_of_help(command).items():
                if not value or not option.startswith("--"):
                    continue
                words = sorted(choices(command, option))
                if words and value.startswith(" "):
                    self.assertEqual(self.words(f"efd {command} {option} "), words)

    def check_the_program_of_run(self):
        self.assertIn("true", self.words("efd run --profile strict -- tru"))
        if "efd-run" in PAGES:
            self.assertNotIn("--profile", self.words("efd run -- true --p"))


class Bash(Completion):
    def offered(self, line):
        words = re.findall(r"=|[^\s=]+", line) + ([""] if line.endswith(" ") else [])
        script = '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _efd; printf "%s\\n" "${COMPREPLY[@]}"'
        said = run("bash", "--norc", "-c", script, "bash", os.path.join(COMPLETIONS, "efd"), *words)
        return [word for word in said.splitlines() if word]

    def test_options_subcommands_and_words(self):
        self.check_options_subcommands_and_words()

    def test_the_program_of_run(self):
        self.check_the_program_of_run()
        self.assertIn("true", self.words("efd run tru"))  # the first word that is no option

    def test_it_is_registered(self):
        said = run("bash", "--norc", "-c", '. "$1"; complete -p efd', "bash", os.path.join(COMPLETIONS, "efd"))
        self.assertEqual(said, "complete -F _efd efd\n")

    def test_a_value_behind_an_equals_sign(self):
        self.assertEqual(self.words("efd run --report=j"), ["json"])
        self.assertEqual(self.words("efd run --report="), ["json", "table"])
        self.assertEqual(self.words("efd ls --sort=co"), ["count"])
        self.assertEqual(self.words("efd ls --sort=count --ker"), ["--kernel"])


class Fish(Completion):
    def offered(self, line):
        script = "source $argv[1]; complete -C $argv[2]"
        said = run("fish", "--no-config", "-c", script, os.path.join(COMPLETIONS, "efd.fish"), line)
        return [word.split("\t")[0] for word in said.splitlines() if word]

    @unittest.skipUnless(shutil.which("fish") or os.environ.get("CI") == "true", "fish is not installed")
    def test_options_subcommands_and_words(self):
        self.check_options_subcommands_and_words()
        self.check_the_program_of_run()
        self.assertEqual(self.words("efd run --report="), ["--report=json", "--report=table"])


class Zsh(unittest.TestCase):
    """On a terminal of its own, as zsh completes nowhere else: a line, and the tab key."""

    START = (
        "PS1=; PROMPT_EOL_MARK=; unsetopt beep; LISTMAX=10000; zstyle ':completion:*' insert-tab false\n"
        "autoload -Uz compinit && compinit -D -u; bindkey '^I' complete-word\n"
    )

    def line_after_tab(self, line):
        """The line as the tab key leaves it."""
        ours, theirs = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if name != "FPATH"} | {"TERM": "dumb"}
        until = time.monotonic() + BOUND_SECONDS
        widget = "accept() { print -r -- \"<$BUFFER>\"; exit }; zle -N accept; bindkey '^X' accept\n"
        setup = f"fpath=({COMPLETIONS!r} $fpath)\n{self.START}{widget}"
        try:
            with processes.started(["zsh", "-f", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as shell:
                os.close(theirs)
                os.write(ours, setup.encode() + line.encode() + b"\t\x18")
                said = b""
                while not re.search(rb"\n?<(efd [^>]*)>", said):
                    piece = terminal.piece_of(ours, until)
                    self.assertTrue(piece, said)
                    said += piece
                shell.wait(10)
        finally:
            os.close(ours)
        return re.search(rb"<(efd [^>]*)>", said)[1].decode().strip()

    @unittest.skipUnless(shutil.which("zsh") or os.environ.get("CI") == "true", "zsh is not installed")
    def test_a_tab_completes(self):
        self.assertEqual(self.line_after_tab("efd ben"), "efd bench")
        self.assertEqual(self.line_after_tab("efd ls --sort hol"), "efd ls --sort holders")
        self.assertEqual(self.line_after_tab("efd check --pro"), "efd check --profile=")

    @unittest.skipUnless(shutil.which("zsh") or os.environ.get("CI") == "true", "zsh is not installed")
    def test_the_script_has_the_options_of_help_and_no_other(self):
        with open(os.path.join(COMPLETIONS, "_efd"), encoding="utf-8") as file:
            text = file.read()
        run("zsh", "-n", os.path.join(COMPLETIONS, "_efd"))
        for command in subcommands():
            part = re.search(rf"^ +{command}\)\n(.*?)&& return ;;", text, re.MULTILINE | re.DOTALL)[1]
            self.assertEqual(set(re.findall(r"^ +'[^']*'(-[\w-]*\w)", part, re.MULTILINE)), set(options_of_help(command)), command)


del Completion  # it is for Bash and Fish to inherit


if __name__ == "__main__":
    EFD, MANUALS, CALLS, COMPLETIONS, pages = sys.argv[1:6]
    PAGES = pages.split(",")
    unittest.main(argv=[sys.argv[0], *sys.argv[6:]])
