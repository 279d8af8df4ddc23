# SPDX-License-Identifier: MIT
"""bars.py: pictures with a line for each row of the bench: ratios as bars, and all subjects as marks beside efd."""

from colours import look
from frames import SMALL, bare, log_axis, new_figure, title_above
from measured import PEERS, times


# ---- Ratios.


def ratio_colour(row, style):
    return style["loss"] if row.is_slower else style["gain"]


def draw_ratio(axes, row, place, style):
    ratio = row.ratio
    below = 0.0 if style.wide else -0.16
    axes.barh(place + below, ratio.median - 1, left=1, height=0.62 if style.wide else 0.34, color=ratio_colour(row, style),
              zorder=2)  # fmt: skip
    axes.plot([ratio.least, ratio.greatest], [place + below] * 2, color=style["ink"], linewidth=0.9, marker="|",
              markersize=5, zorder=3)  # fmt: skip
    right = max(ratio.greatest, ratio.median, 1)
    axes.annotate(times(ratio.median) + (" slower" if row.is_slower else ""), (right, place + below), xytext=(6, 0),
                  textcoords="offset points", va="center", color=style["ink"], fontweight="bold",
                  fontsize=SMALL)  # fmt: skip
    if not style.wide:
        title_above(axes, place, row.title, style)


def draw_ratios(read, style):
    rows = sorted(ratio_rows(read), key=lambda row: row.ratio.median)
    height = (0.25 if style.wide else 0.44) * len(rows) + 0.45
    figure = new_figure(style, height)
    axes = figure.add_axes([0.37 if style.wide else 0.02, 0.4 / height, 0.62 if style.wide else 0.97, 1 - 0.45 / height])
    axes.set_xscale("log")
    bare(axes, style)
    left = min(min(row.ratio.least for row in rows) / 1.3, 0.5)
    right = max(max(row.ratio.greatest for row in rows), 2) * (4 if style.wide else 30)
    axes.set_xlim(left, right)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    for place, row in enumerate(rows):
        draw_ratio(axes, row, place, style)
    axes.axvline(1, color=style["ink"], linewidth=1, zorder=4)
    axes.grid(axis="y", visible=False)
    log_axis(axes.xaxis, left, right / 2.5, lambda value: f"{value:,.0f}×" if value >= 1 else f"{value:g}×",
             7 if style.wide else 5)  # fmt: skip
    axes.set_yticks(range(len(rows)) if style.wide else [])
    if style.wide:
        axes.set_yticklabels([row.title for row in rows], color=style["ink"])
    return figure


def ratio_rows(read):
    return [row for row in read.rows if row.ratio is not None and row.ratio.least > 0]


# ---- Peers.


def peer_rows(read):
    return [row for row in read.rows
            if any(name in PEERS for name in row.subjects) and "efd" in row.subjects
            and all(one.least > 0 for name, one in row.subjects.items() if name in PEERS or name in ("efd", "kernel"))]  # fmt: skip


def draw_peer_row(axes, row, names, place, style):
    """Where the marks lie; those of a row stand a little above each other, so that none hides another."""
    efd = row.subjects["efd"].median
    reached = []
    for at, name in enumerate(names):
        one = row.subjects[name]
        colour, marker, _ = look(name)
        height = place + 0.3 * ((len(names) - 1) / 2 - at) / len(names)
        ends = [one.least / efd, one.greatest / efd]
        axes.plot(ends, [height] * 2, color=style[colour], linewidth=1, alpha=0.7, zorder=2)
        axes.plot(one.median / efd, height, marker=marker, markersize=6.5, color=style[colour],
                  markeredgecolor=style["ground"], markeredgewidth=0.6, linestyle="none", zorder=3, label=name)  # fmt: skip
        reached += ends
    return reached


def draw_peers(read, style):
    rows = peer_rows(read)[::-1]
    names = [name for name in ("efd", "kernel", *PEERS) if any(name in row.subjects for row in rows)]
    lines = -(-len(names) // (6 if style.wide else 3))
    height = (0.27 if style.wide else 0.46) * len(rows) + 0.5 + 0.24 * lines
    figure = new_figure(style, height)
    axes = figure.add_axes([0.37 if style.wide else 0.02, 0.4 / height, 0.61 if style.wide else 0.96,
                            1 - (0.5 + 0.24 * lines) / height])  # fmt: skip
    axes.set_xscale("log")
    bare(axes, style)
    below = 0.0 if style.wide else -0.16
    reached = [1.0]
    for place, row in enumerate(rows):
        reached += draw_peer_row(axes, row, [name for name in names if name in row.subjects], place + below, style)
        axes.axhline(place + below, color=style["grid"], linewidth=0.8, zorder=0)
        if not style.wide:
            title_above(axes, place, row.title, style)
    left, right = min(reached) / 1.4, max(reached) * 1.4
    axes.set_xlim(left, right)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.axvline(1, color=style["blue"], linewidth=1, zorder=1)
    log_axis(axes.xaxis, left, right, lambda value: f"{value:,.0f}×" if value >= 1 else f"{value:g}×", 7 if style.wide else 5)
    axes.grid(axis="y", visible=False)
    axes.set_yticks(range(len(rows)) if style.wide else [])
    if style.wide:
        axes.set_yticklabels([row.title for row in rows], color=style["ink"])
    found = dict(zip(*reversed(axes.get_legend_handles_labels())))
    figure.legend([found[name] for name in names], names, loc="upper left", bbox_to_anchor=(0.0, 1.0), frameon=False,
                  ncol=6 if style.wide else 3, fontsize=SMALL, labelcolor=style["ink"], handletextpad=0.1,
                  columnspacing=1.0, borderaxespad=0.1)  # fmt: skip
    return figure
