# SPDX-License-Identifier: MIT
"""tests/style/documents.py: README.md names what the tree has: variables, options, files, headers, and nothing else; and
the walks of ARCHITECTURE.md name files that are there, few of them; a document quotes a file as it is, and docs/cookbook.md
names every example.

    documents.py REPOSITORY

The table of variables is compared in both directions with the names that the sources of library, drop-in and command
read, the table of options with those that the CMake files declare, each path and public header with the tree. Prints what
differs; exit status 1 if anything does.
"""

import re
import sys
from pathlib import Path

from findings import report

NAME = re.compile(r'"(EFD_[A-Z]+(?:_[A-Z]+)*)"')
OPTION = re.compile(r"^\s*(?:option\((EFD_\w+)|set\((EFD_\w+) [^)]*CACHE STRING)", re.MULTILINE)
PATH = re.compile(r"(?<![\w/.:$}-])((?:docs|examples|src|conformance|tests|verify|scripts|include|bench|cmake)/[\w./-]*\w)")
CHECKED = re.compile(r"^static_assert\(.*$", re.MULTILINE)
# The walks of ARCHITECTURE.md, by how each begins; what some calls alone need is on a line that begins with `also:`.
WALKS = ("write(n)", "read(value)", "poll()", "efd_eventfd(", "wait_any(got)", "find(name)", "write(fd, &n, 8)")
FILES_OF_WALK = 6
WALKED = re.compile(r"(?<![\w/])((?:efd|api|file|watch|share|core|os|base|interpose|table|rules)/\w+\.[ch]pp)\b")
ROOTS = ("include", "include/efd/detail", "src", "src/dropin")
MACROS = {"EFD_WITH_DROPIN"}  # names in quotes that no environment has


def table_under(text, heading):
    """The first cells of the table below a heading, without their backquotes."""
    part = text.split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([A-Z][A-Z_]+)", cell)}


def variables_read(repository):
    sources = [path for room in ("core", "dropin", "cli", "os") for path in (repository / "src" / room).rglob("*.?pp")]
    texts = [CHECKED.sub("", path.read_text(encoding="utf-8")) for path in sources]  # those may try wrong names
    return {name for text in texts for name in NAME.findall(text)} - MACROS


def options_declared(repository):
    files = [repository / "CMakeLists.txt", *sorted((repository / "cmake").glob("*.cmake"))]
    files += [path for room in ("src", "tests", "verify", "bench", "examples") for path in (repository / room).rglob("CMakeLists.txt")]
    found = [match for path in files for match in OPTION.findall(path.read_text(encoding="utf-8"))]
    return {name for names in found for name in names if name} | {"BUILD_SHARED_LIBS"}


def both_ways(what, documented, existing):
    for name in sorted(existing - documented):
        yield f"README.md does not say what {what} {name} is for"
    for name in sorted(documented - existing):
        yield f"README.md names {what} {name}, which the tree does not have"


def walks(repository, text):
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for beginning in WALKS:
        walk = next((block for block in blocks if block.startswith(beginning)), None)
        if walk is None:
            yield f"ARCHITECTURE.md has no walk that begins with {beginning}"
            continue
        files = set(WALKED.findall(re.sub(r"^also:.*", "", walk, flags=re.MULTILINE)))
        if len(files) > FILES_OF_WALK:
            yield f"ARCHITECTURE.md: the walk {beginning} goes through {len(files)} files: {', '.join(sorted(files))}"
    for name in sorted(set(WALKED.findall(text))):
        if not any((repository / root / name).exists() for root in ROOTS):
            yield f"ARCHITECTURE.md names {name}, which is not there"


QUOTE = re.compile(r"^```\w+ ([\w./]+/[\w.]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def quotes(document, text, lines_of):
    """What stands in a block that names a file are lines of that file, one after the other, all with the same indent."""
    for path, block in QUOTE.findall(text):
        quoted, lines = block.splitlines(), lines_of(path)
        indent = re.match(r" *", next((line for line in lines if quoted and line.strip() == quoted[0].strip()), ""))[0]
        wanted = "\n".join(indent + line if line else "" for line in quoted)
        if not quoted or f"\n{wanted}\n" not in "\n" + "\n".join(lines) + "\n":
            yield f"{document} quotes {path}, which does not have these lines: {quoted[:1]}"


def lines_in(repository):
    def lines_of(path):
        place = repository / path
        return place.read_text(encoding="utf-8").splitlines() if place.exists() else []

    return lines_of


def examples(repository, text):
    there = {f"examples/{path.name}" for path in (repository / "examples").glob("*.c*") if "int main(" in path.read_text(encoding="utf-8")}
    for name in sorted(there - set(re.findall(r"examples/\w+\.c\w*", text))):
        yield f"docs/cookbook.md does not name {name}"


def findings(repository):
    text = (repository / "README.md").read_text(encoding="utf-8")
    ours = {name for name in table_under(text, "## Environment") if name.startswith("EFD_")}
    yield from both_ways("the variable", ours, variables_read(repository))
    yield from both_ways("the option", table_under(text, "## Install and build with it"), options_declared(repository))
    for document in [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]:
        said = document.read_text(encoding="utf-8")
        yield from quotes(document.relative_to(repository), said, lines_in(repository))
        for path in sorted(set(PATH.findall(said))):
            if not (repository / path).exists() and not list(repository.glob(path + "*")):
                yield f"{document.relative_to(repository)} names {path}, which is not there"
    yield from examples(repository, (repository / "docs/cookbook.md").read_text(encoding="utf-8"))
    yield from walks(repository, (repository / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    for header in sorted(set(re.findall(r"<(efd/[\w./]+)>", text))):
        if not (repository / "include" / header).exists():
            yield f"README.md names <{header}>, which is not there"


def main(repository):
    return report("README.md, ARCHITECTURE.md and docs: ", findings(repository))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
