# The reference in the manual, from the program's tables: what stands before the marker is written by hand.
# shellcheck shell=bash

# reference PROGRAM: docs/reference.md as it should be
reference() {
    sed '/^<!-- from here on/q' docs/reference.md
    echo
    "$1" explain -o markdown | sed '$ { /^$/ d }'
}
