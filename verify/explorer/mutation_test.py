#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What mutation.py promises: a mutant finds its place wherever that moved to, and one without a place is an error.

The last test tries every mutant of the repository, those of the long form too, without compiling them.
"""

import unittest

import mutation

CODE = """
namespace core {
void word::add(int n) {
    state_.fetch_add(n, base::acq_rel); // a comment
    if (n > 1) state_.load(base::acquire);
}

class other {
    int count() const { return state_.load(base::acquire); }
};
}
"""
BLOCK = """# a comment
name-of-it RACE: one two
    word::add `fetch_add(n,
        base::acq_rel)`
        -> `fetch_add(n, base::relaxed)`
    count `acquire` -> `relaxed`

second RACE, full: three
    word::add `if (n > 1)` -> ``
"""


def tree_of(text, path="src/core/word.cpp"):
    return mutation.Tree({path: mutation.SourceText(path, text)})


class Mutation(unittest.TestCase):
    def test_a_file_is_read(self):
        first, second = mutation.parse(BLOCK)
        self.assertEqual((first["name"], first["pair"], first["short"], first["scenarios"]),
                         ("name-of-it", "RACE", True, "one,two"))  # fmt: skip
        self.assertEqual(len(first["changes"]), 2)
        self.assertEqual((second["short"], second["changes"]), (False, [("word::add", "if (n > 1)", "")]))

    def test_the_change_is_made(self):
        changed = mutation.changed_files(tree_of(CODE), mutation.parse(BLOCK)[0])["src/core/word.cpp"]
        self.assertEqual(changed, CODE.replace("acq_rel", "relaxed").replace("load(base::acquire); }", "load(base::relaxed); }"))

    def test_lines_comments_checks_and_files_do_not_matter(self):
        moved = CODE.replace("(n, base::acq_rel)", "(\n        n, // why\n        base::acq_rel)")
        moved = moved.replace("// a comment", "EFD_CHECK(f(g(n > 1)) && acquire);")
        changed = mutation.changed_files(tree_of(moved, "src/watch/moved.hpp"), mutation.parse(BLOCK)[0])
        self.assertIn("fetch_add(n, base::relaxed)", changed["src/watch/moved.hpp"])

    def test_what_does_not_fit_once_is_an_error(self):
        for function, old in (("word::add", "release"), ("word::add", "state_"), ("nobody", "n"), ("word.cpp", "acquire")):
            with self.subTest(function=function, old=old), self.assertRaises(ValueError):
                tree_of(CODE).changed(function, old, "")

    def test_what_cannot_be_read_is_an_error(self):
        for text in ("name RACE: one", "name: one\n f `a` -> `b`", "name RACE: one\n f `a` -> `b", "name RACE: one\n f `a` `b`"):
            with self.subTest(text=text), self.assertRaises(ValueError):
                mutation.parse(text)

    def test_every_mutant_of_the_repository_fits(self):
        tree = mutation.Tree.of_repository()
        mutants = mutation.read_all()
        for mutant in mutants:
            with self.subTest(mutant=mutant["name"]):
                self.assertTrue(mutation.changed_files(tree, mutant))
        print(f"{len(mutants)} mutants, {sum(m['short'] for m in mutants)} of them in the short form")


if __name__ == "__main__":
    unittest.main()
