#!/bin/sh
# Each public header compiles alone, twice in one file, and without a warning; efd.h from C89 and from C++98 on.
#   headers.sh INCLUDE_DIRECTORY CC CXX
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
headers="$(cd "$include" && find efd -name '*.h' -o -name '*.hpp' | LC_ALL=C sort)"
for header in $headers; do
    compiles "$header" "$cxx" -x c++ -std=c++20 $strict_cxx
done
echo "$checked compilations, $(echo "$headers" | wc -l) headers"
[ -n "$headers" ] && [ $failed -eq 0 ]
