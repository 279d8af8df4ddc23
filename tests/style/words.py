# SPDX-License-Identifier: MIT
"""tests/style/words.py: words that are gone, from the whole tree or from a room, and what is said instead.

docs/glossary.md has the terms. A word comes into this table when its last use in the places named is gone, so that it
stays gone. An entry is the word, what stands there now, and the places, as beginnings of paths. A word is looked for in
names and in comments, as a whole word, in small letters and in capitals; a name in snake_case is one word.
"""

EVERYWHERE = ("",)
LIBRARY_TREE = ("src/", "include/", "conformance/", "verify/models/", "bench/", "examples/")
BORDER_ROOMS = ("src/base/", "src/os/", "src/cli/", "bench/")

GONE = {
    "take_number": ("eventfd_create", LIBRARY_TREE),
    "take_number_apart": ("dup_high", EVERYWHERE),
    "put_behind": ("dup_onto", EVERYWHERE),
    "close_bell": ("close_fd", EVERYWHERE),
    "close_known_bell": ("close_known_fd", EVERYWHERE),
    "learn_border": ("probe_user_limit", EVERYWHERE),
    "gone_astray": ("demote_fd", EVERYWHERE),
    "follow_top": ("sync_set_count", EVERYWHERE),
    "told": ("on_change, for a callback; sent, printed, distinguished", BORDER_ROOMS),
    "whoever": ("a thread, a process, a program: what it is", BORDER_ROOMS),
    "seat": ("slot", LIBRARY_TREE),
    "crew": ("threads", LIBRARY_TREE),
    "sketch": ("plan", LIBRARY_TREE),
    "campaign": ("run", LIBRARY_TREE),
}
