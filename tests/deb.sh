#!/usr/bin/env bash
# Installs a Debian package, runs what is in it, and removes it. Needs root, man-db, zsh, fish and
# bash-completion, and a machine that has no ctstats installed.
#
#     tests/deb.sh target/debian/ctstats_0.1.0-1_amd64.deb
set -euo pipefail
deb=$(realpath "$1")
cd "$(dirname "$0")/.."

fail() { echo "tests/deb.sh: $*" >&2; exit 1; }

if dpkg -s ctstats >/dev/null 2>&1; then
    fail "a package ctstats is installed already"
fi
# Images for containers tell dpkg to leave out what people read.
dpkg --path-include='/usr/share/man/*' --path-include='/usr/share/doc/*' -i "$deb" >/dev/null
trap 'dpkg --purge ctstats >/dev/null' EXIT

dpkg --verify ctstats | grep . && fail "files are not as the package has them"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
[ "$(/usr/bin/ctstats --version)" = "ctstats $version" ] || fail "another version than $version"
/usr/bin/ctstats leaks fixtures/leaky_shop.dump --class Cart | grep -q "shop.Cart: leak likely" || fail "no verdict"

dpkg -L ctstats | grep '/man1/' | grep -v '\.gz$' | grep -v 'man1$' && fail "a page is not compressed"
for command in "" $(/usr/bin/ctstats --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\+\).*/-\1/p'); do
    man -w "ctstats$command" >/dev/null || fail "no page ctstats$command"
done
man ctstats-leaks | grep -q -- --min-growth || fail "the page of leaks is not that of leaks"
grep -q "MIT License" /usr/share/doc/ctstats/copyright || fail "no licence"

home=$(mktemp -d)
trap 'rm -rf "$home"; dpkg --purge ctstats >/dev/null' EXIT
# Each shell finds its script by itself.
bash -c 'source /usr/share/bash-completion/bash_completion; _completion_loader ctstats; complete -p ctstats' |
    grep -q _ctstats_or_dump || fail "bash does not find its script"
HOME=$home fish -c 'complete -C "ctstats lea"' | grep -q '^leaks' || fail "fish does not find its script"
zsh -fc 'autoload -U compinit; compinit -u -D; [[ $_comps[ctstats] = _ctstats ]]' || fail "zsh does not find its script"

trap 'rm -rf "$home"' EXIT
files=$(dpkg -L ctstats)
dpkg --purge ctstats >/dev/null
for file in $files; do
    [ -d "$file" ] || [ ! -e "$file" ] || fail "$file is left"
done
echo "tests/deb.sh: $(basename "$deb") installed, run, removed: $(stat -c %s "$deb") bytes, $(echo "$files" | wc -l) paths"
