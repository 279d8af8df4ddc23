#!/bin/sh
# SPDX-License-Identifier: MIT
# Two copies of efd in one process: a program that is linked to libefd.a and exports all its symbols loads a plugin that
# is linked to libefd.so. Each works with its own copy, in C and in C++, and no object gets two owners.
#   two_copies.sh SOURCES WORK INCLUDE_DIRECTORY LIBDIR CC CXX
set -eu
sources="$1" work="$2" include="$3" libdir="$4" cc="$5" cxx="$6"
rm -rf "$work"
mkdir -p "$work"
set -x
# -O0: inline functions of the headers are real ones, which the program exports and the plugin may bind to.
for plugin in plugin.c plugin.cpp; do
    case "$plugin" in
    *.c) compile="$cc -std=c99" ;;
    *) compile="$cxx -std=c++20" ;;
    esac
    $compile -O0 -shared -fPIC -I "$include" "$sources/$plugin" -o "$work/$plugin.so" -L"$libdir" -lefd \
        -Wl,-rpath,"$libdir"
done
$cxx -std=c++20 -O0 -rdynamic -I "$include" "$sources/host.cpp" -o "$work/host" -L"$libdir" -l:libefd.a -ldl -pthread
readelf -d "$work/plugin.c.so" | grep 'NEEDED.*libefd\.so'
"$work/host" "$work/plugin.c.so"
"$work/host" "$work/plugin.cpp.so"
