#!/bin/bash
# Functions have at most 60 lines, files at most 600. Exceptions stand in lengths.exceptions, one a
# line: `FILE FUNCTION LINES`, or `FILE - LINES` for a file. The figure is exact: what became shorter
# must be entered so, and what came within the ceiling must go, so that the list only shrinks.
. "$(dirname "$0")/report.bash"

exceptions=$(sed 's/#.*//' tests/lint/lengths.exceptions)

# Prints `NAME LINES` for the file (-) and for each function that is too long. Functions are known by
# their layout: braces in the first column. A length is that of the body.
too_long() {
    awk '
        /^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
        /^\{$/ { start = NR }
        /^\}$/ { if (start && NR - start + 1 > 60) print name, NR - start + 1; start = 0 }
        END { if (NR > 600) print "-", NR }
    ' "$1"
}

complaints() { # file
    local found name lines allowed

    found=$(too_long "$1")
    while read -r name lines; do
        [ -n "$name" ] || continue
        allowed=$(awk -v file="$1" -v name="$name" '$1 == file && $2 == name {print $3}' <<<"$exceptions")
        [ "$lines" = "$allowed" ] || echo "$1: ${name/#-/the file} has $lines lines${allowed:+, not $allowed as in lengths.exceptions}"
    done <<<"$found"
    while read -r _ name lines; do
        grep -q -- "^$name " <<<"$found" || echo "$1: ${name/#-/the file} is no exception any more, remove its line"
    done < <(awk -v file="$1" '$1 == file' <<<"$exceptions")
}

for file in $(c_files); do
    report "$file: lengths" "$(complaints "$file")"
done
while read -r file _; do
    [ -z "$file" ] || [ -e "$file" ] || report "lengths.exceptions" "$file isn't there"
done <<<"$exceptions"
