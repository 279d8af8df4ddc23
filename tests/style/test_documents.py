# SPDX-License-Identifier: MIT
"""tests/style/test_documents.py: a quotation that is not what stands in the file is found."""

import sys
import unittest

from documents import quotes

FILE = ["int a() {", "    int b = 1;", "", "    return b;", "}", ""]


def found(block):
    return list(quotes("docs/x.md", f"Text.\n\n```cpp src/a.cpp\n{block}```\n", lambda _: FILE))


class Quotes(unittest.TestCase):
    def test_lines_with_another_indent_are_a_quotation(self):
        self.assertEqual(found("int b = 1;\n\nreturn b;\n"), [])

    def test_a_whole_file_is_a_quotation(self):
        self.assertEqual(found("\n".join(FILE[:-1]) + "\n"), [])

    def test_another_line_is_found(self):
        self.assertEqual(len(found("int b = 2;\n")), 1)

    def test_a_gap_is_found(self):
        self.assertEqual(len(found("int b = 1;\nreturn b;\n")), 1)

    def test_a_part_of_a_line_is_found(self):
        self.assertEqual(len(found("int b\n")), 1)

    def test_an_empty_quotation_is_found(self):
        self.assertEqual(len(found("")), 1)


if __name__ == "__main__":
    sys.exit(unittest.main())
