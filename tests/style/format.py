# SPDX-License-Identifier: MIT
"""tests/style/format.py: every C and C++ file of the repository is as clang-format 19 writes it.

    format.py REPOSITORY

Without clang-format 19 the check is skipped (exit status 77), unless CI is set: then it fails.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

DIRECTORIES = ("include", "src", "conformance", "bench", "examples", "tests", "verify", "bindings")
ENDINGS = {".cpp", ".hpp", ".h", ".c"}


def find_tool(name):
    """The tool's path; ends the program if there is none."""
    path = shutil.which(name)
    if path is None:
        wanted = os.environ.get("CI") == "true"
        print(f"{name} is not installed: {'this run must have it' if wanted else 'skipped'}; see `scripts/setup check`")
        sys.exit(1 if wanted else 77)
    return path


def main(repository):
    formatter = find_tool("clang-format-19")
    found = [path for top in DIRECTORIES for path in sorted((repository / top).rglob("*")) if path.suffix in ENDINGS]
    result = subprocess.run([formatter, "--dry-run", "-Werror", *map(str, found)], check=False)
    print(f"{len(found)} files" + (": `clang-format-19 -i FILE` mends what is told above" if result.returncode else ""))
    return result.returncode if found else 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
