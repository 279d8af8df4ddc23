#!/bin/sh
# SPDX-License-Identifier: MIT
# The comments of the public headers make a reference, without a warning of doxygen, and it has what users name.
#   reference.sh REPOSITORY WORK
set -eu
repository="$1" work="$2"
command -v doxygen >/dev/null || {
    echo "doxygen is not installed"
    exit 77
}
rm -rf "$work"
mkdir -p "$work"
cd "$repository"
{
    cat docs/Doxyfile
    echo "OUTPUT_DIRECTORY = $work"
} | doxygen -
for page in classefd_1_1eventfd classefd_1_1wait__set structefd_1_1wait__options efd_8h wait__set_8h arena_8h; do
    [ -s "$work/html/$page.html" ] || {
        echo "the reference has no page $page.html" >&2
        exit 1
    }
done
for name in wait_any_until set_linger; do grep -q "$name" "$work/html/classefd_1_1wait__set.html"; done
