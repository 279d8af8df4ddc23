#!/bin/sh
# The names that libefd.so shows are exactly those of symbols.txt: no more, or they become a promise; no less, or
# programs that were built before stop to start.
#   symbols.sh NM LIBRARY LIST
# The list leaves out what changes with the version: the names of the ABI, which package.abi looks at.
set -eu
nm="$1" library="$2" list="$3"
shown="$(mktemp)"
trap 'rm -f "$shown"' EXIT
"$nm" --dynamic --defined-only --demangle "$library" | sed 's/^[0-9a-f]* [A-Za-z] //' | grep -v '^EFD_[0-9.]*$' |
    sed 's/@@EFD_[0-9.]*$//; s/efd::v[0-9_]*::/efd::/g' | LC_ALL=C sort -u >"$shown"
[ -s "$shown" ]
if ! diff -u --label symbols.txt --label libefd.so "$list" "$shown"; then
    cat >&2 <<'WHAT'

libefd.so shows other names than tests/package/symbols.txt lists.
  +  shown, not listed: if it is meant for users, list it; if not, keep it out of src/efd.map.in or make it hidden
  -  listed, not shown: if it was never in a release, take it off the list; if it was, it must come back
To write the list anew: tests/package/symbols.sh nm BUILD/src/libefd.so /dev/null | sed -n 's/^+\([^+]\)/\1/p'
WHAT
    exit 1
fi
