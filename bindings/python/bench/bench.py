# SPDX-License-Identifier: MIT
"""bindings/python/bench/bench.py: calls of the package `efd` beside os.eventfd and what Python's own library has.

    bench.py [--short] [--rounds N] [--rows REGEX] [--list] [--json] [--patience SECONDS]

Each round measures every subject of a row once, in rotating order, so that a change of the machine's speed meets all of
them. The JSON is that of `efd bench --json`, so `efd bench --compare` and `--report DIR --from FILE` read it. A measurement
that takes longer than the patience ends the program with a traceback. One thread measures; no other program should run.
"""

import argparse
import contextlib
import faulthandler
import json
import os
import platform
import re
import statistics
import sys
import textwrap
import time

import efd

from rows import all_rows, processors

COLUMNS = 80
BOLD, GREEN, RED = 1, 32, 31


# ---- Measuring.


def ns_per_run(subject, budget_ns):
    """Runs it in pieces that grow until the time is over; nanoseconds for one."""
    times, done, piece = 0, 0, 1
    start = time.perf_counter_ns()
    while done < budget_ns:
        subject.run(piece)
        times += piece
        done = time.perf_counter_ns() - start
        piece = min(piece * 2, max(1, int(times * (budget_ns - done) / max(done, 1))), 100_000)
    return done / times


def measure(what, rounds, budget_ns, patience):
    """The values of each subject, one for each round."""
    values = {name: [] for name in what.subjects}
    with contextlib.ExitStack() as stack:
        made = {}
        for name, make in what.subjects.items():
            made[name] = make()
            stack.callback(made[name].close)
        names = list(made)
        for number in range(rounds):
            for name in names[number % len(names) :] + names[: number % len(names)]:
                faulthandler.dump_traceback_later(patience, exit=True)
                values[name].append(ns_per_run(made[name], budget_ns))
        faulthandler.dump_traceback_later(patience, exit=True)
    faulthandler.cancel_dump_traceback_later()
    return values


def spread_of(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def result_of(what, values):
    """As a row of `efd bench --json`."""
    subjects = {name: spread_of(of) for name, of in values.items()}
    peers = [name for name in subjects if name not in ("kernel", "efd", "efd_arena")]
    return {
        "name": what.name,
        "title": what.title,
        "unit": "ns",
        "subjects": subjects,
        "rounds": len(values["efd"]),
        "kernel_over_efd": spread_of([kernel / own for kernel, own in zip(values["kernel"], values["efd"])]),
        "best_peer": min(peers, key=lambda name: subjects[name]["median"]),
        "gates": [],
        **({"note": what.note} if what.note else {}),
        **({"loss": what.loss} if what.loss else {}),
    }


def report_of(results):
    load = os.getloadavg()[0]
    models = re.findall(r"(?m)^model name\s*: (.*)$", open("/proc/cpuinfo", encoding="utf-8").read())
    return {
        "version": efd.__version__,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": {
            "architecture": platform.machine(),
            "processor": models[0] if models else "",
            "processors": len(processors()),
        },
        "load": load,
        "busy": load > len(processors()),
        "rows": results,
    }


# ---- What is printed.


def painted(text, colour, is_coloured):
    return f"\x1b[{colour}m{text}\x1b[0m" if is_coloured else text


def wrapped(text, indent, first=0):
    return textwrap.fill(text, COLUMNS - 1, initial_indent=" " * first, subsequent_indent=" " * indent, break_on_hyphens=False)


def opening(report):
    here = report["machine"]
    text = f"efd {report['version']}, Python {report['python']}, Linux {report['kernel']}, {here['architecture']}, "
    text += f"load {report['load']:.1f} on {here['processors']} processor{'s' * (here['processors'] != 1)}"
    lines = wrapped(text + (f", {here['processor']}" if here["processor"] else ""), 2) + "\n"
    if report["busy"]:
        caution = "Caution: the load is above the number of processors. Other programs take part in every number below."
        lines += wrapped(caution, 0) + "\n"
    return lines


def text_of(result, is_coloured):
    first = wrapped(f"{result['name']}: {result['title']}; {result['unit']}, {result['rounds']} rounds", 4)
    lines = [painted(result["name"], BOLD, is_coloured) + first.removeprefix(result["name"])]
    if "note" in result:
        lines.append(wrapped(result["note"], 4, first=4))
    for name, of in result["subjects"].items():
        lines.append(f"    {name:<20} {of['median']:>12.1f}   ({of['min']:.1f} to {of['max']:.1f})")
    of = result["kernel_over_efd"]
    line = f"    {'kernel / efd':<20} {of['median']:>12.2f}   ({of['min']:.2f} to {of['max']:.2f})"
    lines.append(painted(line, GREEN if of["median"] >= 1 else RED, is_coloured))
    return "\n".join(lines) + "\n"


def losses_of(result):
    """Where the kernel's or another is faster, in a line; or nothing."""
    own = result["subjects"]["efd"]["median"]
    faster = [f"{name} {own / of['median']:.2f}x as fast" for name, of in result["subjects"].items()
              if name not in ("efd", "efd_arena") and own / of["median"] >= 1.005]
    if not faster:
        return ""
    why = f". {result['loss']}" if "loss" in result else ""
    return wrapped(f"{result['name']}: {', '.join(faster)}{why}.", 4, first=2) + "\n"


def closing(results):
    lost = "".join(map(losses_of, results))
    text = "Each number is the median of the rounds, with the least and the greatest; less is better.\n"
    return wrapped(text, 0) + "\n" + (f"Where efd loses, and why:\n{lost}" if lost else "efd loses nowhere.\n")


def options(words):
    given = argparse.ArgumentParser(description="measures the package efd beside os.eventfd, multiprocessing and threading")
    given.add_argument("--short", action="store_true", help="fewer, shorter rounds: some 10 seconds, not a minute")
    given.add_argument("--rounds", type=int, help="how often each subject is measured")
    given.add_argument("--rows", type=re.compile, default=re.compile(""), help="only rows whose name has a match")
    given.add_argument("--list", action="store_true", help="names the rows and measures nothing")
    given.add_argument("--json", action="store_true", help="one object, as of efd bench --json")
    given.add_argument("--patience", type=float, default=60, help="seconds after which one measurement is given up")
    chosen = given.parse_args(words)
    if chosen.rounds is not None and chosen.rounds < 1:
        given.error("--rounds takes a number from 1 on")
    return chosen


def main(words):
    chosen = options(words)
    rows = [one for one in all_rows() if one.title and chosen.rows.search(one.name)]
    if not rows:
        sys.exit("no row has such a name; --list names them all")
    if chosen.list:
        print("\n".join(f"{one.name:<24} {one.title}" for one in rows))
        return
    is_coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    report = report_of([])
    if not chosen.json:
        print(opening(report))
    for one in rows:
        rounds = chosen.rounds or (5 if chosen.short else 15)
        budget_ns = 20_000_000 if chosen.short else 100_000_000
        report["rows"].append(result_of(one, measure(one, rounds, budget_ns, chosen.patience)))
        if not chosen.json:
            print(text_of(report["rows"][-1], is_coloured), flush=True)
    print(json.dumps(report, indent=2) if chosen.json else closing(report["rows"]), end="\n" if chosen.json else "")


if __name__ == "__main__":
    main(sys.argv[1:])
