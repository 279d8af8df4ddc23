# SPDX-License-Identifier: MIT
"""tests/style/words.py: words that are gone, from the whole tree or from a room, and what is said instead.

docs/glossary.md has the terms. A word comes into this table when its last use in the places named is gone, so that it
stays gone. An entry is the word, what stands there now, and the places, as beginnings of paths. A word is looked for in
names and in comments, as a whole word, in small letters and in capitals; a name in snake_case is one word.
"""

EVERYWHERE = ("",)
LIBRARY_TREE = ("src/", "include/", "conformance/", "verify/models/", "bench/", "examples/")
BORDER_ROOMS = ("src/base/", "src/os/", "src/cli/", "bench/")
DROPIN_ROOM = ("src/dropin/",)
DROPIN_ROOMS = ("src/dropin/", "tests/dropin/", "verify/models/cached.pml")
CACHE_ROOMS = (*DROPIN_ROOMS, "src/cli/dropin_", "verify/explorer/cached_", "verify/explorer/scenarios_cached")
TEST_ROOMS = ("tests/dropin/", "tests/claims/", "verify/", "conformance/")

GONE = {
    "take_number": ("eventfd_create", LIBRARY_TREE),
    "take_number_apart": ("dup_high", EVERYWHERE),
    "put_behind": ("dup_onto", EVERYWHERE),
    "close_pipe": ("close_fd", EVERYWHERE),
    "close_known_bell": ("close_known_fd", EVERYWHERE),
    "learn_border": ("probe_user_limit", EVERYWHERE),
    "gone_astray": ("demote_fd", EVERYWHERE),
    "follow_top": ("sync_set_count", EVERYWHERE),
    "told": ("on_change, for a callback; sent, printed, distinguished", (*BORDER_ROOMS, *DROPIN_ROOM)),
    "whoever": ("a thread, a process, a caller: what it is", EVERYWHERE),
    "somebody": ("a thread, a process, an unseen party: what it is", DROPIN_ROOMS),
    "all_escape": ("demote_all", EVERYWHERE),
    "all_are_copied": ("demote_all", EVERYWHERE),
    "any_at_stake": ("any_not_demoted", EVERYWHERE),
    "escapes": ("demotion trigger", DROPIN_ROOM),
    "hand_back": ("flush", DROPIN_ROOMS),
    "handed_back": ("flush", DROPIN_ROOMS),
    "asking": ("kernel read", DROPIN_ROOM),
    "park": ("cache; threads park", CACHE_ROOMS),
    "parks": ("caches; threads park", CACHE_ROOMS),
    "parked": ("cached; threads are parked", CACHE_ROOMS),
    "parking": ("caching; threads park", CACHE_ROOMS),
    "unparked": ("uncached", CACHE_ROOMS),
    "era": ("generation", DROPIN_ROOMS),
    "mine": ("ticket, word, page: what it is", DROPIN_ROOM),
    "there_": ("fd_slot", DROPIN_ROOMS),
    "held_back": ("deferred work", EVERYWHERE),
    "hold_mark": ("reserve", EVERYWHERE),
    "hold_slot": ("reserve", EVERYWHERE),
    "end_hold": ("reserve", EVERYWHERE),
    "with_hold": ("reserve", EVERYWHERE),
    "without_hold": ("reserve", EVERYWHERE),
    "come_home": ("repair", EVERYWHERE),
    "bring_home": ("repair", ("src/",)),
    "move_home": ("repair", EVERYWHERE),
    "mend": ("repair", ("src/core/", "src/watch/", "src/file/", "src/os/", "include/")),
    "mends": ("repairs", ("src/core/", "src/watch/", "src/file/", "src/os/", "include/")),
    "mended": ("repaired", ("src/core/", "src/watch/", "src/file/", "src/os/", "include/")),
    "void_add": ("without effect", EVERYWHERE),
    "place_where": ("cell", ("src/core/",)),
    "take_lent_number": ("what it does: the use of the lent number ends", EVERYWHERE),
    "seat": ("slot", (*LIBRARY_TREE, *TEST_ROOMS)),
    "seats": ("slots", (*LIBRARY_TREE, *TEST_ROOMS)),
    "crew": ("subject, threads", (*LIBRARY_TREE, *TEST_ROOMS)),
    "sketch": ("plan; the eventfd that it is", (*LIBRARY_TREE, *TEST_ROOMS)),
    "campaign": ("run", (*LIBRARY_TREE, *TEST_ROOMS)),
    "stage": ("comparison, process", ("verify/fuzz/", "verify/stepper/")),
    "play": ("program", ("verify/fuzz/",)),
    "play_move": ("step", EVERYWHERE),
}

# Looked for in names alone, as sentences need these words.
CORE_ROOMS = ("src/core/", "include/efd/detail/core/")
LIBRARY_ROOMS = (*CORE_ROOMS, "src/watch/", "src/file/", "src/os/", "src/api/")
CODE_ROOMS = ("src/", "include/", "bench/rows_", "bench/report.", "bench/report_", "conformance/", "tests/core/", "tests/watch/", "tests/file/",
              "tests/share/", "tests/adapters/", "verify/common/", "verify/stress/", "verify/linearize/")
GONE_NAMES = {
    "patience": ("blocking", LIBRARY_ROOMS),
    "wait_terms": ("wait_opts", EVERYWHERE),
    "sleep_spot": ("futex_wait_key", EVERYWHERE),
    "terms": ("opts", LIBRARY_ROOMS),
    "spot": ("wait_key", CORE_ROOMS),
    "attempt": ("try_once", LIBRARY_ROOMS),
    "tidy": ("clear_stale_asleep", LIBRARY_ROOMS),
    "kick": ("wake_all_for_cancel", LIBRARY_ROOMS),
    "settle": ("clear_unless_ready", LIBRARY_ROOMS),
    "settled": ("without_asleep", LIBRARY_ROOMS),
    "may_settle": ("may_clear_asleep", EVERYWHERE),
    "arrived": ("with_arrival", LIBRARY_ROOMS),
    "claimed": ("with_claim", LIBRARY_ROOMS),
    "turn": ("generation", (*CORE_ROOMS, "verify/models/")),
    "take_turn": ("next_generation", EVERYWHERE),
    "told": ("on_change", LIBRARY_ROOMS),
    "tell": ("on_change, notify", LIBRARY_ROOMS),
    "tell_bell": ("notify_doorbell", EVERYWHERE),
    "standing_watcher": ("permanent watcher", EVERYWHERE),
    "standing": ("permanent", LIBRARY_ROOMS),
    "seal_wake_ring": ("handle_marks_after_add", EVERYWHERE),
    "write_void": ("write_slow", EVERYWHERE),
    "changed": ("on_top_change", ("src/watch/set_", "src/watch/ready_bitmap")),
    "follow": ("sync_set_count", LIBRARY_ROOMS),
    "pass_by": ("skip_closed_member", EVERYWHERE),
    "seen": ("what it is: word, count", (*LIBRARY_ROOMS, "src/cli/", "bench/rows_", "conformance/")),
    "there": ("what it is: count, queue, hook", CODE_ROOMS),
    "here": ("what it is: member, process, frame", CODE_ROOMS),
    "home": ("repair; the owner of a member", LIBRARY_ROOMS),
    "home_": ("repair", LIBRARY_ROOMS),
    "is_home": ("repair", LIBRARY_ROOMS),
    "mine": ("what it is: reference, cancel_fd", CODE_ROOMS),
}
