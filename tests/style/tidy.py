# SPDX-License-Identifier: MIT
"""tests/style/tidy.py: the library's sources and public headers pass clang-tidy 19 with the repository's .clang-tidy.

    tidy.py REPOSITORY

One clang-tidy for each source, as many at a time as there are processors. Without clang-tidy 19 the check is skipped
(exit status 77), unless CI is set: then it fails.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from format import find_tool
from source import LIBRARY_ROOMS

OPTIONS = ["-std=c++20", "-fno-rtti", "-Wall", "-Wextra", "-Wreserved-identifier"]


def main(repository):
    tidy = find_tool("clang-tidy-19")
    options = [*OPTIONS, f"-I{repository}/include", f"-I{repository}/src"]
    sources = sorted(path for room in LIBRARY_ROOMS for path in (repository / "src" / room).rglob("*.cpp"))

    def look_at(source):
        command = [tidy, "--quiet", str(source), "--", *options]
        return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(look_at, sources))
    bad = [result for result in results if result.returncode != 0]
    for result in bad:
        print(result.stdout or result.stderr)
    print(f"{len(sources)} sources, {len(bad)} with findings")
    return 1 if bad or not sources else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
