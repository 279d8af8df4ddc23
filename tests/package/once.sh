#!/bin/sh
# SPDX-License-Identifier: MIT
# No library of ours makes anything once under a guard: a fork beside the thread that holds it leaves it closed in the
# child for ever, and so does a handler in that thread. What is made at first use is made by the
# thread that finds it missing.
#   once.sh NM COMPILER LIBRARY...
set -eu
nm="$1" compiler="$2"
shift 2
guards='__cxa_guard_acquire|__tls_guard|__once_proxy|pthread_once|call_once'
broken="$(mktemp -d)"
trap 'rm -rf "$broken"' EXIT

# A library that has such a guard is seen to have one.
cat >"$broken/guarded.cpp" <<'SOURCE'
int ask();
int known() {
    static const int answer = ask();
    return answer;
}
SOURCE
"$compiler" -c "$broken/guarded.cpp" -o "$broken/guarded.o"
"$nm" "$broken/guarded.o" | grep -Eq "$guards"

found=0
[ "$#" -gt 0 ]
for library in "$@"; do
    [ -r "$library" ]
    if { "$nm" --demangle "$library"; "$nm" --dynamic "$library"; } 2>/dev/null | grep -E "$guards|guard variable for"; then
        echo "$library makes something once, under a guard" >&2
        found=1
    fi
done
exit "$found"
