# SPDX-License-Identifier: MIT
"""measured.py: reads the results of `efd bench --json`, refuses what is none, and says what is in them.

A result may be hostile: everything that the page and the pictures use is checked here once. Results of earlier versions
have no series, latencies and run; then those are empty.
"""

import json
import math
import re
from dataclasses import dataclass, field

NAME = re.compile(r"[\w-]{1,64}", re.ASCII)
MOST_BYTES = 64 << 20
LEAST, MOST = 1e-9, 1e15  # of any unit, but for zero
SLOWER = 0.995  # a ratio below it is called slower, as in the table of the command
PEERS = ("sem_t", "std_semaphore", "moodycamel", "pipe", "pending_flag", "uv_async", "boost", "robust_mutex", "pidfd")


class Refused(Exception):
    """What is wrong with the file, as a sentence."""


@dataclass(frozen=True)
class Range:
    median: float
    least: float
    greatest: float


@dataclass(frozen=True)
class Aim:
    subject: str
    limit: float
    of: str  # a subject, or empty: `value` is in the unit of the row
    value: float
    met: bool


@dataclass(frozen=True)
class Latency:
    calls: int
    buckets: list  # of (greatest ns, calls), in order


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    unit: str
    rounds: int
    subjects: dict  # of Range
    ratio: Range = None  # kernel / efd
    best_peer: str = ""
    aims: list = field(default_factory=list)
    note: str = ""
    loss: str = ""
    not_measured: str = ""
    series: tuple = None  # name, by, at
    latency_of: str = ""
    latencies: dict = field(default_factory=dict)  # of Latency, by subject

    @property
    def is_slower(self):
        return self.ratio is not None and self.ratio.median < SLOWER

    @property
    def missed(self):
        return [aim for aim in self.aims if not aim.met]

    @property
    def loses(self):
        return self.is_slower or bool(self.missed)


@dataclass(frozen=True)
class Measured:
    version: str
    kernel: str
    architecture: str
    processor: str
    processors: int
    load: float
    busy: bool
    rows: list
    ended: str = ""
    short: bool = False
    load_after: float = None


def fail(why):
    raise Refused(why)


def of_type(value, kind, what):
    good = isinstance(value, kind) and not (kind is not bool and isinstance(value, bool))
    return value if good else fail(f"{what} is missing, or not what it should be")


def text_in(record, key, default=None):
    text = record.get(key, default)
    of_type(text, str, f'"{key}"')
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:400]


def number_in(record, key):
    value = of_type(record.get(key), (int, float), f'"{key}"')
    return float(value) if value == 0 or LEAST <= abs(value) <= MOST else fail(f'"{key}" is beyond all measure')


def name_of(text):
    return text if isinstance(text, str) and NAME.fullmatch(text) else fail(f"{str(text)[:40]!r} is no name")


def range_of(record):
    of_type(record, dict, "a range")
    one = Range(number_in(record, "median"), number_in(record, "min"), number_in(record, "max"))
    return one if one.least <= one.median <= one.greatest else fail("a median is not between its min and its max")


def aim_of(record):
    of_type(record, dict, "an aim")
    of = "" if record.get("of") == "absolute" else text_in(record, "against")
    return Aim(text_in(record, "subject"), number_in(record, "limit"), of, number_in(record, "ratio"),
               of_type(record.get("met"), bool, '"met"'))  # fmt: skip


def latency_of(record):
    of_type(record, dict, "a latency")
    buckets = []
    for pair in of_type(record.get("buckets"), list, '"buckets"'):
        if not isinstance(pair, list) or len(pair) != 2 or not all(type(one) is int and 0 <= one <= MOST for one in pair):
            fail("a bucket is not two numbers")
        if buckets and buckets[-1][0] >= pair[0]:
            fail("buckets are not in order")
        buckets.append(tuple(pair))
    # The last bucket holds the greatest, which is known exactly.
    greatest = number_in(record, "max")
    if buckets and buckets[-1][0] > greatest and (len(buckets) == 1 or greatest > buckets[-2][0]):
        buckets[-1] = (int(greatest), buckets[-1][1])
    return Latency(sum(calls for _, calls in buckets), buckets)


def series_of(record):
    if "series" not in record:
        return None
    series = of_type(record["series"], dict, '"series"')
    at = number_in(series, "at")
    return (name_of(series.get("name")), name_of(series.get("by")), at) if at > 0 else fail('"at" is not above zero')


def row_of(record):
    of_type(record, dict, "a row")
    latency = of_type(record.get("latency", {}), dict, '"latency"')
    subjects = of_type(record.get("subjects"), dict, '"subjects"')
    return Row(
        name=name_of(record.get("name")),
        title=text_in(record, "title"),
        unit=text_in(record, "unit")[:8],
        rounds=of_type(record.get("rounds"), int, '"rounds"'),
        subjects={name_of(name): range_of(values) for name, values in subjects.items()},
        ratio=range_of(record["kernel_over_efd"]) if "kernel_over_efd" in record else None,
        best_peer=text_in(record, "best_peer", ""),
        aims=[aim_of(aim) for aim in of_type(record.get("gates"), list, '"gates"')],
        note=text_in(record, "note", ""),
        loss=text_in(record, "loss", ""),
        not_measured=text_in(record, "not_measured", ""),
        series=series_of(record),
        latency_of=text_in(latency, "of", ""),
        latencies={name_of(name): latency_of(one)
                   for name, one in of_type(latency.get("subjects", {}), dict, '"subjects"').items()},
    )  # fmt: skip


def parsed(raw):
    if len(raw) > MOST_BYTES:
        fail(f"it has more than {MOST_BYTES >> 20} MiB")
    try:
        found = json.loads(raw, parse_constant=lambda word: fail(f"{word} is no number"))
    except (ValueError, RecursionError):
        fail("it is not JSON" if raw else "it is empty")
    return of_type(found, dict, "its object")


def read(raw):
    """The results in these bytes; raises Refused."""
    found = parsed(raw)
    machine = of_type(found.get("machine"), dict, '"machine"')
    run = of_type(found.get("run", {}), dict, '"run"')
    rows = [row_of(record) for record in of_type(found.get("rows"), list, '"rows"')]
    names = [row.name for row in rows]
    twice = [name for name in names if names.count(name) > 1] if len(names) < 1000 else fail("it has too many rows")
    if twice:
        fail(f"row {twice[0]} is in it twice")
    for row in rows:
        if any(not math.isfinite(value) for one in row.subjects.values() for value in (one.least, one.greatest)):
            fail("a number is not finite")
    return Measured(
        text_in(found, "version"),
        text_in(found, "kernel"),
        text_in(machine, "architecture"),
        " ".join(text_in(machine, "processor").replace("(R)", "").replace("(TM)", "").split()) or "unknown processor",
        of_type(machine.get("processors"), int, '"processors"'),
        number_in(found, "load"),
        of_type(found.get("busy"), bool, '"busy"'),
        rows,
        text_in(run, "ended", ""),
        of_type(run.get("short", False), bool, '"short"'),
        number_in(run, "load_after") if "load_after" in run else None,
    )


def short(value):
    """The number with few digits."""
    size = abs(value)
    for above, letter in ((1e9, "G"), (1e6, "M"), (1e5, "k")):
        if size >= above:
            scaled = value / {"G": 1e9, "M": 1e6, "k": 1e3}[letter]
            return f"{scaled:.0f}{letter}" if abs(scaled) >= 10 else f"{scaled:.1f}{letter}"
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def times(ratio):
    """The same of a ratio."""
    if ratio >= 10_000:
        return short(ratio) + "×"
    return f"{ratio:.0f}×" if ratio >= 100 else f"{ratio:.1f}×" if ratio >= 10 else f"{ratio:.2f}×"


def nanoseconds(value):
    """A time with its unit."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} ns"


def machine_of(read_):
    return f"Linux {read_.kernel} on {read_.processors} × {read_.processor}, {read_.architecture}"


def load_of(read_):
    text = f"load {read_.load:.2f} before"
    return text if read_.load_after is None else f"{text}, {read_.load_after:.2f} after"
