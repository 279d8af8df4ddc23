# SPDX-License-Identifier: MIT
# tests/bench/page_test.py: the page of `efd bench --report` as text: it stands alone, has every row, and hides no loss.
#
#   page_test.py REPOSITORY: needs neither matplotlib nor a browser; look_test.py has the pictures and the looks.
import copy
import json
import os
import re
import sys
import unittest
from html.parser import HTMLParser

REPOSITORY = ""
VOID = {"meta", "link", "br"}


def result(name):
    place = os.path.join(REPOSITORY, name)
    with open(place, "rb") as file:
        return file.read()


class Page(HTMLParser):
    """What stands in a page: elements, links, text, and the rows of the table with their marks."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.links, self.ids, self.open = [], [], [], []
        self.text, self.rows, self._row, self._cell = "", {}, None, None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.elements.append((tag, values))
        self.links += [values[name] for name in ("href", "src", "srcset", "xlink:href", "action", "data") if name in values]
        if "id" in values:
            self.ids.append(values["id"])
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self._row = values.get("data-row")
            if self._row:
                self.rows[self._row] = {"lost": "lost" in values.get("class", ""), "text": ""}

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes another element")

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text += data
        if self._row and "tr" in self.open:
            self.rows[self._row]["text"] += data + " "


class OfPage(unittest.TestCase):
    def setUp(self):
        self.raw = result("tests/bench/data/measured.json")
        self.measured = json.loads(self.raw)
        self.html = page.page(measured.read(self.raw), [])
        self.page = Page(self.html)

    def test_every_element_is_closed_and_every_id_is_one(self):
        self.assertEqual(self.page.open, [])
        self.assertEqual(len(self.page.ids), len(set(self.page.ids)))
        for link in self.page.links:
            if link.startswith("#"):
                self.assertIn(link[1:], self.page.ids)

    def test_nothing_comes_from_elsewhere(self):
        self.assertNotIn("script", [tag for tag, _ in self.page.elements])
        self.assertEqual({link for link in self.page.links if not link.startswith("#")}, {"bench.json", "data:,"})
        self.assertNotRegex(self.html, r"https?://|@import|url\((?!#)")
        self.assertEqual([one for _, values in self.page.elements for one in values if one.startswith("on")], [])

    def test_every_row_stands_in_the_table_with_its_numbers(self):
        rows = self.measured["rows"]
        self.assertEqual(list(self.page.rows), [row["name"] for row in rows])
        for row in rows:
            said = self.page.rows[row["name"]]["text"]
            self.assertIn(row["title"], said)
            for subject in ("kernel", "efd", "floor"):
                if subject in row["subjects"]:
                    self.assertIn(measured.short(row["subjects"][subject]["median"]), said)
            if "kernel_over_efd" in row:
                ratio = row["kernel_over_efd"]
                self.assertIn(f"({measured.times(ratio['min'])} to {measured.times(ratio['max'])})", said)
            for gate in row["gates"]:
                self.assertIn(f"at most {gate['limit']:.4g}", said)
            if "not_measured" in row:
                self.assertIn(row["not_measured"], said)

    def test_every_subject_of_every_row_has_its_least_and_greatest(self):
        part = self.page.text[self.page.text.index("Every subject", self.page.text.index("Rounded up")):]
        for row in self.measured["rows"]:
            for name, values in row["subjects"].items():
                said = f"({measured.short(values['min'])} to {measured.short(values['max'])})"
                self.assertRegex(part, re.escape(name) + r"\S*\s*[\d.kMG]+ " + re.escape(said))

    def test_a_lost_row_says_so_in_words_and_in_the_list(self):
        listed = self.page.text[self.page.text.index("Rows in which it is slower"):]
        listed = listed[: listed.index("Every row")]
        lost = 0
        for row in self.measured["rows"]:
            slower = "kernel_over_efd" in row and row["kernel_over_efd"]["median"] < 0.995
            missed = not all(gate["met"] for gate in row["gates"])
            shown = self.page.rows[row["name"]]
            self.assertEqual(shown["lost"], slower or missed, row["name"])
            self.assertEqual("slower" in shown["text"], slower, row["name"])
            self.assertEqual("missed" in shown["text"], missed, row["name"])
            if slower or missed:
                lost += 1
                self.assertIn(f"({row['name']})", listed)
                self.assertIn(row.get("loss", ""), listed)
        self.assertGreater(lost, 3)

    def test_machine_and_load_are_said_and_a_busy_one_first(self):
        for said in ("Linux 6.1.0 on 2 × A Processor for Tests, x86_64", "load 2.50 before, 1.25 after",
                     "2026-01-02 03:04:05 UTC", "--short"):
            self.assertIn(said, self.page.text)
        self.assertLess(self.page.text.index("Other programs ran meanwhile"), self.page.text.index("aims met"))
        quiet = {**self.measured, "busy": False, "load": 0.1}
        self.assertNotIn("Other programs ran", page.page(measured.read(json.dumps(quiet).encode()), []))

    def test_letters_of_a_result_are_no_markup(self):
        self.assertIn("<script>alert(1)</script> is text", self.page.text)
        self.assertNotIn("<b>", self.html)

    def test_results_of_an_earlier_version_have_a_page_too(self):
        raw = result("docs/bench.json")
        shown = Page(page.page(measured.read(raw), []))
        self.assertEqual(list(shown.rows), [row["name"] for row in json.loads(raw)["rows"]])
        self.assertEqual(shown.open, [])


class OfResults(unittest.TestCase):
    def refused(self, raw):
        with self.assertRaises(measured.Refused) as caught:
            measured.read(raw)
        return str(caught.exception)

    def test_what_is_no_result_is_refused_with_a_sentence(self):
        for raw in (b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"rows": []}', b"NaN", b'{"a": Infinity}'):
            self.assertGreater(len(self.refused(raw)), 5)

    def test_a_result_with_one_wrong_value_is_refused(self):
        good = json.loads(result("tests/bench/data/measured.json"))
        wrong = [("version", 1), ("rows", {}), ("busy", "no"), ("load", "1"), ("load", 1e300), ("load", 1e-300), ("machine", [])]
        rows = [("name", "../x"), ("name", "signal_take"), ("subjects", []), ("rounds", "3"), ("gates", None),
                ("subjects", {"efd": {"median": 1, "min": 2, "max": 3}}), ("series", {"name": "a", "by": "b", "at": 0}),
                ("kernel_over_efd", 3), ("latency", {"of": "", "subjects": {"efd": {"max": 1, "buckets": [[2, 1], [1, 1]]}}}),
                ("latency", {"of": "", "subjects": {"efd": {"max": 1, "buckets": [[1, -1]]}}})]  # fmt: skip
        for key, value in wrong:
            self.refused(json.dumps({**good, key: value}).encode())
        for key, value in rows:
            changed = copy.deepcopy(good)
            changed["rows"][0][key] = value
            self.refused(json.dumps(changed).encode())
        measured.read(json.dumps(good).encode())


if __name__ == "__main__":
    REPOSITORY = sys.argv.pop(1)
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.join(REPOSITORY, "bench", "report"))
    import measured
    import page

    unittest.main()
