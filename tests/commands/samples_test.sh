#!/bin/bash
# The sets that people fork have nothing to be warned of, at an instant when nothing in them is over; of those that
# are forked whole nothing is over for years.
sound() { # set, instant
    local report
    if report=$("$FAIRGATE" check --strict --time "$2" "$1" 2>&1); then
        echo "ok ${1%/} at $2"
    else
        printf 'not ok %s at %s\n%s\n' "${1%/}" "$2" "$report"
    fi
}

for set in policies/*/ policies/cookbook/*/; do
    [ "$set" = policies/cookbook/ ] || sound "$set" 2026-11-25T00:00:00Z
done
sound policies/starter/ 2036-01-01T00:00:00Z
sound policies/research-cluster/ 2036-01-01T00:00:00Z
