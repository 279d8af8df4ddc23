#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that was built with another version of efd is refused, or runs, as the versions say: before 1.0 each minor
# version is refused, from 1.0 on each major one, a patch never.
#   abi.sh INCLUDE_DIRECTORY LIBDIR WORK CC CXX READELF NM VERSION SOURCE_DIRECTORY
# Other versions are this tree's headers with another number and, in a clone that has the tag of a release, the headers of
# the last one. Each links to a library that has the names the program needs, and does nothing. The program runs with the
# installed library.
set -eu
include="$1" libdir="$2" work="$3" cc="$4" cxx="$5" readelf="$6" nm="$7" version="$8" source="$9"
rm -rf "$work"
mkdir -p "$work"
major="${version%%.*}" rest="${version#*.}"
minor="${rest%%.*}" patch="${rest#*.}"

fail() {
    echo "$1" >&2
    exit 1
}

# abi_of MAJOR MINOR
abi_of() { if [ "$1" = 0 ]; then echo "0.$2"; else echo "$1"; fi; }
# mangled ABI: the inline namespace as it stands in a C++ symbol.
mangled() {
    namespace="v$(echo "$1" | tr . _)"
    echo "${#namespace}$namespace"
}

ours="$(abi_of "$major" "$minor")"
"$readelf" -d "$libdir/libefd.so" | grep -q "SONAME.*\[libefd.so.$ours\]" || fail "the library is not libefd.so.$ours"
# All that is shown has the version, and all C++ names are in the namespace.
shown="$("$nm" --dynamic --defined-only "$libdir/libefd.so" | sed 's/.* //' | grep -v "^EFD_$ours\$")"
if echo "$shown" | grep -v "@@EFD_$ours\$"; then fail "the lines above are not of EFD_$ours"; fi
if echo "$shown" | grep '^_Z' | grep -v "N\?K\?3efd$(mangled "$ours")"; then fail "the lines above are not versioned"; fi
if "$nm" -C "$libdir/libefd.a" 2>/dev/null | grep 'efd::EFD_ABI\|efd::core::\|efd::base::'; then
    fail "the lines above are not in the namespace of the version: the file does not include base/cxx20.hpp"
fi

cat >"$work/program.cpp" <<'PROGRAM'
#include <efd/efd.h>
#include <efd/wait_set.hpp>
int main() {
    efd::eventfd object;
    efd::wait_set set;
    (void)set.add(object, 7);
    object.signal();
    efd::set_event got{};
    if (set.try_any(got) != std::errc{} || got.token != 7 || got.value != 1) return 1;
    efd_t* const in_c = efd_create(2, 0);
    std::uint64_t value = 0;
    if (efd_read(in_c, &value) != 0 || value != 2) return 1;
    efd_put(in_c);
    return efd_version() / 10000 == EFD_VERSION_MAJOR ? 0 : 1;
}
PROGRAM

# build_with MAJOR MINOR PATCH [HEADERS]: the program, built with that version.
build_with() {
    abi="$(abi_of "$1" "$2")" there="$work/$1.$2.$3${4:+.tagged}"
    mkdir -p "$there"
    cp -r "${4:-$include}" "$there/include"
    sed -i "s/\(define EFD_VERSION_MAJOR\) .*/\1 $1/; s/\(define EFD_VERSION_MINOR\) .*/\1 $2/
            s/\(define EFD_VERSION_PATCH\) .*/\1 $3/" "$there/include/efd/version.h"
    "$cxx" -std=c++20 -c -I "$there/include" "$work/program.cpp" -o "$there/program.o"
    "$readelf" -sW "$there/program.o" | awk '$7 == "UND" && $8 ~ /efd/ { n += 1
        if ($4 == "TLS") printf "extern __thread int s%d __asm__(\"%s\"); __thread int s%d;\n", n, $8, n
        else printf "void s%d(void) __asm__(\"%s\"); void s%d(void) {}\n", n, $8, n }' >"$there/names.c"
    printf 'EFD_%s { global: *; };\n' "$abi" >"$there/names.map"
    "$cc" -w -fPIC -shared "-Wl,--version-script=$there/names.map" "-Wl,-soname,libefd.so.$abi" "$there/names.c" \
        -o "$there/libefd.so"
    "$cxx" "$there/program.o" -o "$there/program" -L "$there" -lefd -pthread
}

# refused PROGRAM DIRECTORY SENTENCE: it does not start with the libraries of DIRECTORY, and the loader says so.
refused() {
    if said="$(LD_LIBRARY_PATH="$2" "$1" 2>&1)"; then fail "$1 runs with the libraries of $2"; fi
    echo "$said"
    case "$said" in *"$3"*) ;; *) fail "the loader should say: $3" ;; esac
}

build_with "$major" "$minor" $((patch + 1))
LD_LIBRARY_PATH="$libdir" "$work/$major.$minor.$((patch + 1))/program" || fail "another patch version is refused"

# judge: what build_with has made runs if its ABI is ours, and is refused otherwise.
judge() {
    if [ "$abi" = "$ours" ]; then
        LD_LIBRARY_PATH="$libdir" "$there/program" || fail "$there is refused"
        return
    fi
    refused "$there/program" "$libdir" "libefd.so.$abi"
    mkdir "$there/renamed" # a library under a name that it has not
    cp "$libdir/libefd.so" "$there/renamed/libefd.so.$abi"
    refused "$there/program" "$there/renamed" "EFD_$abi"
    if "$cxx" "$there/program.o" -o "$there/other" -L "$libdir" -lefd -pthread 2>"$there/said"; then
        fail "objects that were compiled with $there link to $version"
    fi
}

others="$major.$((minor + 1)).0 $((major + 1)).0.0"
[ "$minor" = 0 ] || others="$others $major.$((minor - 1)).0"
for other in $others; do
    minors="${other#*.}"
    build_with "${other%%.*}" "${minors%%.*}" 0
    judge
done

tag="$(git -C "$source" describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true)"
if [ -n "$tag" ]; then
    git -C "$source" archive --prefix=tagged/ "$tag" include | tar -x -C "$work"
    number() { sed -n "s/.*define EFD_VERSION_$1 //p" "$work/tagged/include/efd/version.h"; }
    build_with "$(number MAJOR)" "$(number MINOR)" "$(number PATCH)" "$work/tagged/include"
    judge
fi
echo "$version: refuses what it should, runs what it should; the last release: ${tag:-none has a tag here}"
