#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, twice in one file, and without warnings, as users include it with -I; those of C from
# C89 and from C++98 on. Before C++20 the first error of each C++ header says what to do.
#   headers.sh INCLUDE_DIRECTORY CC CXX [together]
# With `together` the headers of C++20 are compiled in one file: that says as much of a second compiler's warnings.
# An adapter whose card says "Needs <HEADER>" is left out if that foreign library is not installed, because libefd itself
# needs none of them; with CI=true it is never left out.
set -eu
include="$1" cc="$2" cxx="$3"
together=false old_standards="c++11 c++17"
[ "${4:-}" != together ] || together=true old_standards=c++17
strict="-pedantic -Wall -Wextra -Wshadow -Werror -fsyntax-only -I $include"
strict_cxx="$strict -Wconversion -Wsign-conversion -Wold-style-cast -Wcast-qual -Wformat=2 -Wundef"
if "$cxx" --version | grep -q clang; then
    # All warnings, without those that contradict others (an old standard, a default where all cases are named), those that
    # are the user's decision (padding, objects that live until exit), and two that glib.h and Asio cause.
    strict_cxx="$strict_cxx -Weverything -Wno-c++98-compat -Wno-c++98-compat-pedantic -Wno-c++20-compat
                -Wno-switch-default -Wno-padded -Wno-global-constructors -Wno-exit-time-destructors -Wno-weak-vtables
                -Wno-ctad-maybe-unsupported -Wno-cast-function-type-strict"
else
    strict_cxx="$strict_cxx -Wuseless-cast -Wextra-semi -Wduplicated-cond -Wlogical-op -Wnull-dereference
                -Wnon-virtual-dtor -Woverloaded-virtual -Wsuggest-override -Wzero-as-null-pointer-constant
                -Wredundant-decls -Wmissing-declarations -Wswitch-enum"
fi
failed=0
checked=0

# compiles HEADER COMPILER OPTION...
compiles() {
    header="$1"
    shift
    checked=$((checked + 1))
    printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$header" "$header" | "$@" - && return
    echo "<$header> does not compile alone with: $*" >&2
    failed=1
}

# asks_for_cxx20 HEADER STANDARD: its first error is the sentence.
asks_for_cxx20() {
    checked=$((checked + 1))
    said="$(printf '#include <%s>\n' "$1" | LC_ALL=C "$cxx" -x c++ "-std=$2" -E -Wfatal-errors -I "$include" - 2>&1 |
        grep -m 1 'error:' || true)"
    case "$said" in
    *"efd needs C++20: compile with -std=c++20"*) ;;
    *)
        echo "<$1> with -std=$2 does not begin with what to do, but says: $said" >&2
        failed=1
        ;;
    esac
}

for header in efd/efd.h efd/arena.h efd/wait_set.h efd/version.h; do
    for standard in c89 c99 c11; do
        compiles $header "$cc" -x c -std=$standard $strict
    done
    for standard in c++98 c++11; do
        compiles $header "$cxx" -x c++ -std=$standard $strict
    done
done
# Only GLib has its headers in a directory of its own.
foreign="$(pkg-config --cflags glib-2.0 2>/dev/null | sed 's/-I/-isystem /g' || true)"

# is_there HEADER: whether the foreign header that an adapter needs, if any, is installed.
is_there() {
    needed="$(sed -n 's/^\/\/.*Needs <\([^>]*\)>.*/\1/p' "$include/$1")"
    [ -n "$needed" ] || return 0
    printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$needed" | "$cxx" -x c++ -std=c++20 $foreign -E - >/dev/null 2>&1 &&
        return 0
    [ "${CI:-}" = true ] && return 0 # then it fails to compile, and says why
    echo "<$1> left out: <$needed> is not installed"
    return 1
}

headers="$(cd "$include" && find efd -name '*.h' -o -name '*.hpp' | LC_ALL=C sort)"
every_one="" # as lines of a program
for header in $headers; do
    case "$header" in
    *.hpp) for standard in $old_standards; do asks_for_cxx20 "$header" $standard; done ;;
    esac
    is_there "$header" || continue
    every_one="$every_one#include <$header>
"
    $together || compiles "$header" "$cxx" -x c++ -std=c++20 $strict_cxx $foreign
done
if $together; then
    checked=$((checked + 1))
    printf '%s' "$every_one" | "$cxx" -x c++ -std=c++20 $strict_cxx $foreign - || failed=1
fi
echo "$checked compilations, $(echo "$headers" | wc -l) headers"
[ -n "$headers" ] && [ $failed -eq 0 ]
