#!/bin/sh
# SPDX-License-Identifier: MIT
# efd inside another project: only the library is built, in the kind that is linked, with a compiler and make alone; only
# the project's own program is installed. BUILD_SHARED_LIBS chooses the kind.
#   subproject.sh CMAKE PROJECT WORK EFD_SOURCE CC CXX
set -eu
cmake="$1" project="$2" work="$3" source="$4" cc="$5" cxx="$6"
rm -rf "$work"
mkdir -p "$work"

# configure NAME OPTION...: without the packages that the library does not need.
configure() {
    name="$1"
    shift
    "$cmake" -S "$project" -B "$work/$name" -G "Unix Makefiles" -DEFD_SOURCE="$source" -DCMAKE_C_COMPILER="$cc" \
        -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_INSTALL_PREFIX="$work/$name-installed" -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON -DCMAKE_DISABLE_FIND_PACKAGE_CLI11=ON \
        -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON \
        -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON "$@" >"$work/$name.log" 2>&1 || {
        cat "$work/$name.log"
        exit 1
    }
}

# is_kind NAME KIND
is_kind() {
    grep -q "^-- efd::efd is efd_$2\$" "$work/$1.log" && return
    grep "efd::efd is" "$work/$1.log" >&2
    echo "$1: that should be efd_$2" >&2
    exit 1
}

# A project whose own sources are compiled several as one does not have that done to efd's.
configure shared "-DLANGUAGES=C;CXX" -DBY=add_subdirectory -DBUILD_SHARED_LIBS=ON -DCMAKE_UNITY_BUILD=ON \
    -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
is_kind shared shared
grep -q 'api/efd.cpp"' "$work/shared/compile_commands.json"
if grep 'unity_[0-9]' "$work/shared/compile_commands.json" | grep -v use_; then exit 1; fi

configure fetched "-DLANGUAGES=C;CXX" -DBY=FetchContent
is_kind fetched static
"$cmake" --build "$work/fetched" -j 2
"$cmake" --install "$work/fetched"
"$work/fetched-installed/bin/use_c"
"$work/fetched-installed/bin/use_cpp"
built="$(find "$work/fetched" -name 'libefd*' -type f | sed 's|.*/||')"
installed="$(cd "$work/fetched-installed" && find . -type f | LC_ALL=C sort | xargs)"
if [ "$built" != libefd.a ] || [ "$installed" != "./bin/use_c ./bin/use_cpp" ]; then
    echo "built: $built (should be libefd.a); installed: $installed (should be bin/use_c and bin/use_cpp)" >&2
    exit 1
fi

# A project in C alone gets advice what to change.
if (configure c_alone -DLANGUAGES=C -DBY=add_subdirectory) >"$work/c_alone.said" 2>&1; then
    echo "a project in C alone was configured; then the sentence for it is out of date" >&2
    exit 1
fi
grep -q "efd is written in C++: say project(efd_subproject LANGUAGES C CXX)" "$work/c_alone.said"
