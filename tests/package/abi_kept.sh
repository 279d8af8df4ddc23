#!/bin/sh
# SPDX-License-Identifier: MIT
# The library has every function of the last release, and its types too unless the ABI name is a new one (scripts/abi).
# Two wrong dumps of a release must be noticed: one with a function that the library lacks, and one with the present ABI
# name and other types.
#   abi_kept.sh REPOSITORY LIBRARY WORK
set -eu
repository="$1" library="$2" work="$3"
for tool in abidw abidiff xz; do
    command -v "$tool" >/dev/null && continue
    echo "$tool is not installed"
    exit 77
done
rm -rf "$work"
mkdir -p "$work"
EFD_ABI_WORK="$work"
export EFD_ABI_WORK
"$repository/scripts/abi" compare "$library"

# must_fail NAME SED_SCRIPT SENTENCE
must_fail() {
    xz -dc "$repository/packaging/abi/release.abi.xz" | sed "$2" | xz -1 >"$work/$1.xz"
    if EFD_ABI_RELEASE="$work/$1.xz" "$repository/scripts/abi" compare "$work/present.abi" >"$work/$1.said" 2>&1; then
        echo "scripts/abi does not notice: $1" >&2
        exit 1
    fi
    grep -q "$3" "$work/$1.said" || {
        cat "$work/$1.said" >&2
        exit 1
    }
}

abi="$(sed -n "s/.*soname='libefd\.so\.\([0-9.]*\)'.*/\1/p" "$work/present.abi" | head -n 1)"
old="$(sed -n "s/.*soname='libefd\.so\.\([0-9.]*\)'.*/\1/p" "$work/release.abi" | head -n 1)"
must_fail lost_function "s/\<efd_put\>/efd_lost/g" "lacks"
must_fail other_types "s/soname='libefd\.so\.$old'/soname='libefd.so.$abi'/
    s/EFD_$old/EFD_$abi/g; s/v$(echo "$old" | tr . _)/v$(echo "$abi" | tr . _)/g; s/\\(name='fault' value='\\)[0-9]*/\\199/" "new ABI name"
