#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/progress says that a silent command is alive, in a pipe and on a terminal, keeps the command's lines and its
# exit status, and says which command failed. The command here is silent until its own progress has been printed.
#   progress.sh REPOSITORY WORK
set -eu
progress="$1/scripts/progress" work="$2"
rm -rf "$work"
mkdir -p "$work"
cd "$work"

fail() {
    echo "$1; it printed:" >&2
    cat -v said >&2
    exit 1
}

cat >silent <<'SILENT'
echo "[2/9] Building CXX object src/CMakeFiles/efd_static.dir/core/ida.cpp.o"
echo "a warning"
until grep -q "try: .*efd_static: core/ida.cpp" said; do sleep 0.1; done # pace: between looks
exit "$1"
SILENT

: >said
"$progress" try sh silent 0 >>said 2>&1
grep -qx "a warning" said || fail "a line is lost"
grep -q "^\[2/9\]" said && fail "a line that only says how far it is was printed as it came"
grep -q "^try: done in " said || fail "it does not say that it is done"

: >said
status=0
"$progress" try sh silent 5 >>said 2>&1 || status=$?
[ $status -eq 5 ] || fail "exit status $status instead of 5"
grep -q "^try: failed with exit status 5 .*: sh silent 5$" said || fail "it does not say what failed"

: >said
TERM=xterm script --quiet --return --flush --command "'$progress' try sh silent 0" said >/dev/null </dev/null
[ "$(tr '\r' '\n' <said | grep -c 'try: 0:.*core/ida.cpp')" -ge 1 ] || fail "no line moves on a terminal"
