# SPDX-License-Identifier: MIT
"""tests/dropin/programs/catalogue.py: which programs, with which load, and what of their output is compared.
"""

import hashlib
import os
import pathlib
import re
import shutil
import sys
from dataclasses import dataclass
from typing import Callable

import web_server

HERE = pathlib.Path(__file__).resolve().parent
GLIB_TESTS = "/usr/libexec/installed-tests/glib"
IMAGE_BYTES = 32 << 20


@dataclass
class Program:
    name: str
    run: Callable  # of a Runner; gives what is compared
    needs: tuple = ()  # commands and paths
    loads: tuple = ()  # programs of this directory
    begins: str = "status 0\n"
    why: str = ""  # it must be demoted, and for this

    def missing(self, loads):
        """What is not there, or nothing."""
        absent = [one for one in self.needs if shutil.which(one) is None and not os.path.exists(one)]
        absent += [one for one in self.loads if not os.path.exists(os.path.join(loads, one))]
        return f"no {', '.join(absent)}; see scripts/setup dropin" if absent else ""


PROGRAMS = []


def program(name, **more):
    def keep(function):
        PROGRAMS.append(Program(name, function, **more))
        return function

    return keep


def qemu_bench(way, cache):
    def run(runner):
        image = os.path.join(runner.place, "image")
        pathlib.Path(image).write_bytes(bytes(IMAGE_BYTES))
        number = 100_000 if runner.big else 5_000
        said = runner.run("qemu-img", "bench", "-f", "raw", "-t", cache, "-i", way, "-c", str(number), "-d", "32",
                          "-s", "4096", image)
        return re.sub(r"completed in [0-9.]+ seconds", "completed", said)

    return run


for way, cache in (("io_uring", "writeback"), ("io_uring", "none"), ("threads", "writeback"), ("native", "none")):
    program(f"qemu-img-{way}" + ("-direct" if cache == "none" and way != "native" else ""),
            needs=("qemu-img",))(qemu_bench(way, cache))


def results_of(tap):
    """The lines that say ok, not ok, or how many there are; with the status of the program."""
    return "".join(line + "\n" for line in tap.splitlines() if re.match(r"status|ok|not ok|1\.\.", line))


@program("glib-tests", needs=(GLIB_TESTS,))
def glib_tests(runner):
    names = ["contexts", "pollable", "asyncqueue", "thread-pool", "socket-service", "gdbus-connection", "cancellable"]
    if runner.big:
        names = ["contexts", "task", "gdbus-connection"]
    return "".join(results_of(runner.run(os.path.join(GLIB_TESTS, name), "--tap")) for name in names
                   if os.path.exists(os.path.join(GLIB_TESTS, name)))


@program("glib-idle-add", loads=("idle_load",))
def glib_idle_add(runner):
    return runner.run(runner.own("idle_load"), "1000000" if runner.big else "20000")


@program("libevent", loads=("libevent_load",))
def libevent(runner):
    return runner.run(runner.own("libevent_load"), "30000" if runner.big else "2000")


@program("asio", loads=("asio_load",), why="EPOLLET")
def asio(runner):
    return runner.run(runner.own("asio_load"), "30000" if runner.big else "2000")


@program("nginx", needs=("nginx",), why="EPOLLET")
def nginx(runner):
    return web_server.serve(runner, 400 if runner.big else 24)


@program("node", needs=("node",))
def node(runner):
    return runner.run("node", str(HERE / "node_load.js"), "20000" if runner.big else "500")


@program("python", needs=(sys.executable,))
def python(runner):
    return runner.run(sys.executable, "-B", str(HERE / "python_load.py"), "200000" if runner.big else "5000")


@program("stress-ng", needs=("stress-ng",))
def stress_ng(runner):
    said = runner.run("stress-ng", "--eventfd", "2", "--eventfd-ops", "200000" if runner.big else "20000", "--verify")
    return re.sub(r"\[\d+\]|in [0-9.]+s", "", said)


@program("bash", needs=("bash", "awk", "sort", "sha256sum"))
def bash(runner):
    return runner.run("bash", str(HERE / "shell_work.sh"), "12" if runner.big else "1")


@program("bash-starts", needs=("bash", "seq", "sort"))
def bash_starts(runner):
    """Nothing but processes that begin and end: what a preloaded library costs at its worst."""
    return runner.run("bash", str(HERE / "shell_load.sh"), "400" if runner.big else "20")


@program("make", needs=("make", "cc"))
def make(runner):
    number = 24 if runner.big else 3
    for i in range(number):
        pathlib.Path(runner.place, f"part{i}.c").write_text(
            f"#include <math.h>\n#include <stdio.h>\n#include <stdlib.h>\ndouble part{i}(double x) "
            f"{{ return x < 1 ? {i} : part{i}(x / 2) + x; }}\n", encoding="utf-8")
    calls = " + ".join(f"part{i}({i})" for i in range(number))
    names = "".join(f"double part{i}(double);\n" for i in range(number))
    pathlib.Path(runner.place, "main.c").write_text(
        f'#include <stdio.h>\n{names}int main(void) {{ printf("%.3f\\n", {calls}); }}\n', encoding="utf-8")
    objects = " ".join(f"part{i}.o" for i in range(number))
    pathlib.Path(runner.place, "Makefile").write_text(
        f"all: program\n\t@./program\nprogram: main.o {objects}\n\t@cc -o $@ $^ -lm\n%.o: %.c\n\t@cc -O2 -c $< -o $@\n",
        encoding="utf-8")
    return runner.run("make", "-s", "-j2", "all")


@program("make-starts", needs=("make", "sh"))
def make_starts(runner):
    """Recipes that do nothing: again what starts cost."""
    number = 300 if runner.big else 20
    rules = "\n".join(f"{i}:\n\t@echo $$(($@ * $@)) > $@" for i in range(number))
    names = " ".join(str(i) for i in range(number))
    pathlib.Path(runner.place, "Makefile").write_text(f"all: {names}\n\t@cat $^ | cksum\n{rules}\n", encoding="utf-8")
    return runner.run("make", "-s", "-j2", "all")


@program("compiler", needs=("g++",))
def compiler(runner):
    """Eight, or one, translation units; the objects must be the same to the byte."""
    said = ""
    for i in range(8 if runner.big else 1):
        source = pathlib.Path(runner.place, f"unit{i}.cpp")
        source.write_text(f"#include <map>\n#include <string>\nstd::map<int, std::string> all{i};\n", encoding="utf-8")
        said += runner.run("g++", "-O1", "-c", source.name, "-o", f"unit{i}.o")
        said += hashlib.sha256(pathlib.Path(runner.place, f"unit{i}.o").read_bytes()).hexdigest()
    return said
