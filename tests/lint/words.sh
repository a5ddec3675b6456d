#!/bin/bash
# No TODO without the number of its issue, no space at a line's end, no tab in C, a newline at the end.
. "$(dirname "$0")/report.bash"

complaints() { # file
    grep -nE '\b(TODO|FIXME|XXX)\b' "$1" | grep -vE 'TODO\(#[0-9]+\)' | sed 's/$/   <- as TODO(#12): .../'
    grep -nE '[[:space:]]$' "$1" | sed 's/$/   <- space at the end/'
    [[ $1 != *.[ch] ]] || grep -nP '\t' "$1" | sed 's/$/   <- a tab/'
    [ -z "$(tail -c1 "$1")" ] || echo "$1: no newline at the end"
}

others() {
    find tests certs .ci -name '*.sh' -o -name '*.py' -o -name '*.bash' -o -name run
    find docs README.md CHANGELOG.md Makefile -type f 2>/dev/null
}

for file in $(c_files; others | sort); do
    [ "$file" = tests/lint/words.sh ] || report "$file: words" "$(complaints "$file")"
done
