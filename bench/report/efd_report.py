#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""efd_report.py: draws the results of `efd bench --json` as a page, index.html, with its pictures and the JSON beside it.

    efd_report.py -- RESULTS.json DIRECTORY     `efd bench --report` runs it so
    efd_report.py --check                       status 4 if what it draws with is missing

The page needs nothing but itself: no script, no font and no picture from elsewhere. The same results give the same page.
Needs python3-matplotlib of Debian (in the sources: scripts/setup figure).
"""

import importlib
import sys
from pathlib import Path

import measured
import page

WITHOUT_MATPLOTLIB = 4
ADVICE = "efd_report: matplotlib is missing; as root: apt-get install python3-matplotlib"


def drawings():
    """The module that draws, or None without matplotlib. A file of our own that is missing is another error."""
    try:
        importlib.import_module("matplotlib")
    except ImportError:
        return None
    return importlib.import_module("drawing")


def write(place, content):
    if isinstance(content, str):
        content = content.encode()
    place.write_bytes(content)


def report(results, directory):
    draw = drawings()
    if draw is None:
        print(ADVICE, file=sys.stderr)
        return WITHOUT_MATPLOTLIB
    raw = results.read_bytes()
    read = measured.read(raw)
    directory.mkdir(parents=True, exist_ok=True)
    pictures = draw.pictures(read)
    for picture in pictures:
        for name, content in picture.files.items():
            write(directory / name, content)
    if results.resolve() != (directory / "bench.json").resolve():
        write(directory / "bench.json", raw)
    write(directory / "index.html", page.page(read, pictures))
    return 0


def main(arguments):
    if arguments == ["--check"]:
        return 0 if drawings() else WITHOUT_MATPLOTLIB
    if len(arguments) != 3 or arguments[0] != "--":
        print(__doc__, file=sys.stderr)
        return 2
    results, directory = Path(arguments[1]), Path(arguments[2])
    try:
        return report(results, directory)
    except measured.Refused as why:
        print(f"efd_report: {results} is no result of `efd bench --json`: {why}", file=sys.stderr)
    except OSError as why:
        print(f"efd_report: {why.filename}: {why.strerror}", file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
