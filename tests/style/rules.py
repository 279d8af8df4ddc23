# SPDX-License-Identifier: MIT
"""tests/style/rules.py: what a source file must keep to; STYLE of this project as far as a machine can hold it.

Each rule is a generator over one Source that yields (line, what is wrong); RULES is the list, in the order of the
report. `files` is the set of all paths of the repository, for rules that look beyond one file. test_rules.py shows each
rule a sample that breaks it.
"""

import re
from pathlib import PurePosixPath

from source import LEVELS, LIBRARY_ROOMS, NEIGHBOURS, room_of
from words import GONE, GONE_NAMES

LONGEST_FUNCTION = 59
LONGEST_FILE = 399
BANNED_WORDS = {"manager", "helper", "util", "impl", "managers", "helpers", "utils"}
ATOMIC_DOOR = "include/efd/detail/base/atomic.hpp"
ATOMIC_ROOMS = ("src/base/", "src/os/", "src/core/", "src/watch/", "src/share/", "src/file/", "src/api/",
                "src/dropin/", "include/")
ORDER = re.compile(r"\b(?:relaxed|acquire|release|acq_rel)\b")
ATOMIC_CALL = re.compile(
    r"(?:\.|->)\s*(load|store|exchange|compare_exchange_weak|compare_exchange_strong|fetch_\w+)\s*(\()"
)
ATOMIC_NAME = re.compile(r"\batomic\s*<[^;{}()]*>\s*(\w+)\s*[;{=(]")
DECLARED = re.compile(r"(?:\b(?!return\b|else\b|do\b)\w+|[>*&])[ \t]+$")
SYSTEM_HEADERS = re.compile(
    r"^(?:linux/.*|asm/.*|sys/(?!cdefs\.h$).*|unistd\.h|sched\.h|fcntl\.h|poll\.h|signal\.h|csignal|time\.h|ctime"
    r"|semaphore\.h|spawn\.h|dirent\.h|dlfcn\.h)$"
)
# efd.h takes the flags' names, and struct iovec, from the headers that C programs include for the kernel's object.
SYSTEM_HEADERS_ALLOWED = {("include/efd/efd.h", "sys/eventfd.h"), ("include/efd/efd.h", "sys/uio.h")}
LICENSE = "SPDX-License-Identifier: MIT"
PLATFORM = re.compile(r"\b(?:__linux__|__x86_64__|__i386__|__aarch64__|__arm__|__riscv|__powerpc\w*|__s390\w*)\b")


def target_of(source, quoted, what, files):
    """The repository path that an #include means, or None for one from outside."""
    beside = str(PurePosixPath(source.path).parent / what)
    candidates = [f"include/{what}", f"src/{what}", f"tests/{what}", f"verify/{what}", what]
    for candidate in ([beside] if quoted else []) + candidates:
        if candidate in files:
            return candidate
    return None


def layers(source, files):
    """Includes go downward only."""
    if not source.is_cpp:
        return
    if source.level is None:
        yield 1, f"room '{source.room}' has no level; give it one in tests/style/source.py"
        return
    for line, quoted, what in source.includes():
        target = target_of(source, quoted, what, files)
        if target is None:
            if quoted or what.startswith("efd/"):
                yield line, f'"{what}" is no file of this repository; use <> for what comes from outside'
            continue
        room = room_of(target)
        level = LEVELS.get(room)
        if room == source.room or (source.room, room) in NEIGHBOURS:
            continue
        if level is None or level >= source.level:
            yield line, f"{source.room} ({source.level}) includes {target} of {room} ({level}); includes go downward"


def function_length(source, _files):
    """Functions are short."""
    if not source.is_cpp:
        return
    for name, first, last in source.functions():
        if last - first + 1 > LONGEST_FUNCTION:
            yield first, f"function {name} has {last - first + 1} lines; {LONGEST_FUNCTION} at most"


def file_length(source, _files):
    """Files are short; a model is one program, which spin has no way to divide."""
    if source.path.endswith(".pml"):
        return
    lines = source.text.count("\n")
    if lines > LONGEST_FILE:
        yield lines, f"the file has {lines} lines; {LONGEST_FILE} at most"


def atomics_door(source, _files):
    """Atomics come through base/atomic.hpp, so that a model can stand in for them."""
    if not source.is_cpp or not source.path.startswith(ATOMIC_ROOMS) or source.path == ATOMIC_DOOR:
        return
    for line, _, what in source.includes():
        if what in ("atomic", "stdatomic.h"):
            yield line, f"<{what}>: atomics come through <efd/detail/base/atomic.hpp>"
    for place in re.finditer(r"\bstd::(?:atomic|memory_order)\w*|\b__atomic_\w+|\b__sync_\w+|\b_Atomic\b", source.code):
        yield source.line_of(place.start()), f"{place[0]}: atomics come through <efd/detail/base/atomic.hpp>"


def arguments_at(code, opening):
    """What stands between the parenthesis at `opening` and its partner."""
    depth = 0
    for place in re.finditer(r"[()]", code[opening:]):
        depth += 1 if place[0] == "(" else -1
        if depth == 0:
            return code[opening + 1 : opening + place.start()]
    return code[opening + 1 :]


def named_orders(source, _files):
    """Every atomic operation names its order, a compare-and-swap both of its orders."""
    if not source.is_cpp or not source.path.startswith(ATOMIC_ROOMS):
        return
    for place in ATOMIC_CALL.finditer(source.code):
        named = len(ORDER.findall(arguments_at(source.code, place.start(2))))
        wanted = 2 if place[1].startswith("compare_exchange") else 1
        if named < wanted:
            yield source.line_of(place.start()), f"{place[1]} names {named} of its {wanted} memory orders"
    for name in set(ATOMIC_NAME.findall(source.code)):
        hidden = rf"(?:\+\+|--)\s*{name}\b(?!\s*(?:\.|->|\())|(?<![\w.]){name}\s*(?:\+\+|--|[-+|&^]?=(?!=))"
        for place in re.finditer(hidden, source.code):
            before = source.code[source.code.rfind("\n", 0, place.start()) + 1 : place.start()]
            if "atomic" in before or DECLARED.search(before):
                continue  # its declaration, or that of another object with the same name
            yield source.line_of(place.start()), f"{name} is atomic; an operator names no memory order"


def system_calls_door(source, _files):
    """System calls and the platform stand behind src/os alone; the drop-in, which stands in their place, has them too."""
    if not source.in_library or source.room in ("os", "dropin"):
        return
    for line, _, what in source.includes():
        if SYSTEM_HEADERS.match(what) and (source.path, what) not in SYSTEM_HEADERS_ALLOWED:
            yield line, f"<{what}>: system calls are made in src/os alone"
    for place in re.finditer(r"\bsyscall\s*\(", source.code):
        yield source.line_of(place.start()), "syscall(): system calls are made in src/os alone"
    for number, line in enumerate(source.uncommented.splitlines(), 1):
        if re.match(r"\s*#\s*(?:if|ifdef|ifndef|elif)\b", line) and PLATFORM.search(line):
            yield number, "platforms are told apart in src/os alone"


def file_card(source, _files):
    """A file begins with what it is; in the library, the command and the bench it begins with its own name."""
    lines = [line for line in source.text.splitlines() if not line.startswith("#!") and LICENSE not in line]
    if not source.is_cpp:
        first = lines[0] if lines else ""
        if not re.match(r'#|"""|//|/\*', first):
            yield 1, "no file card: the file does not begin with a comment that says what it is"
        return
    if not lines or not lines[0].startswith(("// ", "/* ")):
        yield 1, "no file card: the file does not begin with a comment that says what it owns"
        return
    if source.path.startswith(("src/", "include/", "conformance/", "bench/")):
        name = lines[0][3:].split(":")[0]
        if "/" not in name or not f"/{source.path}".endswith(f"/{name}"):
            yield 1, f"the file card begins with '{name}', not with the file's own path and a colon"


LICENSE_FORMS = (f"// {LICENSE}", f"/* {LICENSE} */", f"# {LICENSE}")
LICENSE_FORM_OF = {
    ".cpp": 0, ".hpp": 0, ".js": 0, ".c": 1, ".h": 1, ".pml": 1, ".py": 2, ".sh": 2, ".cmake": 2, ".map": 2, ".supp": 2, ".in": 2,
}  # fmt: skip


def license_line(source, _files):
    """The first line names the licence; the second where the first is #!."""
    suffix = PurePosixPath(source.path).suffix
    lines = [line for line in source.text.splitlines()[:2] if not line.startswith("#!")]
    # A file without such an ending (a script, a header of explorer/std) has the form of its other comments.
    form = LICENSE_FORM_OF.get(suffix, 0 if any(line.startswith("//") for line in lines) else 2)
    if not lines or lines[0] != LICENSE_FORMS[form]:
        yield 2 if source.text.startswith("#!") else 1, f"the licence is not named here: {LICENSE_FORMS[form]}"


# Calls that do nothing but let time pass; in C++ a name of ours may be `sleep`, so that the plain one is libc's alone.
SLEEPING = {
    (".cpp", ".hpp"): re.compile(
        r"\b(?:usleep|nanosleep|clock_nanosleep|sleep_for|sleep_until|thrd_sleep)\s*\(|(?<![\w>])::\s*sleep\s*\("
        r"|(?<!_)\bpoll\s*\(\s*(?:nullptr|NULL)\b"
    ),
    (".c", ".h"): re.compile(r"\b(?:sleep|usleep|nanosleep|clock_nanosleep|thrd_sleep)\s*\(|\bpoll\s*\(\s*NULL\b"),
    (".py",): re.compile(r"\b(?:time|asyncio)\s*\.\s*sleep\s*\(|\bimport\s+sleep\b"),
    (".sh",): re.compile(r"\bsleep\s+[\d$.\"]"),
}
NEVER_SLEEP = ("tests/", "verify/", "conformance/", "bench/", "examples/")
WHY_IT_SLEEPS = re.compile(r"(?://|#|/\*)\s*(?:pace|delay): \w")


def no_sleep(source, _files):
    """Time stands for no event: what sleeps says that it is a pace between looks or a delay that is meant, and why."""
    called = next((found for endings, found in SLEEPING.items() if source.path.endswith(endings)), None)
    if called is None or not source.path.startswith(NEVER_SLEEP):
        return
    lines = source.text.splitlines()
    for place in called.finditer(source.uncommented if source.path.endswith(".sh") else source.code):
        line = source.line_of(place.start())
        if not WHY_IT_SLEEPS.search(lines[line - 1]):
            yield line, f"{place[0].strip()}: wait for the event; or say `pace:` or `delay:` and why, on the same line"


UNVERSIONED = re.compile(r"^namespace efd(?:::(?:core|base))?\s*\{", re.MULTILINE)


def versioned_names(source, _files):
    """What a header shows to users' code stands in the inline namespace of the ABI, and so do core and base."""
    if not source.in_library:
        return
    for place in UNVERSIONED.finditer(source.code):
        if "::" in place[0] or source.path.startswith("include/"):
            yield source.line_of(place.start()), f"{place[0]} ... say efd::EFD_ABI (base/cxx20.hpp)"


def words_of(name):
    return [word.lower() for part in name.split("_") for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", part)]


def banned_words(source, _files):
    """Names that say nothing."""
    for word in words_of(re.sub(r"\W", "_", source.path)):
        if word in BANNED_WORDS:
            yield 1, f"'{word}' in the file's path says nothing about what it is"
    if not source.is_cpp:
        return
    seen = set()
    for place in re.finditer(r"\b[A-Za-z_]\w*", source.code):
        banned = BANNED_WORDS.intersection(words_of(place[0]))
        if banned and place[0] not in seen:
            seen.add(place[0])
            yield source.line_of(place.start()), f"'{place[0]}' says nothing about what it is"


def gone_words(source, _files):
    """Words that were replaced stay gone: in names and comments, some in names alone; not in what a program prints or
    is given."""
    if source.path.startswith("tests/style/"):
        return  # the table of the words, and samples
    text = source.without_literals if source.is_cpp else source.text
    for word, (instead, places) in GONE.items():
        if not source.path.startswith(places):
            continue
        for place in re.finditer(rf"\b{word}\b", text, re.IGNORECASE):
            yield source.line_of(place.start()), f"'{place[0]}' is gone: say {instead} (docs/glossary.md)"
    for word, (instead, places) in GONE_NAMES.items():
        if not source.path.startswith(places):
            continue
        for place in re.finditer(rf"(?<!::)\b{word}\b", source.code):
            yield source.line_of(place.start()), f"the name '{word}' is gone: say {instead} (docs/glossary.md)"


RULES = [
    layers, function_length, file_length, atomics_door, named_orders, system_calls_door, file_card, license_line,
    no_sleep, versioned_names, banned_words, gone_words,
]  # fmt: skip
assert LIBRARY_ROOMS <= LEVELS.keys()
