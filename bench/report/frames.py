# SPDX-License-Identifier: MIT
"""frames.py: what all pictures of a bench share: colours and sizes, axes, labels at the ends of lines."""

from dataclasses import dataclass

from colours import look
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

WIDE, NARROW = 9.6, 4.3  # inches
SMALL, BIG = 9, 11.5  # points


@dataclass(frozen=True)
class Style:
    palette: dict
    wide: bool

    def __getitem__(self, name):
        return self.palette[name]

    @property
    def inches(self):
        return WIDE if self.wide else NARROW


def new_figure(style, height):
    return Figure(figsize=(style.inches, height), facecolor=style["ground"])


def bare(axes, style):
    axes.set_facecolor("none")
    axes.tick_params(axis="both", length=0, colors=style["faint"], labelsize=SMALL)
    axes.grid(color=style["grid"], linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.minorticks_off()
    for side in axes.spines.values():
        side.set_visible(False)


def powers(least, greatest, most=7):
    """The powers of ten in a range, at most so many of them."""
    all_ = [10.0**n for n in range(-30, 31) if least * 0.999 <= 10.0**n <= greatest * 1.001]
    return all_[:: -(-len(all_) // most)] if all_ else []


def log_axis(axis, least, greatest, named, most=7):
    """A logarithmic axis that has at least two labels."""
    ticks = powers(least, greatest, most)
    if len(ticks) < 2:
        ticks = [value * 10.0**n for n in range(-30, 31) for value in (1, 2, 5) if least <= value * 10.0**n <= greatest]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: named(value)))


def spread(places, gap, low, high):
    """The places, in order, moved so that no two are closer than the gap; they stay in the range if it has room."""
    moved = []
    for place in places:
        moved.append(max(place, moved[-1] + gap if moved else low))
    over = moved[-1] - high if moved else 0
    if over > 0:
        moved[-1] -= over
        for at in range(len(moved) - 2, -1, -1):
            moved[at] = min(moved[at], moved[at + 1] - gap)
    return moved


def label_ends(axes, style, ends, inches):
    """The names of lines at their right ends: (name, x, y) in data; the axes are so many inches high."""
    gap = (SMALL + 1.5) / 72 / inches
    to_axes = axes.transData + axes.transAxes.inverted()
    placed = sorted(((to_axes.transform((x, y)), name) for name, x, y in ends), key=lambda one: (one[0][1], one[1]))
    for (end, name), height in zip(placed, spread([one[0][1] for one in placed], gap, 0, 1)):
        colour = style[look(name)[0]]
        axes.plot([end[0], 1.015], [end[1], height], transform=axes.transAxes, color=colour, linewidth=0.7,
                  linestyle=(0, (1, 2)), clip_on=False)  # fmt: skip
        axes.text(1.025, height, name, transform=axes.transAxes, color=colour, fontsize=SMALL, va="center",
                  fontweight="bold" if name == "efd" else "normal")  # fmt: skip


def title_above(axes, place, title, style):
    """The title of a row above its bar, on a ground of its own, for the narrow pictures."""
    axes.text(0, place + 0.26, title, transform=axes.get_yaxis_transform(), color=style["ink"], fontsize=SMALL, va="center",
              zorder=5, bbox={"facecolor": style["ground"], "edgecolor": "none", "pad": 0.8})  # fmt: skip
