#!/bin/sh
# SPDX-License-Identifier: MIT
# An outer project with CMAKE_UNITY_BUILD does not merge efd's files.
#   unity.sh CMAKE SOURCE WORK CC CXX
set -eu
cmake="$1" source="$2" work="$3" cc="$4" cxx="$5"
rm -rf "$work"
"$cmake" -S "$source" -B "$work" -G Ninja -DCMAKE_UNITY_BUILD=ON -DEFD_BUILD_COMMAND=OFF -DEFD_BUILD_EXAMPLES=OFF \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" >/dev/null
grep -q 'api/efd.cpp' "$work/compile_commands.json"
! grep 'unity_[0-9]' "$work/compile_commands.json"
