#!/bin/bash
# Functions have at most 60 lines, files at most 600.
. "$(dirname "$0")/report.bash"

# A line for the file and for each function that is too long. Functions are known by their layout:
# braces in the first column. A length is that of the body.
complaints() { # file
    awk '
        /^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
        /^\{$/ { start = NR }
        /^\}$/ { if (start && NR - start + 1 > 60) print FILENAME ": " name " has " NR - start + 1 " lines"; start = 0 }
        END { if (NR > 600) print FILENAME ": the file has " NR " lines" }
    ' "$1"
}

for file in $(c_files); do
    report "$file: lengths" "$(complaints "$file")"
done
