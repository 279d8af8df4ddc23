#!/bin/sh
# SPDX-License-Identifier: MIT
# The source tarball has what git knows, is the same bytes when it is made again, later and in another place, also out of
# the unpacked tarball, where there is no git; and it configures there.
#   dist.sh REPOSITORY WORK CMAKE CC CXX
set -eu
repository="$1" work="$2" cmake="$3" cc="$4" cxx="$5"
rm -rf "$work"
mkdir -p "$work/unpacked"

fail() {
    echo "$1" >&2
    exit 1
}

first="$("$repository/scripts/dist" "$work/first")"
tar -xzf "$first" --strip-components=1 -C "$work/unpacked"
for part in CMakeLists.txt LICENSE Makefile src/core/context.cpp packaging/debian/control scripts/deb; do
    [ -s "$work/unpacked/$part" ] || fail "the tarball lacks $part"
done
[ ! -e "$work/unpacked/.git" ] && [ ! -e "$work/unpacked/build" ] || fail "the tarball has .git or build/"
[ "$(tar -tzf "$first" | grep -cv '^efd-[0-9.]*/')" = 0 ] || fail "the tarball does not unpack into a directory of its own"

# Other modes, another order of files on the disk, other dates, something built, and no git.
(umask 077 && cp -r "$work/unpacked" "$work/copy")
mkdir "$work/copy/build"
touch "$work/copy/build/something" "$work/copy/CMakeLists.txt"
second="$(umask 077 && PATH="$PATH" TZ=Asia/Tokyo LC_ALL=C "$work/copy/scripts/dist" "$work/second")"
cmp "$first" "$second" || fail "the tarball of the unpacked tarball is another one"

echo "// another line" >>"$work/copy/src/core/context.cpp" # a change must show
third="$("$work/copy/scripts/dist" "$work/third")"
if cmp -s "$first" "$third"; then fail "the tarball does not have the file that was changed"; fi

"$cmake" -S "$work/unpacked" -B "$work/unpacked/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
    -DEFD_BUILD_COMMAND=OFF -DEFD_BUILD_EXAMPLES=OFF -DEFD_BUILD_TESTS=OFF >"$work/said" 2>&1 || {
    cat "$work/said" >&2
    fail "the unpacked tarball does not configure"
}
rm -rf "$work/copy" "$work/unpacked"
echo "$(basename "$first"): $(tar -tzf "$first" | wc -l) files, made twice"
