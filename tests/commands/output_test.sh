#!/bin/bash
# What could not be written is no success: half a report must not pass for a whole one.
set -u
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# cannot_write WHERE CALL...
cannot_write() {
    local where=$1 status
    shift
    if [ "$where" = closed ]; then
        "$FAIRGATE" "$@" >&- 2>"$said"
    else
        "$FAIRGATE" "$@" >"$where" 2>"$said"
    fi
    status=$?
    if [ $status = 2 ] && [ "$(cat "$said")" = "fairgate: the output could not be written whole" ]; then
        echo "ok fairgate $* to $where"
    else
        printf 'not ok fairgate %s to %s\nexit %s\n%s\n' "$*" "$where" "$status" "$(cat "$said")"
    fi
}

for where in /dev/full closed; do
    cannot_write "$where" check policies/starter
    cannot_write "$where" test -o junit policies/starter
    cannot_write "$where" schema
    cannot_write "$where" --help
    cannot_write "$where" eval --help=man
done
