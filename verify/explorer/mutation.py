# SPDX-License-Identifier: MIT
"""verify/explorer/mutation.py: reads the mutants of mutants/*.txt, and makes each one's change in a copy of the source.

A mutant is a head and its changes, with an empty line before the next:

    NAME PAIR[, full]: SCENARIO SCENARIO...
        FUNCTION `what stands there` -> `what the mutant puts there`

PAIR is the race of docs/races.md that it breaks; `full` leaves it out of the short form. FUNCTION is the name as its
definition writes it (`context::write_slow`; within a class `mark`), in whichever file that is; a file's name
(`kref.hpp`) stands for what is in no function. What stands there is compared token by token, so that neither line breaks
nor comments nor checks (EFD_CHECK) nor a move to another file matter, and it must be found exactly once: a mutant cannot go stale unseen.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "style"))
from source import Source, blank, find_functions

PLACES = ("include/efd/detail/base", "include/efd/detail/core", "include/efd/detail/watch", "src/core", "src/watch", "src/file", "src/share", "src/dropin")
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\'|\w[\w\']*|[^\w\s]')
NESTED = r"[^()]"
for _ in range(5):  # parentheses within parentheses
    NESTED = rf"(?:[^()]|\({NESTED}*\))"
CHECK = re.compile(rf"\bEFD_CHECK\({NESTED}*\);")
HEAD = re.compile(r"^(\S+) (\w+)(, full)?:((?: +\S+)+)$")
CHANGE = re.compile(r"\s*([^\s`]+)\s+`([^`]*)`\s*->\s*`([^`]*)`\s*")


def tokens_of(text):
    """Each token as (token, first offset, offset behind it)."""
    return [(m[0], m.start(), m.end()) for m in TOKEN.finditer(text)]


class SourceText:
    """One source: its text, and where each function stands in it; under the file's own name the whole of it."""

    def __init__(self, path, text):
        self.text = text
        source = Source(path, text)
        self.uncommented = CHECK.sub(lambda check: blank(check[0]), source.uncommented)
        self.spans = [(Path(path).name, 0, len(text))]
        self.spans += [(name, first, last + 1) for name, first, last in find_functions(source)]


class Tree:
    """The sources in which mutants are looked for, by their paths."""

    def __init__(self, files):
        self.files = files

    @staticmethod
    def of_repository():
        paths = sorted(p for place in PLACES for p in (ROOT / place).rglob("*.?pp"))
        names = [p.relative_to(ROOT).as_posix() for p in paths]
        return Tree({name: SourceText(name, p.read_text(encoding="utf-8")) for name, p in zip(names, paths, strict=True)})

    def with_text(self, path, text):
        return Tree({**self.files, path: SourceText(path, text)})

    def places(self, function, wanted):
        """Where in the functions of that name the tokens stand: (path, first offset, offset behind the last)."""
        sought = [token for token, _, _ in tokens_of(wanted)]
        found = []
        for path, file in self.files.items():
            for first, end in [(first, end) for name, first, end in file.spans if name == function]:
                tokens = tokens_of(file.uncommented[first:end])
                words = [token for token, _, _ in tokens]
                for at in range(len(words) - len(sought) + 1):
                    if words[at : at + len(sought)] == sought:
                        found.append((path, first + tokens[at][1], first + tokens[at + len(sought) - 1][2]))
        return found

    def changed(self, function, old, new):
        """The path and the new text of the one file in which the change fits; ValueError if it is not one place."""
        if not old.strip():
            raise ValueError(f"{function}: a change says what stands there")
        found = self.places(function, old)
        if len(found) != 1:
            raise ValueError(f"fits at {len(found)} places in {function}: `{old}`")
        path, first, end = found[0]
        text = self.files[path].text
        return path, text[:first] + new + text[end:]


def changed_files(tree, mutant):
    """The text of each file that the mutant changes."""
    changed = {}
    for function, old, new in mutant["changes"]:
        path, text = tree.changed(function, old, new)
        tree = tree.with_text(path, text)
        changed[path] = text
    return changed


def parse(text, name="?"):
    """The mutants of one file; ValueError where a block cannot be read."""
    mutants = []
    for block in re.split(r"\n\s*\n", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip()):
        first, _, rest = block.partition("\n")
        head = HEAD.match(first)
        changes = [match.groups() for match in CHANGE.finditer(rest)]
        if not head or not changes or CHANGE.sub("", rest).strip():
            raise ValueError(f"{name}: cannot be read: {block[:300]}")
        mutants.append({"name": head[1], "pair": head[2], "short": not head[3], "scenarios": ",".join(head[4].split()),
                        "changes": changes})  # fmt: skip
    return mutants


def read_all():
    files = sorted((HERE / "mutants").glob("*.txt"))
    mutants = [m for file in files for m in parse(file.read_text(encoding="utf-8"), file.name)]
    names = [m["name"] for m in mutants]
    if twice := {n for n in names if names.count(n) > 1}:
        raise ValueError(f"more than one mutant has the name {', '.join(sorted(twice))}")
    return mutants
