#!/bin/sh
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

for kind in static shared plain; do
    "$work/use_$kind"
    needs=no
    if readelf -d "$work/use_$kind" | grep -q 'NEEDED.*libefd\.so'; then needs=yes; fi
    case "$kind$needs" in
    staticno | sharedyes | plainyes) ;;
    *)
        echo "use_$kind: needs libefd.so: $needs" >&2
        exit 1
        ;;
    esac
done
