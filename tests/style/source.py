# SPDX-License-Identifier: MIT
"""tests/style/source.py: one source file of the repository as the style rules look at it.

`text` is the file, `uncommented` the same with comments blanked, `without_literals` with literals blanked, `code` with
comments, literals and preprocessor lines blanked; all have the same length, so an offset means the same place in each. `room` and `level` say where in the
house the file stands. The functions of a C or C++ file are found by their braces, without a compiler.
"""

import re
from pathlib import PurePosixPath

# Who may include whom: a file may include its own room and every room of a lower level.
LEVELS = {
    "base": 0, "os": 1, "core": 2, "watch": 3, "share": 3, "file": 3, "api": 4, "common": 5,
    "conformance": 6, "bench": 6, "dropin": 6, "cli": 7, "examples": 8, "bindings": 8, "support": 8, "verify": 9, "tests": 10,
}  # fmt: skip
# Of two rooms on one level, the first may include the second.
NEIGHBOURS = {("file", "watch")}
LIBRARY_ROOMS = {"base", "os", "core", "watch", "share", "file", "api", "dropin"}

TOKENS = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<literal>R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+')|[0-9][0-9A-Za-z'.]*",
    re.DOTALL,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def blank(piece):
    return re.sub(r"[^\n]", " ", piece)


def room_of(path):
    """The room of a path: src/ROOM/, tests/support, verify/common, the top directory, or for the headers as include/efd/detail is divided."""
    parts = PurePosixPath(path).parts
    if parts[0] == "src" and len(parts) > 2 or parts[:2] in (("tests", "support"), ("verify", "common")):
        return parts[1]
    if parts[:2] == ("include", "efd"):
        if parts[2:] == ("version.h",):
            return "base"  # names the inline namespace of all C++ headers
        return parts[3] if parts[2:3] == ("detail",) and parts[3] in LEVELS else "api"
    return parts[0]


class Source:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.room = room_of(path)
        self.level = LEVELS.get(self.room)
        self.uncommented = TOKENS.sub(lambda m: blank(m[0]) if m["comment"] else m[0], text)
        self.without_literals = TOKENS.sub(lambda m: blank(m[0]) if m["literal"] else m[0], text)
        no_literals = TOKENS.sub(lambda m: '"' + blank(m[0][2:]) + '"' if m["literal"] else m[0], self.uncommented)
        self.code = DIRECTIVE.sub(lambda m: blank(m[0]), no_literals)

    @property
    def is_cpp(self):
        return self.path.endswith((".cpp", ".hpp", ".h", ".c"))

    @property
    def in_library(self):
        return self.is_cpp and self.path.startswith(("src/", "include/")) and self.room in LIBRARY_ROOMS

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def includes(self):
        """Each #include as (line, whether quoted, what)."""
        return [(self.line_of(m.start()), m[1] == '"', m[2]) for m in INCLUDE.finditer(self.uncommented)]

    def functions(self):
        """Each function with a body as (name, first line, last line)."""
        return [(name, self.line_of(first), self.line_of(last)) for name, first, last in find_functions(self)]


SCOPE = re.compile(r"^(?:namespace|class|struct|union|extern)\b")
LABELS = re.compile(r"^(?:\s*(?:public|private|protected)\s*:(?!:))*\s*")
ATTRIBUTES = re.compile(r"\[\[.*?\]\]|(?:alignas|__attribute__|EFD_\w*)\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
TEMPLATE = re.compile(r"^template\s*<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>\s*")


def matching_brace(code, start):
    """The offset of the brace that closes the one at `start`; the end of the file if there is none."""
    depth = 0
    for place in re.finditer(r"[{}]", code[start:]):
        depth += 1 if place[0] == "{" else -1
        if depth == 0:
            return start + place.start()
    return len(code)


def plain_head(head):
    """What stands before a brace, without attributes and template parameters."""
    return TEMPLATE.sub("", ATTRIBUTES.sub("", head).strip()).strip()


def find_functions(source):
    """Each function with a body as (name, offset of its first character, offset of its last brace)."""
    code = source.code
    head_start = 0
    at = 0
    while (place := re.compile(r"[;{}]").search(code, at)) is not None:
        at = place.end()
        if place[0] != "{":
            head_start = at
            continue
        head = LABELS.sub("", code[head_start : place.start()])
        plain = plain_head(head)
        if "(" not in plain:
            if SCOPE.match(plain):
                head_start = at  # go on inside
            else:
                at = matching_brace(code, place.start()) + 1  # an enum, or a value in braces
            continue
        end = matching_brace(code, place.start())
        at = end + 1
        if plain.count("(") != plain.count(")"):
            continue  # a value among arguments
        if re.match(r"\s*[,{]", code[at:]):
            continue  # that was a member's value; the body is still to come
        first = place.start() - len(head.lstrip())
        name = re.search(r"[~\w:]+(?=\s*\()|operator[^(]*(?=\()", plain)
        yield name[0] if name else "?", first, end
        head_start = at
