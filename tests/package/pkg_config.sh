#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds and runs the consumer's programs with what pkg-config says: shared, static, and as a static executable.
#   pkg_config.sh PKG_CONFIG CONSUMER WORK LIBDIR LANGUAGE CC CXX
set -eu
pkg_config="$1" consumer="$2" work="$3" libdir="$4" language="$5" cc="$6" cxx="$7"
export PKG_CONFIG_PATH="$libdir/pkgconfig"
rm -rf "$work"
mkdir -p "$work"
case "$language" in
C) compile="$cc -std=c89 -pedantic -Wall -Wextra -Werror $consumer/use.c" ;;
CXX) compile="$cxx -std=c++20 -pedantic -Wall -Wextra -Werror $consumer/use.cpp" ;;
esac

cflags="$("$pkg_config" --cflags efd)"
shared="$("$pkg_config" --libs efd)"
static="$("$pkg_config" --static --libs efd)"
archive="$(echo "$static" | sed 's/-lefd/-l:libefd.a/')"
set -x
$compile $cflags $shared -pthread -Wl,-rpath,"$libdir" -o "$work/use_shared"
$compile $cflags $archive -o "$work/use_archive"
$compile $cflags $static -static -o "$work/use_static"
"$work/use_shared"
"$work/use_archive"
"$work/use_static"
readelf -d "$work/use_shared" | grep 'NEEDED.*libefd\.so\.0'
! readelf -d "$work/use_archive" | grep 'NEEDED.*libefd'
