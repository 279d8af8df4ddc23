#!/bin/sh
# SPDX-License-Identifier: MIT
# A project around this one that builds in one piece (CMAKE_UNITY_BUILD) leaves efd's files apart.
#   unity.sh CMAKE SOURCE WORK CC CXX
set -eu
cmake="$1" source="$2" work="$3" cc="$4" cxx="$5"
rm -rf "$work"
"$cmake" -S "$source" -B "$work" -G Ninja -DCMAKE_UNITY_BUILD=ON -DEFD_BUILD_COMMAND=OFF -DEFD_BUILD_EXAMPLES=OFF \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" >/dev/null
grep -q 'api/efd.cpp' "$work/compile_commands.json"
! grep 'unity_[0-9]' "$work/compile_commands.json"
