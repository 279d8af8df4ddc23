#!/bin/sh
# SPDX-License-Identifier: MIT
# Under valgrind, with the suppressions that are installed, nothing of efd's is lost or still reachable; without them
# something is, or the file has nothing to suppress any more.
#   valgrind.sh VALGRIND CONSUMER WORK PREFIX LIBDIR CXX
set -eu
valgrind="$1" consumer="$2" work="$3" prefix="$4" libdir="$5" cxx="$6"
rm -rf "$work"
mkdir -p "$work"
build="$cxx -std=c++20 -Wall -Wextra -Wpedantic -Werror -I $prefix/include $consumer/keeps.cpp -pthread"
$build "$libdir/libefd.a" -o "$work/static"
$build -L "$libdir" -lefd -Wl,-rpath,"$libdir" -o "$work/shared"

# checked OPTION...: exit status 9 if anything is lost or reachable.
checked() {
    "$valgrind" --quiet --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all --error-exitcode=9 "$@"
}

for kind in static shared; do
    checked --suppressions="$prefix/share/efd/efd.supp" "$work/$kind"
    status=0
    checked "$work/$kind" >"$work/found" 2>&1 || status=$?
    if [ $status -ne 9 ]; then
        echo "$kind: nothing to suppress (exit status $status); is share/efd/efd.supp still needed?" >&2
        exit 1
    fi
done
