# SPDX-License-Identifier: MIT
"""tests/dropin/programs/programs.py: real programs, as they are and under `efd run`.

    programs.py --efd EFD [--loads DIRECTORY] [--only NAME]... [--profile P] [--list] [--install] [--json]
        Each program with a small load, without and with: the same output, the same exit status, in bounded time, with
        as many descriptors open. Status 0: all the same; 1: one differs; 77: nothing that was asked for is installed.
    programs.py --efd EFD [--loads DIRECTORY] --time [--rounds N] [--only NAME]... [--json]
        Larger loads, without and with in turn: medians with least and most, and one run with a report. Never a test.

LOADS is where CMake has built the programs of this directory. What is compared is standard output without its times,
process numbers and random seeds (`said` of each program tells); the programs of this directory print how many
descriptors they have open at their end, for a server its worker is counted before and after the load.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import catalogue
import processes

SKIPPED = 77
BOUND_SECONDS = 240
HERE = pathlib.Path(__file__).resolve().parent


class Failed(Exception):
    """A program hung, or did not do what it does alone."""


class Runner:
    """One run of one program: `words` as they are, or behind `efd run`, with a report of each if there is `reports`."""

    def __init__(self, options, place, big, under, reports):
        self.loads = options.loads
        self.place = place
        self.big = big
        self.prefix = [options.efd, "run", "--profile", options.profile] if under else []
        self.reports = reports
        self.seconds = 0.0

    def before(self, words):
        """`words` with what stands before them."""
        if not self.prefix:
            return words
        if self.reports is None:
            return [*self.prefix, "--", *words]
        path = os.path.join(self.reports, f"{len(os.listdir(self.reports))}.json")
        pathlib.Path(path).touch()
        return [*self.prefix, "--report=json", "--report-file", path, "--", *words]

    def own(self, name):
        return os.path.join(self.loads, name)

    def start(self, words, **more):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("EFD_") and k != "LD_PRELOAD"}
        return processes.start(self.before(words), cwd=self.place, env={**clean, "LC_ALL": "C.UTF-8"},
                               stdin=subprocess.DEVNULL, **more)

    def run(self, *words):
        """Exit status and standard output; its errors are kept in a file."""
        with open(os.path.join(self.place, "errors"), "w+", encoding="utf-8", errors="replace") as errors:
            begun = time.monotonic()
            process = self.start(words, stdout=subprocess.PIPE, stderr=errors)
            try:
                ended = processes.finish(process, BOUND_SECONDS)
            except subprocess.TimeoutExpired:
                raise Failed(f"{words[0]}: no end within {BOUND_SECONDS} s") from None
            self.seconds += time.monotonic() - begun
            processes.stop(process)
        return f"status {ended.returncode}\n{ended.stdout}"


def once(program, options, big, under, reports=None):
    """What it said, and its seconds."""
    with tempfile.TemporaryDirectory(prefix="efd-program-") as place:
        runner = Runner(options, place, big, under, reports)
        said = program.run(runner)
        return said, runner.seconds


def reported(program, options, big):
    """What it said, and the reports of all its runs as one."""
    with tempfile.TemporaryDirectory(prefix="efd-report-") as place:
        said, _ = once(program, options, big, True, place)
        each = [json.loads(path.read_text(encoding="utf-8")) for path in pathlib.Path(place).iterdir()]
    report = {key: sum(one[key] for one in each) for key in ("writes", "reads", "saved", "processes")}
    report |= {key: [line for one in each for line in one[key]] for key in ("each", "demoted")}
    return said, report


def outcome_of(report):
    """Promoted, or why not."""
    reasons = [f"demoted: {one}" for one in sorted({one["reason"] for one in report["demoted"]})]
    promoted = sum(one["promoted"] for one in report["each"])
    if not report["each"]:
        return "makes no eventfd"
    parts = [f"{promoted} of {len(report['each'])} promoted"] if promoted else []
    parts += reasons
    if not parts:
        parts = ["too little evidence" if report["reads"] else "never read"]
    return "; ".join(parts)


def check(program, options):
    plain, _ = once(program, options, False, False)
    if not plain.startswith(program.begins):
        raise Failed(f"alone it says:\n{plain}")
    said, report = reported(program, options, False)
    if said != plain:
        raise Failed(f"without:\n{plain}\nwith:\n{said}")
    if report["processes"] == 0:
        raise Failed("no process has loaded the drop-in")
    if not any(program.why in one["reason"] for one in report["demoted"]) and program.why:
        raise Failed(f"must be demoted for '{program.why}': {report['demoted']}")
    return {"name": program.name, "saved": report["saved"], "writes": report["writes"], "reads": report["reads"],
            "outcome": outcome_of(report)}


def spread(seconds):
    return {"median": statistics.median(seconds), "min": min(seconds), "max": max(seconds)}


def measure(program, options):
    once(program, options, True, False)  # warm
    seconds = {False: [], True: []}
    for i in range(options.rounds):
        for under in (False, True) if i % 2 == 0 else (True, False):
            seconds[under].append(once(program, options, True, under)[1])
        print(f"{program.name}: {i + 1}/{options.rounds}", file=sys.stderr)
    _, report = reported(program, options, True)
    plain, with_it = spread(seconds[False]), spread(seconds[True])
    return {"name": program.name, "plain": plain, "with": with_it, "ratio": with_it["median"] / plain["median"],
            "saved": report["saved"], "writes": report["writes"], "reads": report["reads"],
            "outcome": outcome_of(report)}


def in_ms(one):
    return f"{one['median'] * 1e3:.0f} ({one['min'] * 1e3:.0f}-{one['max'] * 1e3:.0f})"


def row_of(row):
    return (f"| {row['name']} | {row['writes']} / {row['reads']} | {row['saved']} | {in_ms(row['plain'])} | "
            f"{in_ms(row['with'])} | {row['ratio']:.2f} | {row['outcome']} |")


HEADING = """| program | writes / reads | calls saved | ms without | ms with | ratio | what became of its eventfds |
|---|---|---|---|---|---|---|"""


def chosen_programs(options):
    known = {program.name: program for program in catalogue.PROGRAMS}
    for name in options.only:
        if name not in known:
            sys.exit(f"programs: no program '{name}'; --list names them")
    return [known[name] for name in options.only or known]


def install():
    setup = HERE.parents[2] / "scripts" / "setup"
    subprocess.run([str(setup), "dropin"], check=True, stdout=sys.stderr)


def perform(program, options):
    """One program's row, printed; None if it failed."""
    try:
        row = (measure if options.time else check)(program, options)
    except Failed as why:
        print(f"{program.name}: FAILED: {why}", flush=True)
        return None
    if options.time:
        print(row_of(row), flush=True)
    elif not options.json:
        print(f"{program.name}: the same; {row['saved']} of {row['writes'] + row['reads']} calls saved; "
              f"{row['outcome']}", flush=True)
    return row


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--efd", default="efd")
    parser.add_argument("--loads", default="")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--profile", default="default", choices=("strict", "default", "eager"))
    parser.add_argument("--rounds", type=int, default=9)
    for flag in "list", "install", "time", "json":
        parser.add_argument(f"--{flag}", action="store_true")
    options = parser.parse_args()
    options.efd = shutil.which(options.efd) or sys.exit(f"programs: no command '{options.efd}'; say --efd")
    options.efd = os.path.abspath(options.efd)
    options.loads = os.path.abspath(options.loads) if options.loads else str(HERE)
    return options


def main():
    options = arguments()
    if options.list:
        for program in catalogue.PROGRAMS:
            print(f"{program.name:<20} {program.missing(options.loads) or 'installed'}")
        return 0
    if options.install or os.environ.get("EFD_DROPIN_PROGRAMS") == "install":
        install()
    rows, there = [], 0
    if options.time:
        print(HEADING)
    for program in chosen_programs(options):
        if missing := program.missing(options.loads):
            print(f"{program.name}: skipped: {missing}", file=sys.stderr)
            continue
        there += 1
        rows.append(perform(program, options))
    if options.json:
        print(json.dumps([row for row in rows if row], indent=2))
    if there == 0:
        return SKIPPED
    return 1 if None in rows else 0


if __name__ == "__main__":
    sys.exit(main())
