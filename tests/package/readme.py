# SPDX-License-Identifier: MIT
"""tests/package/readme.py: every fenced block of README.md is compiled or run as it stands, against the installed library.

    readme.py REPOSITORY WORK PREFIX LIBDIR CC CXX

A block is ```cpp NAME, ```c NAME (a whole program: compiled without warnings, and run), ```cmake CMakeLists.txt (a project
around the first program: configured and built), or ```sh (run by `sh -eux` in the directory of the programs; `make` there
only says what it would do; where its first program is missing it is skipped, unless CI is set). Any other block is an
error, so that nothing stands in README.md that nobody tried.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"^```(\w*)[ ]?([^\n]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
FEWEST_BLOCKS = 8
STANDARD = {"c": "-std=gnu17", "cpp": "-std=c++20"}
BOUND_SECONDS = 300  # far above what a block takes on a busy machine


class Readme:
    def __init__(self, repository, work, prefix, libdir, compilers):
        self.repository, self.work, self.prefix, self.compilers = repository, work, prefix, compilers
        shutil.rmtree(work, ignore_errors=True)
        (work / "bin").mkdir(parents=True)
        (work / "examples").symlink_to(repository / "examples")
        (work / "efd").symlink_to(repository)
        make = work / "bin" / "make"
        make.write_text(f'#!/bin/sh\nexec "{shutil.which("make")}" -n -C "{repository}" "$@"\n', encoding="utf-8")
        make.chmod(0o755)
        self.environment = {**os.environ, "PKG_CONFIG_PATH": f"{libdir}/pkgconfig", "LD_LIBRARY_PATH": str(libdir),
                            "PATH": f"{work}/bin:{prefix}/bin:{os.environ['PATH']}"}  # fmt: skip
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):  # this test may run below `make test`
            self.environment.pop(name, None)
        self.projects = 0

    def run(self, *words, at=None):
        words = [str(word) for word in words]
        print("+", *words, flush=True)
        subprocess.run(words, cwd=at or self.work, env=self.environment, check=True, timeout=BOUND_SECONDS,
                       stdin=subprocess.DEVNULL)  # fmt: skip

    def program(self, language, name, text):
        source = self.work / name
        source.write_text(text, encoding="utf-8")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "efd"], env=self.environment, capture_output=True,
                               text=True, check=True).stdout.split()  # fmt: skip
        target = source.with_suffix(source.suffix + ".program")
        self.run(self.compilers[language], STANDARD[language], "-Wall", "-Wextra", "-Werror", source, *flags, "-pthread",
                 "-o", target)  # fmt: skip
        self.run(target)

    def project(self, name, text):
        self.projects += 1
        place = self.work / f"project-{self.projects}"
        place.mkdir()
        (place / name).write_text(text, encoding="utf-8")
        shutil.copy(self.work / "hello.cpp", place)
        (place / "efd").symlink_to(self.repository)
        self.run("cmake", "-S", place, "-B", place / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}",
                 f"-DCMAKE_CXX_COMPILER={self.compilers['cpp']}")  # fmt: skip
        self.run("cmake", "--build", place / "build", "-j", "2")
        self.run(place / "build" / "hello")

    def block(self, language, name, text):
        if language in STANDARD and name:
            self.program(language, name, text)
        elif language == "cmake" and name:
            self.project(name, text)
        elif language == "sh":
            program = text.split()[0]
            if shutil.which(program, path=self.environment["PATH"]) is None and os.environ.get("CI") != "true":
                print(f"skipped, for want of {program}: {text}")
                return
            self.run("sh", "-euxc", text)
        else:
            raise SystemExit(f"README.md: nobody can try a block ```{language} {name}")


def main(repository, work, prefix, libdir, cc, cxx):
    text = (Path(repository) / "README.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    fences = sum(line.startswith("```") for line in text.splitlines())
    if len(blocks) < FEWEST_BLOCKS or fences != 2 * len(blocks):
        raise SystemExit(f"README.md has {len(blocks)} blocks and {fences} fences: not what this test can read")
    readme = Readme(Path(repository).resolve(), Path(work).resolve(), Path(prefix), Path(libdir),
                    {"c": cc, "cpp": cxx})  # fmt: skip
    for language, name, body in blocks:
        readme.block(language, name.strip(), body)
    print(f"{len(blocks)} blocks of README.md compiled or run")


if __name__ == "__main__":
    main(*sys.argv[1:])
