#!/bin/sh
# SPDX-License-Identifier: MIT
# libefd.so needs libc and libstdc++ and what these bring, nothing else.
#   needed.sh READELF LIBRARY
set -eu
readelf="$1" library="$2"
needed="$("$readelf" -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')"
echo "needed:" $needed
case "$needed" in *libc.so.6*) ;; *)
    echo "not even libc: was this a library?" >&2
    exit 1
    ;;
esac
for name in $needed; do
    case "$name" in
    libc.so.6 | libstdc++.so.6 | libgcc_s.so.1 | libm.so.6 | ld-linux*.so.*) ;;
    *)
        echo "libefd.so needs $name, which is not of libc or libstdc++" >&2
        exit 1
        ;;
    esac
done
