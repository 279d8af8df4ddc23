"""tests/style/cppcheck.py: the library's sources and headers pass cppcheck.

    cppcheck.py REPOSITORY

Warnings, style, performance and portability, the uncertain ones too; what is suppressed stands with its reason in
cppcheck.suppressions. Every finding is an error. Without cppcheck the check is skipped (exit status 77), unless CI is
set: then it fails.
"""

import subprocess
import sys
from pathlib import Path

from format import find_tool
from source import LIBRARY_ROOMS

HERE = Path(__file__).resolve().parent
OPTIONS = [
    "--std=c++20", "--language=c++", "--enable=warning,style,performance,portability", "--inconclusive", "--quiet",
    "--error-exitcode=1", "--inline-suppr", f"--suppressions-list={HERE / 'cppcheck.suppressions'}",
    "-UEFD_ATOMIC_MODEL", "-Dinline=", "--force",  # cppcheck 2.10 cannot read `namespace a::inline b`
    "--template={file}:{line}: {id}: {message}",
]  # fmt: skip


def main(repository):
    tool = find_tool("cppcheck")
    sources = sorted(p for room in LIBRARY_ROOMS for p in (repository / "src" / room).rglob("*.cpp"))
    places = [p.relative_to(repository).as_posix() for p in sources]  # the suppressions name files like this
    command = [tool, *OPTIONS, "-Iinclude", "-Isrc", *places]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    found = (result.stdout + result.stderr).strip().splitlines()  # on stdout: what is wrong with the options
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(sources)} sources, {len(found)} findings")
    return 1 if found or result.returncode != 0 or not sources else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
