# SPDX-License-Identifier: MIT
"""tests/style/races.py: a race is named in the code, in docs/races.md and in the mutants alike.

    races.py REPOSITORY

Each name in a heading of docs/races.md stands in a comment of the library or the drop-in, each name that such a comment gives
to a step has its heading there, and the race that a mutant breaks has one, too. Prints what differs; exit status 1 if
anything does.
"""

import re
import sys
from pathlib import Path

from findings import report

ROOMS = ("include/efd", "src/base", "src/os", "src/core", "src/watch", "src/file", "src/api", "src/dropin")
HEADING = re.compile(r"^## ([A-Z_]{3,}(?:(?:,| /) [A-Z_]{3,})*)", re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
NAME = re.compile(r"(?<![\w:])[A-Z]{3,}(?:_[A-Z]+)*(?![\w(])")
PAIR = re.compile(r"^\S+ ([A-Z_]+)[,:]", re.MULTILINE)
# What else is written in capitals: errors, flags and limits of the system and of libraries, our macros, words of tools.
OTHERS = re.compile(
    r"E[A-Z]{3,}\d?|(?:AIO|ASIO|CLOCK|CLONE|EFD|EPOLL|FUTEX|IOCB|IORING|IOSQE|MADV|MAP|MAX|NOLINT|POLL|RLIMIT|RTLD|RWF|SA"
    r"|SCHED|SCM|SIG|SIZE|SSIZE|STATX|STT|SYS|UIO|UV)(?:_?[A-Z_]*)|FIO\w+|ABA|SPDX|MIT|POSIX|GNU|ELF|JNA|KVM|NOTE|PROOF|INT\w*|NULL|TODO"
)


def headings(repository):
    text = (repository / "docs" / "races.md").read_text(encoding="utf-8")
    return {name for match in HEADING.findall(text) for name in re.split(r", | / ", match)}


def named_in_code(repository):
    """Each name in capitals of a comment, with the first file that has it."""
    found = {}
    for room in ROOMS:
        for path in sorted((repository / room).rglob("*.?pp")):
            for comment in COMMENT.findall(path.read_text(encoding="utf-8")):
                for name in NAME.findall(comment):
                    found.setdefault(name, path.relative_to(repository))
    return found


def findings(repository):
    documented = headings(repository)
    code = named_in_code(repository)
    for name in sorted(documented - set(code)):
        yield f"docs/races.md: {name} is named by no comment in {', '.join(ROOMS)}"
    for name in sorted(name for name in code if name not in documented and not OTHERS.fullmatch(name)):
        yield f"{code[name]}: {name} has no heading in docs/races.md"
    for path in sorted((repository / "verify" / "explorer" / "mutants").glob("*.txt")):
        for name in sorted(set(PAIR.findall(path.read_text(encoding="utf-8"))) - documented):
            yield f"{path.relative_to(repository)}: {name} has no heading in docs/races.md"


def main(repository):
    return report(f"races: {len(headings(repository))} names, ", findings(repository))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
