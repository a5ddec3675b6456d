#!/bin/bash
# What `make install` brings: the program, a manual page for each command that roff finds nothing
# wrong with, and the completions.
set -u
cd "$(dirname "$0")/../.." || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

report() {
    if [ -z "$2" ]; then echo "ok $1"; else printf 'not ok %s\n%s\n' "$1" "$2"; fi
}

make --no-print-directory install-files PROGRAM="$FAIRGATE" DESTDIR="$scratch" PREFIX=/usr/local >"$scratch/log" 2>&1 ||
    cat "$scratch/log"

# Where each is looked for.
for file in bin/fairgate share/man/man1/fairgate.1 share/bash-completion/completions/fairgate share/zsh/site-functions/_fairgate; do
    report "installs $file" "$([ -s "$scratch/usr/local/$file" ] || echo "it isn't there")"
done
report "the program is executable" "$("$scratch/usr/local/bin/fairgate" version >/dev/null 2>&1 || echo "it isn't")"
report "bash reads its completion" "$(bash -n "$scratch/usr/local/share/bash-completion/completions/fairgate" 2>&1)"
report "zsh reads its completion" "$(zsh -n "$scratch/usr/local/share/zsh/site-functions/_fairgate" 2>&1)"

names() { "$FAIRGATE" "$@" --help | sed -n 's/^  \([a-z]\+\) .*/\1/p'; }
commands="$(names) $(names certs | sed 's/^/certs-/')"
for page in fairgate $(printf 'fairgate-%s ' $commands); do
    file=$scratch/usr/local/share/man/man1/$page.1
    report "$page.1 without a warning of roff" "$(groff -ww -man -Tutf8 -z "$file" 2>&1)"
done

# The page says what --help says.
for command in $commands; do
    page=$(groff -man -Tascii -P-c -rLL=500n -rHY=0 "$scratch/usr/local/share/man/man1/fairgate-$command.1" 2>&1 | sed 's/.\x08//g')
    lost=$("$FAIRGATE" ${command/-/ } --help | sed -n 's/^  \(-[a-z], \)\?\(--[a-z-]\+\).*/\2/p' | while read -r option; do
        grep -qe "$option" <<<"$page" || echo "$option"
    done)
    report "fairgate-$command.1 has every option" "$lost"
done
