#!/bin/sh
# SPDX-License-Identifier: MIT
# Configures, builds and runs the consumer project with find_package(efd).
#   find_package.sh CMAKE CONSUMER WORK PREFIX LANGUAGE CC CXX
# With LANGUAGE C the project has no C++ compiler enabled at all.
set -eu
cmake="$1" consumer="$2" work="$3" prefix="$4" language="$5" cc="$6" cxx="$7"
rm -rf "$work"
case "$language" in
C) compilers="-DCMAKE_C_COMPILER=$cc" ;;
CXX) compilers="-DCMAKE_CXX_COMPILER=$cxx" ;;
esac
"$cmake" -S "$consumer" -B "$work" -G Ninja -DCONSUMER_LANGUAGE="$language" -DCMAKE_PREFIX_PATH="$prefix" $compilers
"$cmake" --build "$work"

# needs KIND WANTED: whether use_KIND needs libefd.so, yes or no.
needs() {
    "$work/use_$1"
    found=no
    if readelf -d "$work/use_$1" | grep -q 'NEEDED.*libefd\.so'; then found=yes; fi
    [ $found = "$2" ] && return
    echo "use_$1: needs libefd.so: $found" >&2
    exit 1
}

needs static no
needs shared yes
needs plain yes
"$cmake" "$work" -DBUILD_SHARED_LIBS=OFF
"$cmake" --build "$work"
needs plain no
