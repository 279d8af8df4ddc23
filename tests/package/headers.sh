#!/bin/sh
# Each public header compiles alone, twice in one file, and without a warning; efd.h from C89 and from C++98 on.
#   headers.sh INCLUDE_DIRECTORY CC CXX
# An adapter, whose card says "Needs <HEADER>" of a foreign library, is left out where that is not installed, as libefd
# itself needs none of them; not so with CI=true.
set -eu
include="$1" cc="$2" cxx="$3"
strict="-pedantic -Wall -Wextra -Wshadow -Werror -fsyntax-only -I $include"
strict_cxx="$strict -Wconversion -Wsign-conversion -Wold-style-cast"
failed=0
checked=0

# compiles HEADER COMPILER OPTION...
compiles() {
    header="$1"
    shift
    checked=$((checked + 1))
    printf '#include <%s>\n#include <%s>\nint efd_header_test;\n' "$header" "$header" | "$@" - && return
    echo "<$header> does not compile alone with: $*" >&2
    failed=1
}

for standard in c89 c99 c11; do
    compiles efd/efd.h "$cc" -x c -std=$standard $strict
done
for standard in c++98 c++11; do
    compiles efd/efd.h "$cxx" -x c++ -std=$standard $strict
done
# GLib alone has its headers in a place of its own.
foreign="$(pkg-config --cflags glib-2.0 2>/dev/null | sed 's/-I/-isystem /g' || true)"

# is_there HEADER: the foreign header that an adapter needs, if any.
is_there() {
    needed="$(sed -n 's/^\/\/.*Needs <\([^>]*\)>.*/\1/p' "$include/$1")"
    [ -n "$needed" ] || return 0
    printf '#include <%s>\n' "$needed" | "$cxx" -x c++ -std=c++20 $foreign -fsyntax-only - 2>/dev/null && return 0
    [ "${CI:-}" = true ] && return 0 # compiles will fail, and say why
    echo "<$1> left out: <$needed> is not installed"
    return 1
}

headers="$(cd "$include" && find efd -name '*.h' -o -name '*.hpp' | LC_ALL=C sort)"
for header in $headers; do
    if is_there "$header"; then compiles "$header" "$cxx" -x c++ -std=c++20 $strict_cxx $foreign; fi
done
echo "$checked compilations, $(echo "$headers" | wc -l) headers"
[ -n "$headers" ] && [ $failed -eq 0 ]
