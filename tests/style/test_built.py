# SPDX-License-Identifier: MIT
"""tests/style/test_built.py: built.py is shown a test that no list of commands has, and must find it."""

import unittest

import built


class Built(unittest.TestCase):
    def test_a_test_that_no_list_adds_is_found(self):
        tests = ["tests/share/lives/a_test.cpp", "tests/adapters/uv_test.cpp", "tests/core/b_test.cpp"]
        commands = "build x/b_test.cpp.o: CXX ../tests/core/b_test.cpp"
        self.assertEqual(1, len(list(built.not_built(tests, commands, False))))
        self.assertEqual(2, len(list(built.not_built(tests, commands, True))))


if __name__ == "__main__":
    unittest.main()
