#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that is built with -fsanitize=thread, against the installed library, which is not: what efd orders is not
# called a race, and what it does not is.
#   thread_sanitizer.sh SOURCE WORK INCLUDE_DIRECTORY LIBDIR COMPILER...
set -eu
source="$1" work="$2" include="$3" libdir="$4"
shift 4
rm -rf "$work"
mkdir -p "$work"
export TSAN_OPTIONS="halt_on_error=0:exitcode=66"
for race in "" -DRACE; do
    for library in -lefd "-l:libefd.a -lstdc++"; do
        "$@" -O1 -g -fsanitize=thread $race -I "$include" "$source" -o "$work/program" -L"$libdir" $library \
            -Wl,-rpath,"$libdir" -pthread
        status=0
        "$work/program" >"$work/said" 2>&1 || status=$?
        if grep -q 'unexpected memory mapping' "$work/said"; then
            echo "ThreadSanitizer does not run here"
            exit 77
        fi
        case "$race$status" in
        0 | -DRACE66) ;;
        *)
            cat "$work/said"
            echo "status $status with $library $race" >&2
            exit 1
            ;;
        esac
    done
done
