# SPDX-License-Identifier: MIT
"""curves.py: small pictures beside each other: cost by a number, and latencies as percentile plots."""

import re

from colours import look
from frames import SMALL, bare, label_ends, log_axis, new_figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from measured import nanoseconds, short


# ---- Small pictures beside each other.


def panels(style, number, each_inches, top_inches):
    """A figure with so many axes, two beside each other where there is room, and the height of each in inches."""
    columns = 2 if style.wide else 1
    lines = -(-number // columns)
    whole = each_inches + top_inches + 0.5
    height = whole * lines
    figure = new_figure(style, height)
    left, right = (0.62, 1.15) if style.wide else (0.62, 1.1)
    width = style.inches / columns
    for at in range(number):
        column, line = at % columns, at // columns
        yield figure, figure.add_axes([(column * width + left) / style.inches,
                                       1 - (line * whole + top_inches + each_inches) / height,
                                       (width - left - right) / style.inches, each_inches / height])  # fmt: skip


def entitle(axes, style, title, beneath, inches):
    line = 1 / 72 / inches
    axes.text(-0.5 / (axes.figure.get_figwidth() * axes.get_position().width), 1 + 22 * line, title,
              transform=axes.transAxes, color=style["ink"], fontsize=SMALL + 1, fontweight="bold", va="bottom")  # fmt: skip
    axes.text(-0.5 / (axes.figure.get_figwidth() * axes.get_position().width), 1 + 9 * line, beneath,
              transform=axes.transAxes, color=style["faint"], fontsize=SMALL, va="bottom")  # fmt: skip


def limits(values, room):
    least, greatest = min(values), max(values)
    if greatest < least * 4:
        least, greatest = least / 2, greatest * 2
    return least / room, greatest * room


# ---- Series.


def series_of(read):
    """Rows by the name of their series, in order of their number; of two rows and more."""
    found = {}
    for row in read.rows:
        if row.series is not None and row.subjects:
            found.setdefault(row.series[0], []).append(row)
    return {name: sorted(rows, key=lambda row: row.series[2]) for name, rows in found.items() if len(rows) > 1}


def points_of(rows, subject):
    return [(row.series[2], row.subjects[subject]) for row in rows
            if subject in row.subjects and row.subjects[subject].least > 0]  # fmt: skip


def drawn_subjects(rows):
    names = dict.fromkeys(name for row in rows for name in row.subjects)
    return [name for name in names if len(points_of(rows, name)) > 1]


def series_title(rows):
    """The title of the last row with its number as N."""
    row = rows[-1]
    return re.sub(rf"\b{row.series[2]:.0f}\b", "N", row.title, count=1)


def draw_one_series(axes, rows, style, inches):
    axes.set_xscale("log")
    axes.set_yscale("log")
    bare(axes, style)
    names = drawn_subjects(rows)
    all_points = {name: points_of(rows, name) for name in names}
    x = [at for points in all_points.values() for at, _ in points]
    y = [value for points in all_points.values() for _, one in points for value in (one.least, one.greatest)]
    axes.set_xlim(min(x) / (max(x) / min(x)) ** 0.05, max(x))
    axes.set_ylim(*limits(y, 1.25))
    ends = []
    for name, points in all_points.items():
        colour, marker, dashes = look(name)
        axes.vlines([at for at, _ in points], [one.least for _, one in points], [one.greatest for _, one in points],
                    color=style[colour], linewidth=1, alpha=0.6, clip_on=False)  # fmt: skip
        axes.plot([at for at, _ in points], [one.median for _, one in points], color=style[colour], linestyle=dashes,
                  linewidth=2.2 if name == "efd" else 1.3, marker=marker, markersize=5, clip_on=False)  # fmt: skip
        ends.append((name, points[-1][0], points[-1][1].median))
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(x))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}" if value < 10_000 else
                                                 f"{value / 1000:.0f}k" if value < 1e6 else f"{value / 1e6:g}M"))  # fmt: skip
    least, greatest = axes.get_ylim()
    log_axis(axes.yaxis, least, greatest, lambda value: f"{value:g}" if value < 1e5 else short(value), 5)
    label_ends(axes, style, ends, inches)


def draw_series(read, style):
    found = {name: rows for name, rows in series_of(read).items() if drawn_subjects(rows)}
    inches = 1.75
    figure = None
    for (name, rows), (figure, axes) in zip(found.items(), panels(style, len(found), inches, 0.62)):
        draw_one_series(axes, rows, style, inches)
        entitle(axes, style, series_title(rows), f"{rows[0].unit}, by number of {rows[0].series[1]}", inches)
    return figure


# ---- Latencies.


def latency_rows(read):
    return [row for row in read.rows if any(one.calls > 1 for one in row.latencies.values())]


def curve_of(latency):
    """Points of the percentile plot: 1 / (1 - share), nanoseconds."""
    points, so_far, total = [], 0, latency.calls
    for greatest, calls in latency.buckets:
        points.append((total / (total - so_far), max(greatest, 1)))
        so_far += calls
        points.append((total / max(total - so_far, 1), max(greatest, 1)))
    return points


def percent(value):
    """The label of 1 / (1 - share): 50 %, 90 %, 99 % and so on."""
    share = 100 * (1 - 1 / value)
    return f"{share:.10g} %"


def draw_one_latency(axes, row, style, inches):
    axes.set_xscale("log")
    axes.set_yscale("log")
    bare(axes, style)
    curves = {name: curve_of(one) for name, one in row.latencies.items() if one.calls > 1}
    most = max(points[-1][0] for points in curves.values())
    values = [y for points in curves.values() for _, y in points]
    axes.set_xlim(1, max(most, 2))
    axes.set_ylim(*limits(values, 1.25))
    for name, points in curves.items():
        colour, _, dashes = look(name)
        axes.plot(*zip(*points), color=style[colour], linestyle=dashes, linewidth=2.2 if name == "efd" else 1.3,
                  clip_on=False)  # fmt: skip
    ticks = [tick for tick in (2, 10, 100, 1000, 10_000, 100_000, 1_000_000) if tick <= most]
    axes.xaxis.set_major_locator(FixedLocator(ticks if style.wide or len(ticks) < 6 else ticks[:1] + ticks[2::2]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    log_axis(axes.yaxis, *axes.get_ylim(), nanoseconds, 5)
    label_ends(axes, style, [(name, *points[-1]) for name, points in curves.items()], inches)


def draw_latencies(read, style):
    rows = latency_rows(read)
    inches = 2.1
    figure = None
    for row, (figure, axes) in zip(rows, panels(style, len(rows), inches, 0.62)):
        draw_one_latency(axes, row, style, inches)
        share = "; share of the calls that took at most that" if style.wide else ""
        entitle(axes, style, row.title, row.latency_of + share, inches)
    return figure
