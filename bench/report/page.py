# SPDX-License-Identifier: MIT
"""page.py: the page of a bench: what was measured and where, where efd loses, the pictures, and every row as a table.

One file of HTML with everything in it, without a script. Whatever comes from the results is escaped. Meaning never hangs
on colour alone: a row in which efd loses says so.
"""

from html import escape
from pathlib import Path

from colours import DARK, LIGHT, variables
from measured import load_of, machine_of, nanoseconds, short, times

STYLE = Path(__file__).with_name("page.css")
LATENCY_SHARES = ((0.5, "half"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"))


def style():
    rules = STYLE.read_text(encoding="utf-8")
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {variables(DARK)} }} }}"
    return f":root {{ color-scheme: light dark; {variables(LIGHT)} }}\n{dark}\n{rules}"


def counted(number, word):
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


# ---- Beginning.


def facts(read):
    compared = [row for row in read.rows if row.ratio is not None]
    slower = sum(row.is_slower for row in compared)
    aims = [aim for row in read.rows for aim in row.aims]
    cells = [
        ("rows", len(read.rows), ""),
        ("efd is faster, or needs less", f"{len(compared) - slower} of {len(compared)}", ""),
        ("efd is slower, or needs more", f"{slower} of {len(compared)}", " class=\"lost\"" if slower else ""),
        ("aims met", f"{sum(aim.met for aim in aims)} of {len(aims)}", ""),
        ("not measured", sum(bool(row.not_measured) for row in read.rows), ""),
    ]
    return "\n".join(f"<div{mark}><dt>{name}</dt><dd>{value}</dd></div>" for name, value, mark in cells)


def beginning(read, pictures):
    when = f", {escape(read.ended.replace('T', ' ').replace('Z', ' UTC'))}" if read.ended else ""
    length = ", with <code>--short</code>: fewer and shorter rounds" if read.short else ""
    links = [("losses", "Where efd loses"), *((one.name, one.name.capitalize()) for one in pictures), ("rows", "Every row"),
             ("latencies", "Latencies"), ("subjects", "Every subject"), ("method", "How to read it")]  # fmt: skip
    if not any(row.latencies for row in read.rows):
        links = [link for link in links if link[0] != "latencies"]
    caution = ""
    if read.busy:
        caution = ("<p class=\"caution\"><strong>Other programs ran meanwhile.</strong> The load was above the number of "
                   "processors, so their share is in every number, and a missed aim may be theirs.</p>")  # fmt: skip
    return f"""<header>
<h1>efd bench: eventfd in user space beside the kernel’s</h1>
<p>efd {escape(read.version)}, {escape(machine_of(read))}, {escape(load_of(read))}{when}{length}.</p>
<p class="faint">The raw results are in <a href="bench.json">bench.json</a>.</p>
{caution}
<dl class="facts">
{facts(read)}
</dl>
<nav>{"".join(f'<a href="#{place}">{text}</a> ' for place, text in links)}</nav>
</header>"""


# ---- Losses.


def aim_text(aim, unit):
    of = f" {unit}" if not aim.of else f" × {aim.of}"
    return escape(f"{aim.subject} {short(aim.value)}{of}, at most {aim.limit:.4g}")


def loss_of(row):
    said = [f"kernel / efd {times(row.ratio.median)}"] if row.is_slower else []
    said += [f"missed: {aim_text(aim, row.unit)}" for aim in row.missed]
    why = f" {escape(row.loss)}." if row.loss else ""
    return f"<li><strong>{escape(row.title)}</strong> (<code>{escape(row.name)}</code>): {'; '.join(said)}.{why}</li>"


def losses(read):
    lost = [row for row in read.rows if row.loses]
    if not lost:
        return '<section id="losses"><h2>Where efd loses</h2><p>In no row of this run, and no aim is missed.</p></section>'
    items = "\n".join(loss_of(row) for row in lost)
    return f"""<section id="losses"><h2>Where efd loses</h2>
<p>Rows in which it is slower than the kernel’s eventfd, and aims that the project set for itself and missed.</p>
<ul class="losses">
{items}
</ul></section>"""


# ---- Pictures.


def figure_of(picture):
    names = [f"{picture.name}{dark}.{kind}" for kind in ("svg", "png") for dark in ("", "-dark")]
    links = ", ".join(f'<a href="{name}">{name}</a>' for name in names)
    return f"""<section id="{picture.name}"><h2>{escape(picture.title)}</h2>
<p>{escape(picture.said)}</p>
<figure>
<div class="wide">{picture.wide}</div>
<div class="narrow">{picture.narrow}</div>
<figcaption>As files: {links}</figcaption>
</figure></section>"""


# ---- Tables.


def table(name, heads, lines, caption):
    cells = "".join(f'<th scope="col"{kind}>{text}</th>' for text, kind in heads)
    body = "\n".join(lines)
    return f"""<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table>
<caption class="faint" style="text-align:left">{caption}</caption>
<thead><tr>{cells}</tr></thead>
<tbody>
{body}
</tbody></table></div>"""


NUMBER = ' class="number"'


def cell(text):
    return f"<td{NUMBER}>{text}</td>"


def median_of(row, subject):
    return short(row.subjects[subject].median) if subject in row.subjects else ""


def range_text(one):
    return f"{short(one.median)} <span class=\"faint\">({short(one.least)} to {short(one.greatest)})</span>"


def mark_of(row):
    if row.not_measured:
        return "not measured"
    words = (["slower"] if row.is_slower else []) + (["missed"] if row.missed else [])
    return ", ".join(words)


def row_head(row):
    mark = mark_of(row)
    said = f' <span class="mark">{mark}</span>' if mark else ""
    return f'<th scope="row">{escape(row.title)}<code>{escape(row.name)}</code>{said}</th>'


def row_line(row):
    opening = f'<tr data-row="{escape(row.name)}"' + (' class="lost">' if row.loses else ">") + row_head(row)
    if row.not_measured:
        return f'{opening}<td>{escape(row.unit)}</td><td colspan="6">{escape(row.not_measured)}</td></tr>'
    ratio = (f"{times(row.ratio.median)} <span class=\"faint\">({times(row.ratio.least)} to {times(row.ratio.greatest)})</span>"
             if row.ratio else "")  # fmt: skip
    peer = (f"{median_of(row, row.best_peer)} <span class=\"faint\">{escape(row.best_peer)}</span>"
            if row.best_peer in row.subjects else "")  # fmt: skip
    aims = "<br>".join(aim_text(aim, row.unit) + (": met" if aim.met else ': <span class="mark">missed</span>')
                       for aim in row.aims)  # fmt: skip
    values = "".join(cell(median_of(row, name)) for name in ("kernel", "efd", "floor"))
    return (f"{opening}<td>{escape(row.unit)}</td>{values}{cell(peer)}{cell(ratio)}"
            f'<td class="aims">{aims}</td></tr>')  # fmt: skip


def rows_table(read):
    heads = [("row", ""), ("unit", ""), *((name, NUMBER) for name in ("kernel", "efd", "floor", "best peer", "kernel / efd")),
             ("aims", "")]  # fmt: skip
    return f"""<section id="rows"><h2>Every row</h2>
{table("every row", heads, [row_line(row) for row in read.rows], "Medians; less is better. Where there is no room for the aims at its right end, the table scrolls sideways.")}</section>"""


def within(latency, share):
    so_far = 0
    for greatest, calls in latency.buckets:
        so_far += calls
        if so_far >= share * latency.calls:
            return greatest
    return 0


def latency_table(read):
    lines = []
    for row in read.rows:
        for subject, one in row.latencies.items():
            if one.calls == 0:
                continue
            values = "".join(cell(nanoseconds(within(one, share))) for share, _ in LATENCY_SHARES)
            lines.append(f'<tr>{row_head(row)}<td>{escape(subject)}</td>{values}'
                         f"{cell(nanoseconds(one.buckets[-1][0]))}{cell(f'{one.calls:,}')}</tr>")  # fmt: skip
    if not lines:
        return ""
    heads = [("row", ""), ("subject", ""), *((name, NUMBER) for _, name in LATENCY_SHARES), ("all", NUMBER), ("calls", NUMBER)]
    return f"""<section id="latencies"><h2>Latencies</h2>
<details><summary>Within what time half of the calls ended, 90 % of them, and so on</summary>
{table("latencies", heads, lines, "Rounded up by at most 1/32.")}</details></section>"""


def subjects_table(read):
    lines = []
    for row in read.rows:
        efd = row.subjects.get("efd")
        for name, one in row.subjects.items():
            ratio = times(one.median / efd.median) if efd and efd.median > 0 and one.median > 0 else ""
            note = f'<span class="faint">{escape(row.note)}</span>' if name == next(iter(row.subjects)) else ""
            lines.append(f"<tr>{row_head(row)}<td>{escape(name)}</td>{cell(range_text(one))}<td>{escape(row.unit)}</td>"
                         f"{cell(ratio)}{cell(row.rounds)}<td class=\"aims\">{note}</td></tr>")  # fmt: skip
    heads = [("row", ""), ("subject", ""), ("median (least to greatest)", NUMBER), ("unit", ""), ("of efd", NUMBER),
             ("rounds", NUMBER), ("note", "")]  # fmt: skip
    return f"""<section id="subjects"><h2>Every subject</h2>
<details><summary>{counted(len(lines), "median")} with the least and the greatest</summary>
{table("every subject", heads, lines, "Less is better.")}</details></section>"""


METHOD = """<section id="method"><h2>How to read it</h2>
<p>Each round measures every subject of a row once, in rotating order. A number is the median of the rounds; a ratio is the
median of the rounds’ ratios, not the ratio of two medians. Times of another machine say nothing of this one: measure there.</p>
<p><strong>kernel</strong> is eventfd(2). <strong>floor</strong> is the least that could do it: a locked add, a bare futex,
or two threads that never sleep. Peers (<strong>sem_t</strong>, <strong>std_semaphore</strong>, <strong>moodycamel</strong>,
<strong>pipe</strong>, <strong>pending_flag</strong>, <strong>uv_async</strong>, <strong>boost</strong>,
<strong>robust_mutex</strong>, <strong>pidfd</strong>) promise less than an eventfd, so less is not better there.
An aim is what the project asks of itself; to miss one is a loss, not an error.</p>
<p><code>efd bench --compare earlier.json bench.json</code> says what has changed between two runs.</p></section>"""


def page(read, pictures):
    """The whole page."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>efd bench {escape(read.version)}</title>
<link rel="icon" href="data:,">
<style>
{style()}</style>
</head>
<body>
{beginning(read, pictures)}
<main>
{losses(read)}
{"".join(figure_of(one) for one in pictures)}
{rows_table(read)}
{latency_table(read)}
{subjects_table(read)}
{METHOD}
</main>
</body>
</html>
"""
