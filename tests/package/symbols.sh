#!/bin/sh
# SPDX-License-Identifier: MIT
# libefd.so exports exactly the C++ names of symbols.txt and the C names of the Debian package's list. Each further name
# would be a promise; without one of them, programs that were built before no longer start.
#   symbols.sh NM LIBRARY LIST DEBIAN_LIST
# The list leaves out what changes with the version: the names of the ABI, which package.abi looks at.
set -eu
nm="$1" library="$2" list="$3" debian="$4"
shown="$(mktemp)"
listed="$(mktemp)"
trap 'rm -f "$shown" "$listed"' EXIT
{ cat "$list"; sed -n 's/^ \(efd_[a-z_0-9]*\)@.*/\1/p' "$debian"; } | LC_ALL=C sort >"$listed"
"$nm" --dynamic --defined-only --demangle "$library" | sed 's/^[0-9a-f]* [A-Za-z] //' | grep -v '^EFD_[0-9.]*$' |
    sed 's/@@EFD_[0-9.]*$//; s/efd::v[0-9_]*::/efd::/g' | LC_ALL=C sort -u >"$shown"
[ -s "$shown" ]
if ! diff -u --label lists --label libefd.so "$listed" "$shown"; then
    cat >&2 <<'WHAT'

libefd.so shows other names than are listed: C names in packaging/debian, C++ names in tests/package/symbols.txt.
  +  shown, not listed: if it is meant for users, list it; if not, keep it out of src/efd.map.in or make it hidden
  -  listed, not shown: if it was never in a release, take it off the list; if it was, it must come back
To write symbols.txt anew: tests/package/symbols.sh nm BUILD/src/libefd.so /dev/null /dev/null |
    sed -n 's/^+\([^+]\)/\1/p' | grep -v '^efd_'
WHAT
    exit 1
fi
