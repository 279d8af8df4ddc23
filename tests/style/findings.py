# SPDX-License-Identifier: MIT
"""tests/style/findings.py: how a check of the documents ends: a line for each finding, then how many there are."""


def report(what, found):
    """The exit status: 1 if anything was found."""
    found = list(found)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{what}{len(found)} findings")
    return 1 if found else 0
