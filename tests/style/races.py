# SPDX-License-Identifier: MIT
"""tests/style/races.py: a race is named in the code, in docs/races.md and in the mutants alike.

    races.py REPOSITORY

Each name in a heading of docs/races.md stands in a comment of the library or the drop-in, each name that such a comment gives
to a step has its heading there, and the race that a mutant breaks has one, too. A step with release order names its race, or
the step that it pairs with, in a comment beside it, directly above it, or above its function. Prints what differs; exit
status 1 if anything does.
"""

import re
import sys
from pathlib import Path

from findings import report
from source import Source

ROOMS = ("include/efd", "src/base", "src/os", "src/core", "src/watch", "src/share", "src/file", "src/api", "src/dropin")
THE_DOOR = "include/efd/detail/base/atomic.hpp"
HEADING = re.compile(r"^## ([A-Z_]{3,}(?:(?:,| /) [A-Z_]{3,})*)", re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
NAME = re.compile(r"(?<![\w:])[A-Z]{3,}(?:_[A-Z]+)*(?![\w(])")
PAIR = re.compile(r"^\S+ ([A-Z_]+)[,:]", re.MULTILINE)
# What else is written in capitals: errors, flags and limits of the system and of libraries, our macros, words of tools.
OTHERS = re.compile(
    r"E[A-Z]{2,}\d?|(?:AIO|ASIO|CLOCK|CLONE|EFD|EPOLL|FUTEX|IOCB|IORING|IOSQE|MADV|MAP|MAX|NOLINT|POLL|RLIMIT|RTLD|RWF|SA"
    r"|SCHED|SCM|SIG|SIZE|SSIZE|STATX|STT|SYS|UIO|UV)(?:_?[A-Z_]*)|FIO\w+|ABA|SPDX|MIT|POSIX|GNU|ELF|JNA|KVM|NOTE|PROOF|INT\w*|NULL|TODO|UID|XDG_RUNTIME_DIR"
)
RELEASE = re.compile(r"[(,?:]\s*(?:base::)?(?:release|acq_rel)\s*[,)]")
PARTNER = re.compile(r"\b[Pp]airs with\b")


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


def comment_above(lines, row):
    """The comment that ends on the line before `row`."""
    first = row
    while first > 0 and lines[first - 1].lstrip().startswith("//"):
        first -= 1
    return "\n".join(lines[first:row])


def steps(source):
    """Each step with release order as (line, the comments that speak of it)."""
    lines = source.text.split("\n")
    functions = source.functions()
    for place in RELEASE.finditer(source.code):
        begin = max(source.code.rfind(mark, 0, place.start()) for mark in ";{}") + 1
        begin += len(source.code[begin:]) - len(source.code[begin:].lstrip())
        ends = [at for mark in ";{" if (at := source.code.find(mark, place.end())) >= 0]
        first, last = source.line_of(begin), source.line_of(min(ends))
        above = [comment_above(lines, row - 1) for row in [first, *(start for _, start, end in functions if start <= first <= end)]]
        yield source.line_of(place.start()), "\n".join([*above, *COMMENT.findall("\n".join(lines[first - 1 : last]))])


def unnamed_steps(source, documented):
    """The line of each step with release order of which no comment says what it is for."""
    for line, comment in steps(source):
        if not PARTNER.search(comment) and not set(NAME.findall(comment)) & documented:
            yield line


def sources(repository):
    for room in ROOMS:
        for path in sorted((repository / room).rglob("*.?pp")):
            name = path.relative_to(repository).as_posix()
            if name != THE_DOOR:
                yield Source(name, path.read_text(encoding="utf-8"))


def findings(repository):
    documented = headings(repository)
    code = named_in_code(repository)
    for name in sorted(documented - set(code)):
        yield f"docs/races.md: {name} is named by no comment in {', '.join(ROOMS)}"
    for name in sorted(name for name in code if name not in documented and not OTHERS.fullmatch(name)):
        yield f"{code[name]}: {name} has no heading in docs/races.md"
    for source in sources(repository):
        for line in unnamed_steps(source, documented):
            yield f"{source.path}:{line}: a step with release order names no race of docs/races.md and no step that it pairs with"
    for path in sorted((repository / "verify" / "explorer" / "mutants").glob("*.txt")):
        for name in sorted(set(PAIR.findall(path.read_text(encoding="utf-8"))) - documented):
            yield f"{path.relative_to(repository)}: {name} has no heading in docs/races.md"


def main(repository):
    return report(f"races: {len(headings(repository))} names, ", findings(repository))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
