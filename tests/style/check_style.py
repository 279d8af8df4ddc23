# SPDX-License-Identifier: MIT
"""tests/style/check_style.py: the style check, `ctest -L style`.

    check_style.py REPOSITORY

Looks at every source file below the repository's directories and prints each place that breaks a rule of rules.py, as
FILE:LINE: RULE: what is wrong. Exit status 1 if there was one, 2 if it found too few files to have looked at all.
"""

import sys
from pathlib import Path

from rules import RULES
from source import Source

DIRECTORIES = ("include", "src", "conformance", "bench", "examples", "tests", "verify", "scripts", "cmake", "bindings")
TOP_FILES = ("CMakeLists.txt", "Makefile", ".ci/run")
ENDINGS = {".cpp", ".hpp", ".h", ".c", ".py", ".sh", ".cmake", ".pml", ".js", ".map", ".supp", ".in"}
CORPUS = "verify/fuzz/corpus"
FEWEST_FILES = 40


def is_source(path):
    """By its name; a file without an ending is a source if it is a script or begins with a comment of C++."""
    if path.suffix in ENDINGS or path.name in ("CMakeLists.txt", "Makefile"):
        return True
    return path.suffix == "" and path.read_bytes()[:2] in (b"#!", b"//")


def read_sources(repository):
    paths = [repository / name for name in TOP_FILES]
    for top in DIRECTORIES:
        paths += [path for path in sorted((repository / top).rglob("*")) if path.is_file() and CORPUS not in path.as_posix()]
    chosen = [path for path in paths if is_source(path)]
    return [Source(path.relative_to(repository).as_posix(), path.read_text(encoding="utf-8")) for path in chosen]


def findings(sources):
    files = {source.path for source in sources}
    for source in sources:
        for rule in RULES:
            for line, message in rule(source, files):
                yield f"{source.path}:{line}: {rule.__name__}: {message}"


def main(arguments):
    sources = read_sources(Path(arguments[0]))
    if len(sources) < FEWEST_FILES:
        print(f"only {len(sources)} source files below {arguments[0]}: the wrong place?")
        return 2
    found = list(findings(sources))
    for finding in found:
        print(finding)
    functions = sum(len(source.functions()) for source in sources if source.is_cpp)
    print(f"{len(sources)} files, {functions} functions, {len(RULES)} rules, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
