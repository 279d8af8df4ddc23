#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the build, stripped as users have it, into an empty prefix and moves the result, so that nothing can lean on the place it was built for.
#   install.sh CMAKE BUILD_DIRECTORY PREFIX
set -eu
cmake="$1" build="$2" prefix="$3"
rm -rf "$prefix" "$prefix.fresh"
umask 077 # of a careful root: what is installed is for everybody all the same
"$cmake" --install "$build" --prefix "$prefix.fresh" --strip
mv "$prefix.fresh" "$prefix"
if grep -rn "$prefix.fresh" "$prefix" --include='*.pc' --include='*.cmake'; then
    echo "the lines above name the prefix that was given to --install; the tree cannot be moved" >&2
    exit 1
fi
if find "$prefix" ! -perm -o=r -o -type d ! -perm -o=x | grep .; then
    echo "the lines above are not for everybody to read" >&2
    exit 1
fi
