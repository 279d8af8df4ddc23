# SPDX-License-Identifier: MIT
"""tests/package/site.py: scripts/site builds a site whose links lead somewhere and that loads nothing from elsewhere.

    site.py REPOSITORY WORK

Links to other hosts are followed by nobody. Before it looks at the site it looks at a page with each fault, of which all must
be found.
"""

import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "srcset"), ("object", "data"), ("embed", "src")}
FEWEST_LINKS = 2000
PAGES = ("index.html", "man/efd.1.html", "man/efd_create.3.html", "man/efd.7.html", "reference/classefd_1_1eventfd.html")


class Page(HTMLParser):
    """What a page links to, what it loads, and the names of places in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.names = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name"):
                self.names.add(value)
            elif (tag, name) in LOADED or (tag, name) == ("a", "href"):
                self.links.append((value or "", (tag, name) in LOADED))


def faults(pages, there):
    """pages: path to Page. there(path): whether a file is there."""
    for path, page in pages.items():
        for link, is_loaded in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if is_loaded and parts.scheme not in ("data", "javascript"):
                    yield f"{path} loads {link}"
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(path), unquote(parts.path))) if parts.path else path
            if not there(target):
                yield f"{path} leads to {link}, which is not there"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].names:
                yield f"{path} leads to {link}: {target} has no such place"


def try_faults():
    bad = '<a id="a" href="#b"></a><a href="gone.html"></a><script src="https://example.org/x.js"></script><img src="//example.org/x">'
    found = list(faults({"p.html": Page(bad + '<a href="#a"></a><a href="https://example.org"></a>')}, lambda path: path == "p.html"))
    if len(found) != 4:
        sys.exit(f"of four faults these were found: {found}")


def main(repository, work):
    try_faults()
    for tool in "doxygen", "mandoc":
        if shutil.which(tool) is None and os.environ.get("CI") != "true":
            print(f"{tool} is not installed")
            return 77
    subprocess.run([sys.executable, "-B", f"{repository}/scripts/site", work], check=True)
    pages = {path.relative_to(work).as_posix(): Page(path.read_text(encoding="utf-8", errors="replace")) for path in Path(work).rglob("*.html")}
    found = sorted(set(faults(pages, lambda path: (Path(work) / path).exists())))
    found += [f"there is no {page}" for page in PAGES if page not in pages]
    links = sum(len(page.links) for page in pages.values())
    if links < FEWEST_LINKS:
        found.append(f"only {links} links")
    print(*found, sep="\n")
    print(f"{len(pages)} pages, {links} links, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], str(Path(sys.argv[2]).resolve())))
