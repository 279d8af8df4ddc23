# SPDX-License-Identifier: MIT
"""What bench/bench.py prints: every row, in 80 columns, and the JSON of `efd bench`. It judges no time."""

import json
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "tests" / "support"))
import processes
import terminal

BENCH = [sys.executable, "-B", str(HERE.parent / "bench" / "bench.py")]
ROWS = {
    "py_signal_idle",
    "py_write_read",
    "py_pingpong_threads",
    "py_pingpong_same_core",
    "py_pingpong_two_cores",
    "py_asyncio_thread",
    "py_asyncio_process",
}
BOUND = 120
ONE_ROUND = ("--short", "--rounds", "1")


def bench(*words):
    return processes.run([*BENCH, *words], BOUND)


def rows_here():
    return ROWS if len(os.sched_getaffinity(0)) > 1 else ROWS - {"py_pingpong_two_cores"}


def test_the_json_is_that_of_efd_bench():
    said = bench("--json", *ONE_ROUND)
    assert said.returncode == 0, said.stderr
    report = json.loads(said.stdout)
    assert report["kernel"] == os.uname().release
    assert report["machine"]["processors"] == len(os.sched_getaffinity(0))
    assert report["busy"] == (report["load"] > report["machine"]["processors"])
    assert {row["name"] for row in report["rows"]} == rows_here()
    for row in report["rows"]:
        assert {"kernel", "efd"} < row["subjects"].keys()
        assert (row["unit"], row["rounds"], row["gates"]) == ("ns", 1, [])
        assert row["best_peer"] in row["subjects"].keys() - {"kernel", "efd", "efd_arena"}
        for values in [*row["subjects"].values(), row["kernel_over_efd"]]:
            assert 0 < values["min"] <= values["median"] <= values["max"]
        ratio = row["subjects"]["kernel"]["median"] / row["subjects"]["efd"]["median"]
        assert row["kernel_over_efd"]["median"] == ratio


def test_the_text_has_every_row_and_names_the_losses():
    said = bench(*ONE_ROUND)
    assert said.returncode == 0, said.stderr
    assert "\x1b" not in said.stdout
    assert [line for line in said.stdout.splitlines() if len(line) > 80] == []
    table, _, losses = said.stdout.partition("Each number is the median")
    assert set(re.findall(r"(?m)^(py_\w+): ", table)) == rows_here()
    for block in re.split(r"(?m)^(?=py_)", table)[1:]:
        name = block.partition(":")[0]
        medians = {key: float(value) for key, value in re.findall(r"(?m)^    (\w+) +([\d.]+)   \(", block)}
        best = min(value for key, value in medians.items() if key not in ("efd", "efd_arena"))
        if best < medians["efd"] * 0.99:
            assert f"  {name}: " in losses, said.stdout
        elif best > medians["efd"]:
            assert f"  {name}: " not in losses, said.stdout


def test_rounds_and_rows_are_as_asked():
    report = json.loads(bench("--json", "--short", "--rounds", "3", "--rows", "^py_write_read$").stdout)
    assert [(row["name"], row["rounds"]) for row in report["rows"]] == [("py_write_read", 3)]
    assert bench("--rows", "no such row").returncode == 1
    assert bench("--rounds", "0").returncode == 2
    assert {line.split()[0] for line in bench("--list").stdout.splitlines()} == rows_here()


def test_a_terminal_gets_colour_unless_refused():
    words = [*BENCH, *ONE_ROUND, "--rows", "^py_signal_idle$"]
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    assert "\x1b[1mpy_signal_idle\x1b[0m" in terminal.written(words, BOUND, env=plain)
    assert "\x1b" not in terminal.written(words, BOUND, env={**plain, "NO_COLOR": "1"})


def test_a_measurement_that_does_not_end_is_given_up():
    said = bench("--short", "--rows", "^py_signal_idle$", "--rounds", "1000000", "--patience", "0.001")
    assert said.returncode == 1
    assert "Timeout" in said.stderr
