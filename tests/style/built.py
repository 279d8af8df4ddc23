# SPDX-License-Identifier: MIT
"""tests/style/built.py: every test in the tree is built: its source is in the build's list of commands.

    built.py REPOSITORY BUILD

A test that no CMakeLists.txt adds lies in the tree, is read and changed, and never runs. Tests of adapters are not built where
their event loop is not installed; CI asks for them, too. Prints what is not built; exit status 1 if anything is not.
"""

import os
import sys
from pathlib import Path

from findings import report

TESTS = ("tests", "verify")
OF_LOOPS = "tests/adapters/"


def not_built(tests, commands, all_loops):
    """tests: paths below the repository. commands: what the build runs, as text."""
    for path in tests:
        if path not in commands and (all_loops or not path.startswith(OF_LOOPS)):
            yield f"{path}: no CMakeLists.txt adds it to the build"


def main(arguments):
    repository, build = Path(arguments[0]), Path(arguments[1])
    tests = [path.relative_to(repository).as_posix() for top in TESTS for path in sorted((repository / top).rglob("*_test.c*"))]
    # Some targets compile several sources as one, which includes them.
    told = [build / "build.ninja", *(one for one in build.rglob("unity_*.cxx") if one.parent.name == "Unity")]
    commands = "".join(one.read_text(encoding="utf-8") for one in told)
    return report(f"{len(tests)} tests, ", not_built(tests, commands, os.environ.get("CI") == "true"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
