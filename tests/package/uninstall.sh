#!/bin/sh
# SPDX-License-Identifier: MIT
# What scripts/install puts down it takes away again, and nothing else; what it says to type is right.
#   uninstall.sh REPOSITORY BUILD_DIRECTORY WORK
set -eu
install="$1/scripts/install" build="$2" work="$3"
rm -rf "$work"
mkdir -p "$work/prefix/lib" "$work/root"
cd "$work" # where the records of this test are kept
unset DESTDIR
prefix="$work/prefix"
touch "$prefix/lib/anothers"

fail() {
    echo "$1" >&2
    exit 1
}

# all_below DIRECTORY: every path in it, on one line.
all_below() { (cd "$1" && find . -mindepth 1 | LC_ALL=C sort | xargs); }

"$install" do "$prefix" "$build" >said
"$prefix/bin/efd" --version
[ "$(PATH="$prefix/bin:$PATH" && command -v efd)" = "$prefix/bin/efd" ]
libraries="$(dirname "$(find "$prefix" -name libefd.so)")"
for line in "export LD_LIBRARY_PATH=$libraries" "export PKG_CONFIG_PATH=$libraries/pkgconfig" \
    "export PATH=$prefix/bin:\$PATH" "-DCMAKE_PREFIX_PATH=$prefix"; do
    grep -qF -- "$line" said || fail "not said: $line"
done
readelf -S "$prefix/bin/efd" "$libraries/libefd.so" | grep -q '\.debug_info' && fail "not stripped"

touch "$prefix/include/efd/later"
"$install" undo "$prefix"
left="$(all_below "$prefix")"
[ "$left" = "./include ./include/efd ./include/efd/later ./lib ./lib/anothers" ] || fail "left: $left"
"$install" undo "$prefix" 2>said && fail "it was taken away twice"
grep -q "has no record of an installation below $prefix" said || fail "said: $(cat said)"

# A packager's tree.
export DESTDIR="$work/root"
"$install" do /usr/local "$build"
[ -x "$work/root/usr/local/bin/efd" ] || fail "nothing below DESTDIR"
"$install" undo /usr/local
[ -z "$(all_below "$work/root")" ] || fail "left below DESTDIR: $(all_below "$work/root")"
