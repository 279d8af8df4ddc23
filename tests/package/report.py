# SPDX-License-Identifier: MIT
"""tests/package/report.py: an installed efd draws the page of `efd bench --report`, from results and from a short run, and
leaves no file in its prefix.

    report.py PREFIX RESULTS

RESULTS is one of `efd bench --json`. Without matplotlib the test is skipped (exit status 77), as bench.page_look is, which
looks at the page in a browser.
"""

import html
import json
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes

SKIPPED = 77
BOUND_SECONDS = 300


def files_of(prefix):
    return sorted(str(one) for one in prefix.rglob("*"))


def has_matplotlib():
    """One of the two that efd asks; here it is not asked by efd, which would also miss a file of its own."""
    pythons = [one for one in (shutil.which("python3"), "/usr/bin/python3") if one and pathlib.Path(one).exists()]
    return any(processes.run([one, "-c", "import matplotlib"], BOUND_SECONDS).returncode == 0 for one in pythons)


def expect_page(place, rows):
    page = html.unescape((place / "index.html").read_text(encoding="utf-8"))
    missing = [row["name"] for row in rows if row["title"] not in page]
    assert rows and not missing, f"the page lacks {missing}"
    for picture in "ratios.svg", "ratios-dark.png":
        assert (place / picture).stat().st_size > 1000, picture


def main(prefix, results):
    efd, before = str(prefix / "bin" / "efd"), files_of(prefix)
    with tempfile.TemporaryDirectory() as directory:
        drawn, measured = pathlib.Path(directory, "drawn"), pathlib.Path(directory, "measured")
        if not has_matplotlib():
            print("skipped: there is no python3-matplotlib; scripts/setup report installs it")
            return SKIPPED
        said = processes.run([efd, "bench", "--report", str(drawn), "--from", str(results)], BOUND_SECONDS)
        assert said.returncode == 0, said.stderr
        expect_page(drawn, json.loads(results.read_bytes())["rows"])
        words = ["--short", "--rounds", "1", "--rows", "^(signal_idle|signal_take|set_one_of_16)$"]
        said = processes.run([efd, "bench", "--report", str(measured), *words], BOUND_SECONDS)
        assert said.returncode == 0, said.stderr
        rows = json.loads((measured / "bench.json").read_bytes())["rows"]
        assert {"signal_idle", "signal_take"} <= {row["name"] for row in rows}, rows
        expect_page(measured, rows)
    assert files_of(prefix) == before, set(files_of(prefix)) ^ set(before)
    return 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
