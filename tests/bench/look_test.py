# SPDX-License-Identifier: MIT
# tests/bench/look_test.py: the page of `efd bench --report` as Chromium shows it: on a screen and on a telephone, light
# and dark, nothing overflows, overlaps or is too small or too pale to read; and its pictures as files.
#
#   look_test.py EFD DATA: without Chromium or matplotlib the test is skipped (exit status 77), with CI too, because
#   neither belongs to what CI installs; scripts/setup report installs both. PICTURES=DIR keeps pictures of the page.
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import chromium
import processes

EFD = DATA = ""
SKIPPED = 77
BOUND_SECONDS = 300
NAMES = ("ratios", "peers", "series", "latency")

# What is wrong with the page in this window, as sentences.
LOOK = r"""
(() => {
  const wrong = [], width = document.documentElement.clientWidth;
  const shown = e => { const b = e.getBoundingClientRect(); return b.width > 0 && b.height > 0; };
  if (document.documentElement.scrollWidth > width) wrong.push('the page is ' + document.documentElement.scrollWidth + ' wide');
  const rgb = c => c.match(/[\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = rgb(c).slice(0, 3).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                       return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
                          if ((rgb(c)[3] ?? 1) > 0) return c; } return 'rgb(255,255,255)'; };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const say = (e, what) => wrong.push('"' + e.textContent.trim().slice(0, 40) + '" ' + what);
  for (const e of document.querySelectorAll('body *:not(svg, svg *, style)')) {
    if (!shown(e) || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!e.closest('.scroll') && box.right > width + 1) say(e, 'ends at ' + box.right);
    if (parseFloat(style.fontSize) < 12) say(e, 'has ' + style.fontSize);
    const seen = contrast(style.color, ground(e));
    if (seen < 4.5) say(e, 'has a contrast of ' + seen.toFixed(2));
  }
  for (const e of document.querySelectorAll('.scroll'))
    if (shown(e) && e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX !== 'auto') say(e, 'cannot be scrolled');
  for (const svg of document.querySelectorAll('svg')) {
    if (!shown(svg)) continue;
    const all = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim());
    if (!texts.length) wrong.push('a picture has no text');
    const boxes = texts.map(t => t.getBoundingClientRect());
    texts.forEach((t, i) => {
      const b = boxes[i];
      if (b.left < all.left - 1 || b.right > all.right + 1 || b.top < all.top - 1 || b.bottom > all.bottom + 1) say(t, 'leaves its picture');
      if (b.height < 10) say(t, 'is ' + b.height.toFixed(1) + ' high');
      const seen = contrast(getComputedStyle(t).fill, ground(svg));
      if (seen < 4.5) say(t, 'has a contrast of ' + seen.toFixed(2));
      for (let k = i + 1; k < boxes.length; ++k) {
        const o = boxes[k], x = Math.min(b.right, o.right) - Math.max(b.left, o.left), y = Math.min(b.bottom, o.bottom) - Math.max(b.top, o.top);
        if (x > 1 && y > 0.3 * Math.min(b.height, o.height)) say(t, 'covers "' + texts[k].textContent.trim() + '"');
      }
    });
  }
  return wrong;
})()
"""
BROKEN = """<!DOCTYPE html><style>body { background: #fff } .pale { color: #ccc } .small { font-size: 8px }</style>
<p style="width: 3000px">wide</p><p class="pale">pale</p><p class="small">small</p>
<svg width="100" height="60"><text x="90" y="20">leaves it</text><text x="5" y="40">one</text><text x="8" y="42">other</text></svg>"""


def drawn(directory, *more):
    return processes.run([EFD, "bench", "--report", directory, "--from", DATA, *more], BOUND_SECONDS)


class Look(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        said = drawn(cls.place.name)
        assert said.returncode == 0, said.stderr
        cls.url = pathlib.Path(cls.place.name, "index.html").as_uri()
        cls.rows = json.loads(pathlib.Path(DATA).read_bytes())["rows"]

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    def test_nothing_overflows_overlaps_or_is_hard_to_read(self):
        with chromium.Chromium() as browser:
            for width in (1280, 400):
                for scheme in ("light", "dark"):
                    with self.subTest(width=width, scheme=scheme):
                        browser.show(self.url, width, scheme)
                        if place := os.environ.get("PICTURES"):
                            browser.picture(os.path.join(place, f"page-{width}-{scheme}.png"))
                        self.assertEqual(browser.evaluate(LOOK), [])
                        self.assertEqual(browser.evaluate("document.querySelectorAll('svg').length"), 2 * len(NAMES))
                        self.assertEqual(browser.requests(), [self.url])
                        self.assertEqual(browser.complaints(), [])
                        said = browser.evaluate("document.body.innerText")
                        for row in self.rows:
                            self.assertIn(row["title"], said)
            browser.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
            self.assertEqual(browser.evaluate(LOOK), [], "with everything unfolded")
            pathlib.Path(self.place.name, "broken.html").write_text(BROKEN, encoding="utf-8")
            browser.show(pathlib.Path(self.place.name, "broken.html").as_uri(), 400, "light")
            found = " ".join(browser.evaluate(LOOK))
            for what in ("the page is 30", '"wide" ends at', '"pale" has a contrast of 1.6', '"small" has 8px',
                         '"leaves it" leaves its picture', '"one" covers "other"'):
                self.assertIn(what, found)

    def test_each_picture_is_there_as_svg_and_png_light_and_dark(self):
        place = pathlib.Path(self.place.name)
        self.assertEqual((place / "bench.json").read_bytes(), pathlib.Path(DATA).read_bytes())
        for name in NAMES:
            for dark in ("", "-dark"):
                svg = xml.parse(place / f"{name}{dark}.svg")
                self.assertEqual(svg.getroot().tag, "{http://www.w3.org/2000/svg}svg")
                text = (place / f"{name}{dark}.svg").read_text(encoding="utf-8")
                self.assertNotRegex(text, "#0102[0-9a-f]{2}|var\\(")
                self.assertNotRegex(re.sub(r'xmlns(:\w+)?="[^"]*"', "", text), "https?:")
                png = (place / f"{name}{dark}.png").read_bytes()
                self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
                self.assertGreater(min(struct.unpack(">II", png[16:24])), 300)
            light, dark = ((place / f"{name}{one}.svg").read_text(encoding="utf-8") for one in ("", "-dark"))
            self.assertNotEqual(light, dark)
            self.assertEqual(re.sub("#[0-9a-f]{6}", "", light), re.sub("#[0-9a-f]{6}", "", dark))

    def test_the_ratios_show_every_row_that_has_one_and_say_slower(self):
        texts = [one.text for one in xml.parse(pathlib.Path(self.place.name, "ratios.svg")).iter() if one.tag.endswith("}text")]
        compared = [row for row in self.rows if "kernel_over_efd" in row]
        for row in compared:
            self.assertIn(row["title"], texts)
        slower = [row for row in compared if row["kernel_over_efd"]["median"] < 0.995]
        self.assertEqual(sum(text.endswith(" slower") for text in texts), len(slower))

    def test_the_same_results_give_the_same_files(self):
        with tempfile.TemporaryDirectory() as other:
            self.assertEqual(drawn(other).returncode, 0)
            for one in sorted(pathlib.Path(other).iterdir()):
                self.assertEqual(one.read_bytes(), pathlib.Path(self.place.name, one.name).read_bytes(), one.name)


class Refusals(unittest.TestCase):
    def test_garbage_and_a_place_that_is_no_directory_get_a_sentence(self):
        with tempfile.TemporaryDirectory() as place:
            garbage = os.path.join(place, "garbage.json")
            with open(garbage, "w", encoding="utf-8") as file:
                file.write('{"rows": 3')
            for words, said in ((["--report", place, "--from", garbage], "is no result of `efd bench --json`"),
                                (["--report", garbage, "--from", DATA], "cannot make the directory"),
                                (["--report", "/proc/1/none", "--from", DATA], "cannot make the directory")):  # fmt: skip
                got = processes.run([EFD, "bench", *words], BOUND_SECONDS)
                self.assertEqual(got.returncode, 3, got.stdout + got.stderr)
                self.assertIn(said, got.stderr)
            for words in (["--report", place, "--from", "/none.json"], ["--from", DATA], ["--report", place, "--json"]):
                self.assertEqual(processes.run([EFD, "bench", *words], BOUND_SECONDS).returncode, 2)


def why_not():
    if chromium.find() is None:
        return "there is no Chromium"
    with tempfile.TemporaryDirectory() as place:
        said = drawn(place)
    return "there is no python3-matplotlib" if "python3-matplotlib" in said.stderr else ""


if __name__ == "__main__":
    EFD, DATA = sys.argv.pop(1), sys.argv.pop(1)
    if reason := why_not():
        print(f"skipped: {reason}; scripts/setup report installs it")
        sys.exit(SKIPPED)
    unittest.main()
