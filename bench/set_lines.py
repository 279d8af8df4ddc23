#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What one cycle of a set touches: write one random member, wait, take. Counted by valgrind's lackey, so the same on a
busy machine and on an idle one.

    set_lines.py EFD-SET-CYCLE [--members N,N,...] [--json]

For each cycle, as medians: instructions; locked steps; cache lines and pages of data; and of these the cold ones, which
no earlier cycle has touched within the last 8: what misses the caches where members are many. The order in which cold lines are touched first
tells what depends on what: a signaller learns from the object's line who watches it.
Exit status 77 if valgrind or objdump is missing.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys

CYCLES = 40
WARM_UP = 20
REMEMBERED = 8
INSTRUCTION = re.compile(r"\s*([0-9a-f]+):\t(.*)")
LOCKED = re.compile(r"\block\b|\bxchg\b.*\(")


def locked_instructions(program):
    shown = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], capture_output=True, text=True, check=True)
    found = (INSTRUCTION.match(line) for line in shown.stdout.splitlines())
    return {int(one[1], 16) for one in found if one and LOCKED.search(one[2])}


class Cycle:
    def __init__(self):
        self.instructions = 0
        self.locked = 0
        self.lines = set()


def trace(program, members):
    """The cycles, each with what it touched."""
    locked = locked_instructions(program)
    command = ["valgrind", "--tool=lackey", "--trace-mem=yes", "--log-fd=1", program, str(members), str(CYCLES)]
    cycles = []
    marker = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        for text in run.stdout:
            if text.startswith("0x"):
                marker = int(text, 16)
                continue
            kind, _, rest = text.strip().partition(" ")
            if marker is None or kind not in ("I", "L", "S", "M"):
                continue
            address = int(rest.strip().split(",")[0], 16)
            if kind == "S" and address == marker:
                cycles.append(Cycle())
            elif cycles and kind == "I":
                cycles[-1].instructions += 1
                cycles[-1].locked += address in locked
            elif cycles:
                cycles[-1].lines.add(address >> 6)
    if run.returncode != 0:
        sys.exit(f"set_lines.py: {program} ended with {run.returncode} under valgrind")
    return cycles[:CYCLES]


def figures_of(cycles):
    """The median of each figure over the cycles behind the first ones."""
    rows = []
    for at in range(WARM_UP, len(cycles)):
        one = cycles[at]
        before = set().union(*(cycles[i].lines for i in range(at - REMEMBERED, at)))
        pages = {line >> 6 for line in one.lines}
        cold = one.lines - before
        cold_pages = pages - {line >> 6 for line in before}
        rows.append((one.instructions, one.locked, len(one.lines), len(cold), len(pages), len(cold_pages)))
    return dict(zip(("instructions", "locked", "lines", "cold_lines", "pages", "cold_pages"), map(statistics.median, zip(*rows))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--members", default="1,1024,40000")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for tool in ("valgrind", "objdump"):
        if shutil.which(tool) is None:
            print(f"set_lines.py: {tool} is missing; install it (Debian: valgrind, binutils)", file=sys.stderr)
            return 77
    table = {members: figures_of(trace(options.program, members)) for members in map(int, options.members.split(","))}
    if options.json:
        print(json.dumps(table, indent=2))
        return 0
    print(f"{'members':>9} {'instructions':>13} {'locked':>7} {'lines':>6} {'cold':>5} {'pages':>6} {'cold':>5}")
    for members, row in table.items():
        print(
            f"{members:>9} {row['instructions']:>13.0f} {row['locked']:>7.0f} {row['lines']:>6.0f}"
            f" {row['cold_lines']:>5.0f} {row['pages']:>6.0f} {row['cold_pages']:>5.0f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
