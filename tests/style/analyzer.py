# SPDX-License-Identifier: MIT
"""tests/style/analyzer.py: the library's sources and the C programs that use it pass gcc's -fanalyzer.

    analyzer.py REPOSITORY

What it can see: g++ 12 analyses C++ one function and its callees at a time, without exceptions, and knows what malloc,
free, new, delete, files and null pointers are. In libefd that is the C border and the door to the system; of atomics,
threads and the wait queue's ownership it understands nothing. So the C side is where it serves most: the examples and
the package's consumer, as a user of efd.h would be analysed. Every source is looked at plain and optimised, as inlining
changes what it follows. Every finding is an error. Without gcc the check is skipped (77), unless CI is set.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from format import find_tool
from source import LIBRARY_ROOMS

# What it says and is not so: it takes a throwing operator new for malloc, and loses the pointer on the way to catch; it
# does not see what push_back puts behind a reserve.
NOT_FOR_CPP = ["-Wno-analyzer-possible-null-argument", "-Wno-analyzer-possible-null-dereference"]
NOT_HERE = {
    "src/api/efd.cpp": ["-Wno-analyzer-malloc-leak"],
    "src/watch/set_all.cpp": ["-Wno-analyzer-use-of-uninitialized-value"],
    # Loses sight of an object on its way out of a function by value, and of a null that was tested.
    "src/api/efd_fd.cpp": ["-Wno-analyzer-use-of-uninitialized-value"],
    "src/file/descriptor_table.cpp": ["-Wno-analyzer-use-of-uninitialized-value", "-Wno-analyzer-null-argument"],
    "src/file/anon_fd.cpp": ["-Wno-analyzer-use-of-uninitialized-value"],
    # A lambda without captures is called with no object; it does not see what resize puts behind the old end.
    "src/os/process.cpp": ["-Wno-analyzer-null-argument"],
    "src/dropin/table/table.cpp": ["-Wno-analyzer-null-argument"],
    "src/watch/set_core.cpp": ["-Wno-analyzer-null-argument"],
    "src/watch/set_descriptors.cpp": ["-Wno-analyzer-use-of-uninitialized-value"],
    "src/share/arena.cpp": ["-Wno-analyzer-null-argument"],
    # Does not see the elements of a vector that was made with a size.
    "src/api/arena.cpp": ["-Wno-analyzer-malloc-leak", "-Wno-analyzer-null-dereference"],
    # Takes a read through a pointer for none.
    "src/dropin/interpose/io.cpp": ["-Wno-analyzer-use-of-uninitialized-value"],
    "src/dropin/interpose/syscall.cpp": ["-Wno-analyzer-use-of-uninitialized-value"],
}
COMMON = ["-fanalyzer", "-fanalyzer-verbosity=0", "-c", "-o", os.devnull]


def command_for(source, name):
    """The compiler's call for one source, but for the optimisation."""
    if source.suffix == ".c":
        return [find_tool("gcc"), "-std=c11", "-Wall", *COMMON, str(source)]
    return [find_tool("g++"), "-std=c++20", "-fno-rtti", *COMMON, *NOT_FOR_CPP, *NOT_HERE.get(name, []), str(source)]


def findings(command, includes):
    """The warnings of one call; an error of the compiler counts as one."""
    result = subprocess.run([*command, *includes], capture_output=True, text=True, check=False)
    return re.findall(r"^.*(?:\[-Wanalyzer[^]]*\]|error:.*)$", result.stderr, re.MULTILINE)


def main(repository):
    sources = sorted(p for room in LIBRARY_ROOMS for p in (repository / "src" / room).rglob("*.cpp"))
    sources += sorted(p for top in ("examples", "tests/package") for p in (repository / top).rglob("*.c"))
    includes = [f"-I{repository}/include", f"-I{repository}/src"]

    def look_at(source):
        command = command_for(source, source.relative_to(repository).as_posix())
        return [f for level in ("-O0", "-O2") for f in findings([*command, level], includes)]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = sorted({finding for some in pool.map(look_at, sources) for finding in some})
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(sources)} sources, {len(found)} findings")
    return 1 if found or not sources else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
