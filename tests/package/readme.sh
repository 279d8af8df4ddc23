#!/bin/sh
# The first C++ program and the first C program of README.md compile as they stand and run.
#   readme.sh README WORK INCLUDE_DIRECTORY LIBDIR CC CXX
set -eu
readme="$1" work="$2" include="$3" libdir="$4" cc="$5" cxx="$6"
rm -rf "$work"
mkdir -p "$work"

# first_block LANGUAGE: what stands between the first ```LANGUAGE and its end.
first_block() {
    awk -v open="\`\`\`$1" '$0 == open { inside = 1; next } inside && /^```/ { exit } inside' "$readme"
}
first_block cpp >"$work/program.cpp"
first_block c >"$work/program.c"
[ -s "$work/program.cpp" ] && [ -s "$work/program.c" ] || {
    echo "README.md has no \`\`\`cpp or no \`\`\`c block" >&2
    exit 1
}
set -x
cd "$work"
"$cxx" -std=c++20 -Wall -Wextra -Werror program.cpp -I "$include" -L "$libdir" -lefd -pthread -Wl,-rpath,"$libdir" -o cpp
"$cc" -Wall -Wextra -Werror program.c -I "$include" -L "$libdir" -lefd -pthread -Wl,-rpath,"$libdir" -o c
timeout 60 ./cpp
timeout 60 ./c
