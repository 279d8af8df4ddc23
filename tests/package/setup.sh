#!/bin/sh
# SPDX-License-Identifier: MIT
# What scripts/setup says before it installs, with a dpkg-query and an apt-get that only play: silent where nothing is
# missing; with SETUP=no the line to run and nothing done; otherwise how many packages and how large, then apt-get.
#   setup.sh REPOSITORY WORK
set -eu
setup="$1/scripts/setup" work="$2"
rm -rf "$work"
mkdir -p "$work/bin"
PATH="$work/bin:$PATH"
export PATH

fail() {
    echo "$1; setup said:" >&2
    cat "$work/said" >&2
    exit 1
}

# plays NAME: the program that standard input is.
plays() {
    cat >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

says() { grep -qF -- "$1" "$work/said" || fail "it should say: $1"; }

plays dpkg-query <<'PLAY'
#!/bin/sh
echo "install ok installed"
PLAY
plays apt-get <<PLAY
#!/bin/sh
echo "\$@" >>"$work/asked"
case "\$*" in
*--assume-no*)
    [ -e "$work/lists" ] || exit 100
    echo "1 upgraded, 76 newly installed, 0 to remove and 5 not upgraded."
    echo "Need to get 10.5 MB/92.3 MB of archives."
    echo "After this operation, 1,048.6 kB of additional disk space will be used."
    exit 1
    ;;
*update*) touch "$work/lists" ;;
esac
PLAY
plays sudo <<'PLAY'
#!/bin/sh
[ "$1" = -v ] || exec "$@"
PLAY

"$setup" test >"$work/said" 2>&1
[ ! -s "$work/said" ] || fail "nothing is missing"

plays dpkg-query <<'PLAY'
#!/bin/sh
for package; do :; done
[ "$package" = cmake ] && exit 1
echo "install ok installed"
PLAY
SETUP=no "$setup" build >"$work/said" 2>&1
says "as root: apt-get install --no-install-recommends cmake"
[ ! -e "$work/asked" ] || fail "SETUP=no asked apt-get for something"

"$setup" build >"$work/said" 2>&1
says "setup: missing: cmake"
says "setup: with those that these need 77 packages, 10 MiB to download, 1 MiB on disk"
grep -v -- --assume-no "$work/asked" >"$work/done"
[ "$(wc -l <"$work/done")" = 2 ] || fail "apt-get was asked for: $(cat "$work/done")"
sed -n 1p "$work/done" | grep -q ' update$' || fail "no lists were fetched"
sed -n 2p "$work/done" | grep -q ' install -y --no-install-recommends cmake$' || fail "cmake was not installed"
