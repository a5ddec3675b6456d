#!/bin/bash
# Serves the sample policy set until Ctrl-C, and says how to ask it.
# shellcheck disable=SC2154 # what server.bash sets
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/demo/server.bash

# line PATH REVIEW WHAT: a command to paste.
line() {
    printf "\ncurl -s --cacert %s -H 'Content-Type: application/json' --data-binary @%s https://%s%s | %s\n" \
        "$work/certs/ca.crt" "$PWD/$2" "$address" "$1" "$3"
}

start
echo "fairgate serves policies/research-cluster at https://$address, in the cluster of $state. Ctrl-C ends it. Try:"
line /validate tests/reviews/0016-validate-CREATE-pods-research-train-0.json \
    'jq -r .response.status.message'
line /mutate tests/reviews/0040-mutate-CREATE-pods-serving-.json \
    "jq '.response.patch | @base64d | fromjson'"
wait "$server"
