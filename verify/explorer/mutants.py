#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mutants of what the explorer compiles: each is one deliberate mistake, and the explorer must find every one.

    mutants.py --objects DIRECTORY --work DIRECTORY [--all] [--only NAME,NAME] [--compiler g++] [--jobs N]
               [--seconds N [--seed S]]

The mutants stand in mutants/*.txt, whose form mutation.py describes. The change is made in a copy; what it touches is
compiled and linked with the explorer's other objects. A mutant is killed if the explorer reports a
failure in one of its configurations; a mutant that does not compile, hangs or is found to hold is a failure here.
With --seconds no further mutant is begun after that time, and the order is shuffled by a seed, which is printed, so that
runs that are cut short try all of them in the end. The last line is for `make proof`. Exit status 0 if all that were
tried were killed.
"""

import argparse
import concurrent.futures
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "support"))
import mutation
import processes
from mutation import ROOT

FLAGS = [
    "-std=c++20", "-O1", "-w", "-fno-stack-protector", "-fcf-protection=none", "-ftrivial-auto-var-init=zero",
    '-DEFD_ATOMIC_MODEL="explorer/model_atomic.hpp"', "-DEFD_CHECKS=1",
]  # fmt: skip
SECONDS_MOST = 240


def call(command, seconds=SECONDS_MOST):
    try:
        done = processes.run(command, seconds)
    except subprocess.TimeoutExpired:
        return None, f"not finished after {seconds} s"
    return done.returncode, done.stdout + done.stderr


def source_of(compiled):
    """The source of an object below CMake's folder of a target, where `__` stands for the directory above. A tree that
    was built before a source was renamed still holds the object of the old one."""
    steps = [".." if part == "__" else part for part in compiled.parts]
    return HERE.joinpath(*steps).with_suffix("")


class Workshop:
    def __init__(self, options):
        self.compiler = options.compiler
        self.work = Path(options.work)
        self.tree = mutation.Tree.of_repository()
        self.objects = {}
        for room in ("explore_core.dir", "explore.dir"):
            for path in sorted((Path(options.objects) / "CMakeFiles" / room).rglob("*.o")):
                if source_of(path.relative_to(Path(options.objects) / "CMakeFiles" / room)).exists():
                    self.objects[path.name.removesuffix(".o")] = path
        if "context.cpp" not in self.objects or "search.cpp" not in self.objects:
            sys.exit(f"no objects of the explorer below {options.objects}")

    def sources_of(self, texts):
        """What must be compiled again: the changed sources; for a header everything that could include it."""
        if all(name.endswith(".cpp") for name in texts):
            return list(texts)
        if all(name.startswith("src/dropin/") for name in texts):
            rule = "src/dropin/rules/cached_count.cpp"
            worlds = ("verify/explorer/cached_kernel.cpp", "verify/explorer/cached_world.cpp")
            return sorted({*(n for n in texts if n.endswith(".cpp")), rule, *worlds})
        rooms = [p for room in ("core", "file", "watch") for p in sorted((ROOT / "src" / room).glob("*.cpp"))]
        rooms += [ROOT / "src" / "share" / name for name in ("orphans.cpp", "slots.cpp")]
        core = [p.relative_to(ROOT).as_posix() for p in rooms if p.name in self.objects]
        explorer = [p.relative_to(ROOT).as_posix() for p in sorted(HERE.glob("*.cpp"))]
        return core + [p for p in explorer if "scenarios" in p or p.endswith("world.cpp")]

    def build(self, mutant):
        place = self.work / mutant["name"]
        shutil.rmtree(place, ignore_errors=True)
        texts = mutation.changed_files(self.tree, mutant)
        for name, text in texts.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        includes = [f"-I{HERE / 'std'}", f"-I{place / 'include'}", f"-I{place / 'src'}", f"-I{ROOT / 'include'}",
                    f"-I{ROOT / 'src'}", f"-I{ROOT / 'verify'}", f"-I{ROOT / 'tests'}"]  # fmt: skip
        objects = dict(self.objects)
        for name in self.sources_of(texts):
            source = place / name if name in texts else ROOT / name
            target = place / (Path(name).name + ".o")
            status, output = call([self.compiler, *FLAGS, *includes, "-c", str(source), "-o", str(target)])
            if status != 0:
                return None, "does not compile: " + first_line(output, "error")
            objects[Path(name).name] = target
        status, output = call([self.compiler, *map(str, objects.values()), "-o", str(place / "explore")])
        return (place / "explore", "") if status == 0 else (None, "does not link: " + first_line(output, "error"))

    def try_one(self, mutant):
        begin = time.monotonic()
        try:
            program, trouble = self.build(mutant)
        except ValueError as stale:
            program, trouble = None, str(stale)
        if program is None:
            return False, trouble, time.monotonic() - begin
        status, output = call([str(program), "--brief", "--only", mutant["scenarios"]])
        shutil.rmtree(program.parent, ignore_errors=True)
        failed = re.search(r"^FAILED (.*)", output, re.MULTILINE)
        if status == 1 and failed:
            return True, failed[1], time.monotonic() - begin
        return False, "SURVIVED" if status == 0 else f"undecided: {output.strip()[-200:]}", time.monotonic() - begin


def first_line(output, word):
    return next((line for line in output.splitlines() if word in line), output[:200])


def read_options():
    parser = argparse.ArgumentParser(description="every mutant must be found by the explorer")
    parser.add_argument("--objects", required=True, help="the build directory of the explorer")
    parser.add_argument("--work", required=True, help="a directory for the copies")
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--only", default="", help="names, with commas between")
    parser.add_argument("--all", action="store_true", help="also those that the short form leaves out")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=None, help="begin no mutant after that time")
    parser.add_argument("--seed", type=int, default=None, help="of the order, with --seconds")
    return parser.parse_args()


def main():
    options = read_options()
    mutants = mutation.read_all()
    names = set(filter(None, options.only.split(",")))
    chosen = [m for m in mutants if (m["name"] in names if names else options.all or m["short"])]
    if options.seconds is not None:
        seed = random.randrange(2**32) if options.seed is None else options.seed
        print(f"the order of seed {seed}")
        random.Random(seed).shuffle(chosen)
    end = None if options.seconds is None else time.monotonic() + options.seconds
    workshop = Workshop(options)

    def try_in_time(mutant):
        return None if end is not None and time.monotonic() > end else workshop.try_one(mutant)

    killed = tried = 0
    pairs = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for mutant, outcome in zip(chosen, pool.map(try_in_time, chosen), strict=True):
            if outcome is None:
                continue
            dead, how, seconds = outcome
            tried += 1
            killed += dead
            pairs.setdefault(mutant["pair"], []).append(dead)
            print(f"{mutant['pair']:<15} {mutant['name']:<32} {'killed' if dead else 'ALIVE':<7} {seconds:5.1f} s  {how}",
                  flush=True)  # fmt: skip
    broken = sum(all(dead) for dead in pairs.values())
    print(f"pairs {len(pairs)}, each with a mutant that is found: {broken}; mutants killed {killed} of {tried}")
    alive = tried - killed if tried else 1
    reached = f"{tried} of {len(chosen)} mutants, of {len(pairs)} pairs; pairs with a mutant that is found: {broken}"
    print(f"PROOF | mutants | {reached} | {killed}/{tried} | {alive}")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
