#!/bin/sh
# A program that was built with another version of efd is refused, or runs, as the versions say: before 1.0 each minor
# version is refused, from 1.0 on each major one, a patch never.
#   abi.sh INCLUDE_DIRECTORY LIBDIR WORK CC CXX READELF NM VERSION
# The other version is this tree's headers with another number, and a library to link to that shows what ours shows, under
# that version's names, and does nothing. The program runs with the installed library.
set -eu
include="$1" libdir="$2" work="$3" cc="$4" cxx="$5" readelf="$6" nm="$7" version="$8"
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

# build_with MAJOR MINOR PATCH: the program, built with that version.
build_with() {
    abi="$(abi_of "$1" "$2")" there="$work/$1.$2.$3"
    mkdir -p "$there"
    cp -r "$include" "$there/include"
    sed -i "s/\(define EFD_VERSION_MAJOR\) .*/\1 $1/; s/\(define EFD_VERSION_MINOR\) .*/\1 $2/
            s/\(define EFD_VERSION_PATCH\) .*/\1 $3/" "$there/include/efd/version.h"
    "$readelf" --dyn-syms -W "$libdir/libefd.so" | sed -n "s/.* \(FUNC\|TLS\) .* \([^ ]*\)@@EFD_.*/\1 \2/p" |
        sed "s/3efd$(mangled "$ours")/3efd$(mangled "$abi")/g" |
        awk '{ n += 1
               if ($1 == "TLS") printf "extern __thread int s%d __asm__(\"%s\"); __thread int s%d;\n", n, $2, n
               else printf "void s%d(void) __asm__(\"%s\"); void s%d(void) {}\n", n, $2, n }' >"$there/names.c"
    printf 'EFD_%s { global: *; };\n' "$abi" >"$there/names.map"
    "$cc" -w -fPIC -shared "-Wl,--version-script=$there/names.map" "-Wl,-soname,libefd.so.$abi" "$there/names.c" \
        -o "$there/libefd.so"
    "$cxx" -std=c++20 -c -I "$there/include" "$work/program.cpp" -o "$there/program.o"
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

others="$major.$((minor + 1)).0 $((major + 1)).0.0"
[ "$minor" = 0 ] || others="$others $major.$((minor - 1)).0"
for other in $others; do
    minors="${other#*.}"
    build_with "${other%%.*}" "${minors%%.*}" 0
    if [ "$abi" = "$ours" ]; then
        LD_LIBRARY_PATH="$libdir" "$there/program" || fail "$other is refused"
        continue
    fi
    refused "$there/program" "$libdir" "libefd.so.$abi"
    mkdir "$there/renamed" # a library under a name that it has not
    cp "$libdir/libefd.so" "$there/renamed/libefd.so.$abi"
    refused "$there/program" "$there/renamed" "EFD_$abi"
    if "$cxx" "$there/program.o" -o "$there/other" -L "$libdir" -lefd -pthread 2>"$there/said"; then
        fail "objects that were compiled with $other link to $version"
    fi
done
echo "$version: refuses what it should, runs what it should"
