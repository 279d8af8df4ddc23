# SPDX-License-Identifier: MIT
"""drawing.py: the pictures of a bench, by matplotlib: ratios, peers, series, latencies.

Each is drawn wide, for a screen, and narrow, for a telephone. As files it is SVG and PNG, for a light and a dark ground;
for the page its colours are variables of the page's style. Text stays text. The same results give the same files.
"""

import io
import re
from dataclasses import dataclass

import matplotlib
from bars import draw_peers, draw_ratios, peer_rows, ratio_rows
from colours import DARK, LIGHT, SENTINELS
from curves import draw_latencies, draw_series, drawn_subjects, latency_rows, series_of
from frames import BIG, SMALL, Style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from measured import load_of, machine_of

FONTS = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
PNG_DPI = 144


@dataclass(frozen=True)
class Picture:
    name: str
    title: str
    said: str  # beneath the title
    wide: str  # SVG for the page
    narrow: str
    files: dict  # content by name


def plain_tag(tag, used):
    """An element's tag on one line, with fonts that every machine has, and an id only if something refers to it."""
    tag = re.sub(r" ?(/?>)$", r"\1", re.sub(r"\s*\n\s*", " ", tag))
    tag = re.sub(r"(font: [^;\"']*?)'[^;\"]*(?=[;\"])", rf"\1{FONTS}", tag)
    tag = re.sub(r' id="([\w.-]+)"', lambda found: found[0] if found[1] in used else "", tag)
    return re.sub(r" +\"", "\"", tag)


def without_bare_groups(text):
    """The same without groups that are empty or say nothing of what is in them."""
    kept = []

    def of_group(tag):
        if tag[0].endswith("/>"):
            return ""
        if tag[0] == "</g>":
            return tag[0] * kept.pop()
        kept.append(tag[0] != "<g>")
        return tag[0] * kept[-1]

    return re.sub(r"<(?:g\b[^>]*|/g)>", of_group, text)


def svg_of(figure, salt):
    """The figure as SVG without what differs from run to run or points elsewhere."""
    content = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": salt, "svg.fonttype": "none"}):
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<\?xml[^>]*>|<!DOCTYPE[^>]*>", "", content.getvalue(), flags=re.DOTALL)
    used = set(re.findall(r"(?:url\(#|href=\"#)([\w-]+)", text))
    text = re.sub(r"<[^>]*>", lambda tag: plain_tag(tag[0], used), text)
    return re.sub(r">\s*\n\s*(?=<[^/])", ">\n", re.sub(r">\s*\n\s*</", "></", without_bare_groups(text))).strip() + "\n"


def coloured(svg, palette):
    for name, sentinel in SENTINELS.items():
        svg = svg.replace(sentinel, palette[name])
    return svg


def for_page(svg, said):
    """For a page whose style has the colours as variables."""
    variables = {name: f"var(--{name})" for name in SENTINELS}
    svg = re.sub(r"<svg height=\"[^\"]*\"", "<svg", re.sub(r" width=\"[\d.]+pt\"", "", svg, count=1), count=1)
    svg = re.sub(r' (?:xmlns(?::\w+)?|version)="[^"]*"', "", svg)
    return coloured(svg, variables).replace("<svg", f'<svg role="img" aria-label="{said}"', 1)


def png_of(figure):
    content = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(content, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return content.getvalue()


def captioned(draw, read, style, title, foot):
    """A picture that stands alone: with its title, and where it was measured."""
    figure = draw(read, style)
    height, more = figure.get_figheight(), 0.85
    figure.set_figheight(height + more)
    for axes in figure.axes:
        box = axes.get_position()
        axes.set_position([box.x0, (box.y0 * height + 0.3) / (height + more), box.width, box.height * height / (height + more)])
    for legend in figure.legends:
        legend.set_bbox_to_anchor((0.0, 1 - 0.58 / (height + more)), transform=figure.transFigure)
    figure.text(0.015, 1 - 0.22 / (height + more), title, color=style["ink"], fontsize=BIG, fontweight="bold", va="center")
    figure.text(0.015, 1 - 0.45 / (height + more), f"efd {read.version}, {machine_of(read)}, {load_of(read)}",
                color=style["faint"], fontsize=SMALL - 0.5, va="center")  # fmt: skip
    figure.text(0.015, 0.14 / (height + more), foot, color=style["faint"], fontsize=SMALL - 0.5, va="center")  # fmt: skip
    return figure


def picture(read, name, title, said, foot, draw):
    alone = svg_of(captioned(draw, read, Style(SENTINELS, True), title, foot), name)
    files = {}
    for suffix, palette in (("", LIGHT), ("-dark", DARK)):
        files[f"{name}{suffix}.svg"] = coloured(alone, palette)
        files[f"{name}{suffix}.png"] = png_of(captioned(draw, read, Style(palette, True), title, foot))
    wide, narrow = (for_page(svg_of(draw(read, Style(SENTINELS, wide)), f"{name}{wide}"), title) for wide in (True, False))
    return Picture(name, title, said, wide, narrow, files)


def pictures(read):
    """All for which there are results."""
    matplotlib.rcParams.update({"font.family": "DejaVu Sans", "font.size": SMALL})
    wanted = [
        ("ratios", "How many times as long the kernel’s eventfd takes, or how many times as much",
         "Bars to the left of 1× are rows in which efd loses. The thin line goes from the least to the greatest ratio of "
         "the rounds.", "Left of 1× efd loses. Median of the rounds, with the least and the greatest.", draw_ratios, ratio_rows(read)),
        ("peers", "What the others take where efd takes 1×",
         "Left of the line they take less than efd. Peers promise less than an eventfd: no 64-bit count, no taking of "
         "all, or nothing to poll.", "Medians with the least and the greatest, divided by efd’s median; less is better.", draw_peers, peer_rows(read)),
        ("series", "Cost by number of objects, threads and writes",
         "Both axes are logarithmic. Each point is a median, its line goes from the least to the greatest.",
         "Medians with the least and the greatest; both axes are logarithmic; less is better.", draw_series,
         [rows for rows in series_of(read).values() if drawn_subjects(rows)]),
        ("latency", "Latency, call by call, to the last percent",
         "A point says how many of all calls took at most that long; the axis gives each further nine the same room, as "
         "HdrHistogram’s plot does. Each call includes one reading of the clock.",
         "Each further nine has the same room, as in HdrHistogram’s plot; a call includes one reading of the clock.",
         draw_latencies, latency_rows(read)),
    ]  # fmt: skip
    return [picture(read, name, title, said, foot, draw) for name, title, said, foot, draw, rows in wanted if rows]
